"""`.loadkit.yaml`: the limits that a project sets to all its runs.

file        = { "allow_hosts": [ entry, ... ], "max_rate": rate }       entry: see hosts.py

It is looked for in a directory and those above it, up to the root of a repository or the home directory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadkit.errors import Diagnostic, ScenarioError
from loadkit.flow.step import closest_hint
from loadkit.hosts import AllowList
from loadkit.scenario.source import Document, Where, read_document
from loadkit.units import parse_rate_per_s

NAME = ".loadkit.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a project file says; `file` is its path as it is shown."""

    file: str = ""
    allow_hosts: tuple[str, ...] = ()
    max_rate: float | None = None


def find_project(directory: Path, home: Path) -> Path | None:
    """Return the project file that holds for a directory."""
    for place in (directory, *directory.parents):
        if (place / NAME).is_file():
            return place / NAME
        if place == home or (place / ".git").exists():
            break
    return None


def read_project(path: Path) -> Project:
    """Read a project file. Raises ScenarioError with every fault of it."""
    document = read_document(path)
    found: list[Diagnostic] = []

    def report(code: str, where: Where, message: str, hint: str = "", *, key: bool = False) -> None:
        at, length = document.at(where, key=key), document.width(where, key=key)
        found.append(Diagnostic(code=code, message=message, at=at, hint=hint, length=length))

    for key in document.data:
        if key not in _KEYS:
            hint = closest_hint(key, _KEYS) or f"there are: {', '.join(_KEYS)}"
            report("LK101", (key,), f'unknown key "{key}" in a project file', hint, key=True)
    hosts = _read_hosts(document, report)
    max_rate = _read_rate(document, report)
    if found:
        raise ScenarioError(found, document.sources)
    return Project(file=str(path), allow_hosts=hosts, max_rate=max_rate)


_KEYS = ("allow_hosts", "max_rate")
Report = Callable[..., None]


def _read_hosts(document: Document, report: Report) -> tuple[str, ...]:
    value: Any = document.data.get("allow_hosts")
    if "allow_hosts" not in document.data:
        return ()
    if not isinstance(value, list) or not value or not all(isinstance(entry, str) for entry in value):
        text = '"allow_hosts" must be a list of hosts, with one at least'
        report("LK102", ("allow_hosts",), text, "write allow_hosts: [shop.example, 10.0.0.0/8]")
        return ()
    for index, entry in enumerate(value):
        try:
            AllowList([entry])
        except ValueError as error:
            report("LK104", ("allow_hosts", index), str(error))
    return tuple(value)


def _read_rate(document: Document, report: Report) -> float | None:
    if "max_rate" not in document.data:
        return None
    try:
        return positive_rate(document.data["max_rate"])
    except ValueError as error:
        report("LK104", ("max_rate",), str(error))
        return None


def positive_rate(value: object) -> float:
    """Return requests per second. Raises ValueError for what is none, or not above zero."""
    try:
        rate = float(parse_rate_per_s(value))
    except (TypeError, ValueError, OverflowError):
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise ValueError(f"{value!r} is not a rate above zero; write a number of requests per second, such as 200")
    return rate
