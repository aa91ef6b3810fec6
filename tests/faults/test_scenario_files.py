"""Scenario files that mean harm: each is refused within a second, with its place, without much memory."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.case import MB, Case, run_case

_HEAD = 'config:\n  target: "http://127.0.0.1:9"\nscenarios:\n  - flow:\n      - get: "/"\n'


def laughs() -> str:
    lines = ["x-a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"x-a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return _HEAD + "\n".join(lines) + "\n"


def merges() -> str:
    lines = ["x-m0: &m0 {k: v}"]
    lines += [f"x-m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}], k{n}: v}}" for n in range(1, 10)]
    return _HEAD + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (laughs, "case.yaml:10:", "error LK008: the file holds more than 10000 values"),
        (merges, "case.yaml:", "error LK008: the file holds more than 10000 values"),
        (lambda: _HEAD + "x-big: " + "x" * 100_000_000, "case.yaml:1:1:", "error LK008: the file is larger than 1 MB"),
        (lambda: _HEAD + "x-deep: " + "[" * 1000 + "]" * 1000, "case.yaml:6:", "error LK008: values are nested more than 64 deep"),
        (lambda: _HEAD + "x-deep: " + "[" * 400_000, "case.yaml:6:", "error LK008: values are nested more than 64 deep"),
        (lambda: _HEAD + "x-many: [" + "1," * 400_000 + "1]", "case.yaml:6:", "error LK008: the file holds more than 10000 values"),
        (lambda: _HEAD + "x-self: &self [*self]", "case.yaml:6:16:", "error LK002: the alias"),
        (lambda: _HEAD + 'x-run: !!python/object/apply:os.system ["touch pwned"]', "case.yaml:6:8:", "error LK007: the tag"),
        (lambda: _HEAD + "x-name: !!python/name:os.system", "case.yaml:6:9:", "error LK007: the tag"),
        (lambda: _HEAD + "x-twice: {a: 1, a: 2}", "case.yaml:6:17:", 'error LK005: the key "a" stands twice'),
    ],
    ids=["aliases", "merges", "100 MB", "1,000 deep", "400,000 deep", "400,000 values", "itself", "apply", "name", "twice"],
)  # fmt: skip
def test_a_hostile_file_is_refused_at_once(
    good: Case, tmp_path: Path, text: Callable[[], str], place: str, said: str
) -> None:
    case = run_case(tmp_path, text())
    assert (case.code, "Traceback" in case.err) == (2, False)
    assert place in case.err
    assert said in case.err
    assert len(case.err) < 20_000
    assert case.coordinator.cpu_s < 1 + 2  # and the start of Python with its libraries
    assert case.coordinator.peak_rss - good.coordinator.peak_rss < 100 * MB
    assert not (tmp_path / "pwned").exists()
    assert not case.left
