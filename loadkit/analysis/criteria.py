"""Which thresholds of a file say what a target must hold under a load that somebody else chooses.

left out    an amount that is to be reached (http.requests > 1000): how much is sent, the search decides;
            what is only a warning
changed     of one phase, which a trial does not have: of the trial; `after`: a trial settles anyhow
decided     by its interval where there is one, else by the value itself
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from loadkit.errors import Severity
from loadkit.slo.expression import Confidence, Objective, Operator
from loadkit.slo.metric import Kind

_AMOUNTS = (Kind.COUNT, Kind.BYTES, Kind.RATE)
_UPWARD = (Operator.MORE, Operator.AT_LEAST)
_ENCLOSED = ("http.error_rate", "http.availability", "python.error_rate", "checks.pass_rate")


def criteria_of(objectives: Iterable[Objective]) -> tuple[tuple[Objective, ...], tuple[str, ...]]:
    """Return the criteria that thresholds make, and sentences about those that are used otherwise than they are written."""
    made: list[Objective] = []
    notes: list[str] = []
    for one in objectives:
        if one.selector.kind in _AMOUNTS and one.operator in _UPWARD:
            notes.append(f"{one.text} is no criterion: how much is sent is what is searched for")
        elif one.per is not None:
            notes.append(f"{one.text} is no criterion: a trial is too short to say how something grows")
        elif one.severity is Severity.WARNING:
            notes.append(f"{one.text} is no criterion: it is only a warning")
        else:
            if one.selection.phase is not None:
                notes.append(f"{one.text} is held against each trial as a whole: a trial has no such phase")
            made.append(_criterion(one))
    return tuple(made), tuple(notes)


def _criterion(objective: Objective) -> Objective:
    plain = replace(objective, selection=replace(objective.selection, phase=None), after_s=0)
    enclosed = plain.selector.percent is not None or plain.selector.name in _ENCLOSED
    strict = enclosed and not plain.watched
    return replace(plain, confidence=Confidence.STRICT if strict else Confidence.POINT)
