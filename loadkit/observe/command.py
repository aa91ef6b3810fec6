"""A command that prints numbers: run once a second, without a shell.

a single number               12.5                       the series `value`
lines of a name and a number  queue 12 | queue: 12 | queue=12
an object of JSON             {"queue": 12, "workers": 4}
"""

from __future__ import annotations

import json
import math
import re
import shlex
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

from loadkit.observe.declared import DEFAULT, SERIES_KEY, declared_series, series_faults, wanted
from loadkit.redact import mask_text
from loadkit.slo.observed import Note, OptionFault, Options, Place, SamplerPlugin, Unavailable

TIMEOUT_S = 5.0
_MOST_TEXT = 1_000_000
_LINE = re.compile(r"\s*(?P<name>[A-Za-z_:][\w:.-]*?)\s*(?:[=:]\s*|\s)(?P<number>[-+\d.][\d.eE+-]*)\s*")


class CommandSampler:
    """Runs a command and reads what it prints."""

    def __init__(self, options: Options, place: Place, note: Note) -> None:
        self._words = shlex.split(str(options["run"]))
        self._wanted = wanted(options)
        self._note = note
        self._missing: set[str] = set()
        self._before: dict[str, float] = {}
        self._at_s = 0.0
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def sample(self) -> Mapping[str, float]:
        """Return the numbers that the command prints. Raises Unavailable where it fails or takes too long."""
        printed = read_numbers(self._run())
        now_s, seen = monotonic(), dict[str, float]()
        now = {one.series.name: printed[one.metric] for one in self._wanted if one.metric in printed}
        for one in self._wanted:
            name = one.series.name
            if name not in now:
                self._note_missing(one.metric, printed)
            elif not one.rate:
                seen[name] = one.scaled(now[name])
            elif name in self._before and now_s > self._at_s:
                seen[name] = one.scaled(max(0.0, now[name] - self._before[name]) / (now_s - self._at_s))
        self._before, self._at_s = now, now_s
        return seen

    def interrupt(self) -> None:
        """End the command where it still runs."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()

    def close(self) -> None:
        """Do nothing: no command outlives its sample."""

    def _run(self) -> str:
        try:
            with self._lock:
                if self._closed:
                    raise Unavailable("it is not observed any more")
                self._process = process = subprocess.Popen(
                    self._words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
                )
        except OSError as error:
            raise Unavailable(f"`{self._words[0]}` cannot be run: {error.strerror or error}") from None
        try:
            out, err = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Unavailable(f"`{self._words[0]}` took more than {TIMEOUT_S:.0f} s") from None
        finally:
            with self._lock:
                self._process = None
        if process.returncode:
            said = mask_text(err[:_MOST_TEXT].decode(errors="replace").strip().partition("\n")[0])
            raise Unavailable(f"`{self._words[0]}` ended with {process.returncode}{f': {said}' if said else ''}")
        return out[:_MOST_TEXT].decode(errors="replace")

    def _note_missing(self, name: str, printed: Mapping[str, float]) -> None:
        if name not in self._missing:
            self._missing.add(name)
            others = f"; it prints {', '.join(sorted(printed)[:8])}" if printed else ""
            self._note(f"`{self._words[0]}` prints no number named {name}{others}")


def read_numbers(text: str) -> dict[str, float]:
    """Return the numbers of a text by name. Raises Unavailable where there is none."""
    found: dict[str, float] = {}
    with suppress(ValueError, RecursionError):
        data = json.loads(text)
        items = data.items() if isinstance(data, dict) else [(DEFAULT, data)]
        found = {str(key): float(value) for key, value in items if isinstance(value, int | float)}
    if not found:
        for line in text.splitlines():
            match = _LINE.fullmatch(line)
            with suppress(ValueError):
                if match:
                    found[match["name"]] = float(match["number"])
    kept = {name: value for name, value in found.items() if math.isfinite(value)}
    if not kept:
        raise Unavailable("what it prints is neither a number, nor lines of a name and a number, nor an object of JSON")
    return kept


def _faults(options: Options) -> Iterator[OptionFault]:
    try:
        words = shlex.split(str(options["run"]))
    except ValueError as error:
        yield OptionFault("run", f"it cannot be split into words: {error}", "close the quotes")
        return
    if not words:
        yield OptionFault("run", "there is no command")
    elif any(word in ("|", "&&", "||", ";", ">", "<") for word in words):
        yield OptionFault(
            "run", "there is no shell that would understand | ; && and >", "put it into a script, or run: sh -c '...'"
        )
    yield from series_faults(options)


_KEYS: dict[str, Any] = {
    "run": {
        "type": "string",
        "minLength": 1,
        "title": "Command",
        "description": "A command that prints numbers: one, lines of a name and a number, or an object of JSON. It is run once a "
        "second, without a shell, and may take five seconds.",
        "examples": ["./queue-length.sh"],
    },
    "series": SERIES_KEY,
}

SAMPLERS = {
    "command": SamplerPlugin(claims=("run",), keys=_KEYS, series=declared_series, open=CommandSampler, faults=_faults)
}
