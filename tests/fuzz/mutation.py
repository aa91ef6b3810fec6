"""Mutations of a corpus by seeded random numbers, and the loop that feeds them to a check, watches the time and shrinks what fails.

LOADKIT_FUZZ_INPUTS says how many inputs each test makes (10,000), LOADKIT_FUZZ_SEED which ones ("0", always the same).
Input n of a test depends on seed, test and n alone, so a failure can be had again by itself.
"""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from types import FrameType
from typing import AnyStr, TypeVar

import pytest

INPUTS = int(os.environ.get("LOADKIT_FUZZ_INPUTS", "10000"))
SEED = os.environ.get("LOADKIT_FUZZ_SEED", "0")
SHARDS = 10
LONGEST_S = 20.0  # for one input that takes milliseconds: no timing assertion, but an end for what hangs
MOST_TRIES = 2000

Input = TypeVar("Input")

in_shards = pytest.mark.parametrize("shard", range(SHARDS))
"""Splits a test's inputs, so that processes of pytest-xdist share them."""


def fuzz(name: str, shard: int, make: Callable[[Random], Input], check: Callable[[Input], None]) -> None:
    """Give `check` every input of a shard; it fails by raising anything at all. What is to be random in it comes from its input."""
    for number in range(shard, INPUTS, SHARDS):
        made = make(Random(f"{SEED}:{name}:{number}"))
        try:
            with at_most(LONGEST_S):
                check(made)
        except Exception as error:
            smallest = _shrunk(made, check, type(error)) if isinstance(made, str | bytes) else made
            with at_most(LONGEST_S):
                check(smallest)  # raises anew: the traceback is that of the smallest input
            raise AssertionError(f"seed {SEED}, input {number} of {name}: {smallest!r}") from error


class Hangs(Exception):
    """A check took longer than anything could need."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise Hangs inside the block when it takes longer."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise Hangs(f"longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def mutated(random: Random, corpus: Sequence[AnyStr], tokens: Sequence[AnyStr], *, most: int = 4) -> AnyStr:
    """Return one of the corpus after one to `most` changes: parts removed, doubled, moved, replaced, grafted from another."""
    data = random.choice(corpus)
    for _ in range(random.randint(1, most)):
        data = _changed(random, data, corpus, tokens)
    return data


def _changed(random: Random, data: AnyStr, corpus: Sequence[AnyStr], tokens: Sequence[AnyStr]) -> AnyStr:
    start = random.randint(0, len(data))
    end = min(len(data), start + int(random.paretovariate(0.7)))
    kind = random.randrange(8)
    if kind == 0:
        return data[:start] + data[end:]
    if kind == 1:
        return data[:start]
    if kind == 2:
        return data[:end] + data[start:end] * random.choice((1, 1, 2, 20)) + data[end:]
    if kind == 3:
        other = random.choice(corpus)
        return data[:start] + other[random.randint(0, len(other)) :]
    if kind == 4:
        to = random.randint(0, len(data))
        rest = data[:start] + data[end:]
        return rest[:to] + data[start:end] + rest[to:]
    if kind == 5:
        return data[:start] + _character(random, data) + data[start + 1 :]
    token = random.choice(tokens)
    return data[:start] + token + data[start if kind == 6 else end :]


def _character(random: Random, like: AnyStr) -> AnyStr:
    if isinstance(like, bytes):
        return bytes([random.randrange(256)])
    return chr(random.choice((random.randrange(32, 127), random.randrange(256), random.randrange(0xD800))))


def _shrunk(data: Input, check: Callable[[Input], None], kind: type[Exception]) -> Input:
    """Return a shorter input that fails in the same way, by leaving out ever smaller parts."""
    tries, size = 0, max(1, len(data) // 2)  # type: ignore[arg-type]
    while size and tries < MOST_TRIES:
        at = 0
        while at < len(data) and tries < MOST_TRIES:  # type: ignore[arg-type]
            shorter = data[:at] + data[at + size :]  # type: ignore[index]
            tries += 1
            if _fails(check, shorter, kind):
                data = shorter
            else:
                at += size
        size //= 2
    return data


def _fails(check: Callable[[Input], None], data: Input, kind: type[Exception]) -> bool:
    try:
        with at_most(LONGEST_S):
            check(data)
    except Exception as error:
        return type(error) is kind
    return False
