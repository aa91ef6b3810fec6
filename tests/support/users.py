"""Stand-ins for what compiled templates, captures and checks are given: a user, a build, a response."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from loadkit.errors import Position
from loadkit.flow.response import Response
from loadkit.flow.step import Build, Where
from loadkit.metrics.recorder import Recorder
from loadkit.template.functions import FUNCTIONS


def user(*, seed: int = 1, number: int = 0, **variables: Any) -> Any:
    numbers = count()
    return SimpleNamespace(
        variables=variables, random=random.Random(seed), number=number, next_number=lambda: next(numbers)
    )


class PathPositions:
    """Puts the path of a value where its file would stand, so that tests can read it."""

    def at(self, where: Where, *, key: bool = False) -> Position:
        return Position(".".join(map(str, where)) + (" key" if key else ""), 1, 1)

    def width(self, where: Where, *, key: bool = False) -> int:
        return 1

    def inside(self, where: Where, text: str, offset: int) -> None:
        return None


def build(defined: Iterable[str] = (), config: Mapping[str, Any] | None = None) -> Build:
    made = Build(PathPositions(), config or {}, base=Path(), actions={}, functions=FUNCTIONS, book=Recorder())
    made.defined.update(defined)
    return made


def faults(made: Build) -> list[tuple[str, str]]:
    """Return (code, path) of every diagnostic."""
    return [(one.code, one.at.file) for one in made.diagnostics]


def response(body: str | bytes = b"", *, status: int = 200, **headers: str) -> Response:
    data = body.encode() if isinstance(body, str) else body
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Response(status, lambda: raw, data)
