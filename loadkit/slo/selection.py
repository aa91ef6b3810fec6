"""Which part of a run a threshold is about: `of "GET /" in phase "peak"`.

scope = "global" | part { part }            white space between them is free; each part at most once, in any order
part  = "each"                              every request by itself; every scenario, for vusers.*
      | "of" label                          one request; one scenario, for vusers.*
      | [ "in" ] "phase" label              what was due in one phase
      | [ "in" ] "scenario" label           what one scenario did
label = '"' text '"' | "'" text "'" | word
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from loadkit.metrics.snapshot import Snapshot
from loadkit.slo.metric import GAUGES, Scope, Selector, ThresholdFault
from loadkit.units import NS_PER_S


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a scope as it was written; `offset` says where its label (or its word) begins."""

    what: str  # "global", "each", "of", "phase" or "scenario"
    label: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a threshold is about; None stands for all. The request of `of` is the selector's label."""

    each: bool = False
    phase: str | None = None
    scenario: str | None = None

    def stretches(self, stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
        """Return the phases that count: those of the name, or all that are judged."""
        return tuple(part for part in stretches if part.judged and self.phase in (None, part.name))

    def pick(self, snapshot: Snapshot, stretches: Sequence[Stretch]) -> tuple[Snapshot, ...]:
        """Return the parts of a snapshot that are selected; the snapshot itself where that is all of it."""
        if self.scenario is None and self.phase is None and all(part.judged for part in stretches):
            return (snapshot,)
        indexes = {part.index for part in self.stretches(stretches)}
        return tuple(
            part
            for (index, scenario), part in snapshot.parts.items()
            if index in indexes and self.scenario in (None, scenario)
        )

    def text(self, label: str | None) -> str:
        """Return the scope as one would write it, "global" where it is everything."""
        parts = ["each"] if self.each else []
        parts += [f'of "{label}"'] if label is not None else []
        parts += [f'in phase "{self.phase}"'] if self.phase is not None else []
        parts += [f'in scenario "{self.scenario}"'] if self.scenario is not None else []
        return " ".join(parts) or "global"


ALL = Selection()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A phase as thresholds see it, in ns since the run's start. In a `pause` nothing is due; a warm-up is not judged.

    What virtual users do after the `last` phase belongs to it.
    """

    index: int
    name: str
    start_ns: int
    end_ns: int
    pause: bool = False
    judged: bool = True
    last: bool = False


def loaded_s(stretches: Sequence[Stretch], until_ns: int, from_ns: int = 0) -> float:
    """Return the seconds that rates are taken over: of phases, from the first that starts anybody, between two instants."""
    first = next((index for index, part in enumerate(stretches) if not part.pause), 0)
    spans = ((part.start_ns, until_ns if part.last else min(part.end_ns, until_ns)) for part in stretches[first:])
    return sum(max(0, end_ns - max(start_ns, from_ns)) for start_ns, end_ns in spans) / NS_PER_S


_PART = re.compile(r"\s*(?P<what>of|each|global|(?:in\s+)?(?:phase|scenario)|in)\b\s*")
_BEGIN = re.compile(rf"\s{_PART.pattern}")
_LABEL = re.compile(r"""(?:"(?P<double>[^"]+)"|'(?P<single>[^']+)'|(?P<word>[^\s"']+))(?=\s|\Z)""")
_WORDS = {"of", "each", "global", "in", "phase", "scenario"}


def split_scope(text: str) -> tuple[str, int]:
    """Return what stands before a scope, and where the scope begins; at the end of the text where there is none."""
    found = _BEGIN.search(text)
    end = len(text) if found is None else found.start()
    return text[:end].rstrip(), end


def parse_scope(text: str, offset: int = 0) -> tuple[Part, ...]:
    """Return the parts of a scope; `offset` is added to theirs. Raises ThresholdFault LK301."""
    parts: list[Part] = []
    at = 0
    while text[at:].strip():
        found = _PART.match(text, at)
        if found is None:
            raise _not_a_part(text, at, offset)
        what = found["what"].split()[-1]
        start, at = offset + found.start("what"), found.end()
        if what == "in":
            hint = 'write in phase "peak" or in scenario "buy"'
            raise ThresholdFault("LK301", "`in` is followed by phase or scenario", offset=start, hint=hint)
        label = ""
        if what not in ("each", "global"):
            label, at, start = _label(text, at, what, offset)
        parts.append(Part(what, label, start))
    return tuple(parts)


def _not_a_part(text: str, at: int, offset: int) -> ThresholdFault:
    wrong = text[at:].strip()
    start = offset + at + len(text[at:]) - len(text[at:].lstrip())
    hint = 'write global, each, of "GET /", phase "peak" or scenario "buy"'
    return ThresholdFault("LK301", f'"{wrong}" is no scope', offset=start, hint=hint)


def _label(text: str, at: int, what: str, offset: int) -> tuple[str, int, int]:
    """Return the label at a place, the place behind it, and its offset. What follows it must be a part or the end."""
    found = _LABEL.match(text, at)
    follows = found is not None and (not text[found.end() :].strip() or _PART.match(text, found.end()))
    if found is None or not follows or found["word"] in _WORDS:
        example = text[at:].strip().strip("\"'") or {"of": "/checkout", "phase": "peak", "scenario": "buy"}[what]
        message = f"`{what}` is followed by one name, in quotes"
        raise ThresholdFault("LK301", message, offset=offset + at, hint=f'write {what} "{example}"')
    return found["double"] or found["single"] or found["word"], found.end(), offset + at


def select_scope(selector: Selector, parts: Sequence[Part]) -> tuple[Selection, str | None]:
    """Return what parts select of a metric, and the label of `of`. Raises ThresholdFault LK301 at the part that is too much."""
    named: dict[str, Part] = {}
    for part in parts:
        fault = _fault(selector, part.what, set(named))
        if fault:
            word = f"in {part.what}" if part.what in ("phase", "scenario") else part.what
            raise ThresholdFault("LK301", fault, offset=part.offset, hint=f"leave out `{word}`")
        named[part.what] = part
    label = named["of"].label if "of" in named else selector.label
    phase, scenario = (named[what].label if what in named else None for what in ("phase", "scenario"))
    return Selection(each="each" in named, phase=phase, scenario=scenario), label


def _fault(selector: Selector, what: str, before: set[str]) -> str:
    """Say why a part cannot stand behind others for this metric, "" when it can."""
    if what in before:
        return f"the scope names `{what}` twice"
    if before and "global" in {what, *before}:
        return "`global` stands alone"
    whole_only = ("of", "each", "scenario", *(("phase",) if selector.name.startswith(GAUGES) else ()))
    if what in whole_only and selector.scope is Scope.RUN:
        return f"{selector.text} is measured for the whole run"
    if what in ("of", "each") and selector.label is not None:
        return f'{selector.text} names "{selector.label}" already'
    if {what, *before} >= {"of", "each"}:
        return "`each` means every name, and `of` one of them"
    if selector.scope is Scope.SCENARIO and "scenario" in {what, *before} and {what, *before} & {"of", "each"}:
        return f"{selector.text} is of a scenario by itself: `of` and `each` name scenarios"
    return ""
