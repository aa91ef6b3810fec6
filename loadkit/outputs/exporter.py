"""What an exporter is: it tells another system how a run goes, each second, in a thread of its own (see isolated.py).

Exporter       the plugin: its options, and how a receiver is made of them
Receiver       one place that is told; where it is slow or gone, nobody but its thread notices
ExportedRun    what is told once, when load begins
Second         what is told of a second: a snapshot, which nobody changes any more
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from loadkit.metrics.snapshot import Snapshot
from loadkit.metrics.span import Span
from loadkit.slo.spending import RunBudget
from loadkit.slo.standing import Standing
from loadkit.units import NS_PER_S

Options = Mapping[str, Any]


class OptionFault(ValueError):
    """An option of an exporter that means nothing; `key` is its name in the file."""

    def __init__(self, key: str, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.key = key
        self.hint = hint


class RefusedError(Exception):
    """The receiver answered, and does not want what it was given; asking again is no use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedPhase:
    """A phase by its name, and when it begins and ends, in ns since the run's start."""

    name: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which figures are told of: those whose names begin with one of `only`, all where there is none, but none of `excluded`."""

    only: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def takes(self, *names: str) -> bool:
        """Say whether a figure that has these names is told of."""
        if self.excluded and any(name.startswith(self.excluded) for name in names):
            return False
        return not self.only or any(name.startswith(self.only) for name in names)


ALL = Chosen()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedRun:
    """What is told of a run when load begins. Texts are masked; `started_at` is Unix time in seconds.

    `labels` belong to every value: the test's name, the run's id, and the `tags` of the exporter's options. `limits_ns` are the
    times that thresholds and objectives compare with, rising.
    """

    run: str
    test: str
    target: str
    started_at: float
    labels: Mapping[str, str]
    tags: Mapping[str, str] = field(default_factory=dict)
    phases: tuple[ExportedPhase, ...] = ()
    limits_ns: tuple[int, ...] = ()
    workers: int = 1
    chosen: Chosen = ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """One second of a run. `ended_at` is Unix time in seconds."""

    snapshot: Snapshot
    ended_at: float
    draining: bool = False
    budgets: tuple[RunBudget, ...] = ()
    standings: tuple[Standing, ...] = ()
    spans: tuple[Span, ...] = ()

    @property
    def seconds(self) -> float:
        """Return how long it was: the last part of a run is shorter."""
        return (self.snapshot.end_ns - self.snapshot.start_ns) / NS_PER_S


class Receiver(Protocol):
    """One place that is told. Making it does nothing; all but `check` and `waiting` is called in the exporter's thread.

    Nothing here may wait for longer than PATIENCE_S at a time.
    """

    to: str
    """The place, as people are told of it; without secrets."""
    every_s: float
    """How long seconds are collected before they are passed on together; 0 for at once."""

    def check(self) -> None:
        """Make ready, before any load. Raises PreflightError for what is surely wrong, such as a port that is taken."""

    def start(self, run: ExportedRun) -> None:
        """Note which run begins; nothing is sent yet."""

    def take(self, seconds: Sequence[Second]) -> None:
        """Pass seconds on, in order. Raises OSError when they may be tried again, and RefusedError when that is no use.

        What is tried again begins with the same seconds.
        """

    def end(self) -> None:
        """Say that nothing more comes. Raises as `take` does."""

    def waiting(self) -> bool:
        """Say whether somebody is expected to come for what was told last; for receivers that are asked."""

    def close(self) -> None:
        """Let go of everything. May be called twice, and without `start`."""


PATIENCE_S = 5.0
"""How long a receiver is waited for at a time."""


def _names(title: str, description: str, example: str) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {
            "type": "string",
            "minLength": 1,
            "title": "Name",
            "description": "How names begin.",
            "examples": [example],
        },
        "title": title,
        "description": f"{description}, be they those below or the report's, such as `http.codes`.",
        "examples": [[example]],
    }


COMMON: Mapping[str, Any] = {
    "tags": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "title": "Tags",
        "description": "Labels that every value gets, beside `test` and `run`; a tag that is called so takes its place.",
        "examples": [{"team": "checkout"}],
    },
    "includeOnly": _names(
        "Include only", "Tell only of figures whose names begin with one of these", "loadkit_request"
    ),
    "excluded": _names("Excluded", "Tell of no figure whose name begins with one of these", "loadkit_generator"),
}
"""The options that all exporters have."""


class Held(NamedTuple):
    """What an output has for itself: a file or a port, what two that want it both do, and what to do about it.

    `stays`: a later run that has it for itself takes it from this one.
    """

    what: str
    text: str
    remedy: str
    stays: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """A kind of exporter; a plugin of kind "exporter". What `holds` returns of options only one of a run's outputs can have.

    `schema` has its options by name in JSON Schema, `required` names those that must be there. `argument` is the option that the
    ARGUMENT of `--out KIND:ARGUMENT` is, and `metavar` how it looks. `make` raises OptionFault and opens nothing.
    """

    kind: str
    description: str
    argument: str
    metavar: str
    schema: Mapping[str, Any]
    make: Callable[[Options], Receiver]
    required: tuple[str, ...] = ()
    holds: Callable[[Options], Held | None] = lambda options: None

    @property
    def options(self) -> dict[str, Any]:
        """Return the schema of an item of `config.outputs` written at length."""
        kind = {"const": self.kind, "title": "Type", "description": f"`{self.kind}`.", "examples": [self.kind]}
        return {
            "type": "object",
            "title": self.kind,
            "description": self.description,
            "properties": {"type": kind, **self.schema, **COMMON},
            "patternProperties": {"^x-": True},
            "required": ["type", *self.required],
            "additionalProperties": False,
        }
