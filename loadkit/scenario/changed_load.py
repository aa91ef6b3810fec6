"""What has changed in the load: phases, and how often each scenario is chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from loadkit.scenario.changes import Change, Kind, shown, span
from loadkit.scenario.plan import Phase
from loadkit.scenario.rates import phase_visits
from loadkit.units import NS_PER_S, format_duration_ns, three_digits
from loadkit.workload.base import ClosedWorkload

_WORDS = {
    "arrivalRate": "arrival rate",
    "rampTo": "ramp to",
    "arrivalCount": "arrivals",
    "users": "users",
    "throughput": "throughput",
    "maxVusers": "maxVusers",
    "mode": "mode",
    "steps": "steps",
    "spike": "spike",
    "iterations": "iterations",
    "iterationsPerUser": "iterations of each user",
    "replay": "replay",
}

_TIMES = {"after", "rampUp", "hold", "rampDown"}  # of a spike


def phase_changes(
    old: Sequence[Phase], new: Sequence[Phase], old_items: Sequence[Any], new_items: Sequence[Any]
) -> Iterator[Change]:
    """Yield what has changed in the phases; `items` are the phases as they are written."""
    olds, news = _named(old, old_items), _named(new, new_items)
    for name, (phase, item) in olds.items():
        if name in news:
            yield from _phase(name, phase, item, *news[name])
        else:
            text = f"{name} removed: {_load(phase)}"
            yield Change(what="phase", kind=Kind.REMOVED, subject=name, text=text, old=_load(phase))
    for name, (phase, _) in news.items():
        if name not in olds:
            yield Change(
                what="phase", kind=Kind.ADDED, subject=name, text=f"{name} added: {_load(phase)}", new=_load(phase)
            )
    before, after = [name for name in olds if name in news], [name for name in news if name in olds]
    if before != after:
        text = f"phases are in another order: {', '.join(before)} -> {', '.join(after)}"
        yield Change(what="phase", kind=Kind.MOVED, subject="phases", text=text)
    yield from _whole("peak arrival rate", _peak(old), _peak(new))
    visits = _visits(old), _visits(new)
    if all(visits):  # nobody knows how many a closed phase comes to
        yield from _whole("planned visits", *visits)
    yield from _whole("the run lasts", _length(old), _length(new))


def weight_changes(old: Mapping[str, float], new: Mapping[str, float]) -> Iterator[Change]:
    """Yield the changed weights of the scenarios that are in both, with their shares."""
    for name, weight in old.items():
        if name in new and new[name] != weight:
            text = (
                f"weight of {name} {weight:g} -> {new[name]:g} (share {share(name, old)} -> {share(name, new)})"
            )  # fmt: skip
            old_text, new_text = f"{weight:g}", f"{new[name]:g}"
            yield Change(
                what="load", kind=Kind.CHANGED, subject=f"weight of {name}", text=text, old=old_text, new=new_text
            )


def share(name: str, weights: Mapping[str, float]) -> str:
    """Return a scenario's part of all visits: "42 %"."""
    total = sum(weights.values())
    return f"{100 * weights[name] / total if total else 0:.3g} %"


def _named(phases: Sequence[Phase], items: Sequence[Any]) -> dict[str, tuple[Phase, Mapping[str, Any]]]:
    """Return phases by what they are called here; of one without a name, or with another's, that is its number."""
    made: dict[str, tuple[Phase, Mapping[str, Any]]] = {}
    for phase in phases:
        item = items[phase.index] if phase.index < len(items) else {}
        name = f'phase "{item["name"]}"' if item.get("name") else f"phase {phase.index + 1}"
        made[f"phase {phase.index + 1}" if name in made else name] = phase, item
    return made


def _phase(
    name: str, old: Phase, old_item: Mapping[str, Any], new: Phase, new_item: Mapping[str, Any]
) -> Iterator[Change]:
    def changed(words: str, before: str, after: str, *, looser: bool = False) -> Change:
        text = f"{name} {words} {before} -> {after}"
        return Change(what="phase", kind=Kind.CHANGED, subject=name, text=text, old=before, new=after, looser=looser)

    if old.duration_ns != new.duration_ns:
        yield changed("lasts", span(old.duration_ns / NS_PER_S), span(new.duration_ns / NS_PER_S))
    if _model(old) != _model(new):
        yield changed("is", _load(old), _load(new))
    else:
        for key, words in _WORDS.items():
            for inside, before, after in _differing(old_item.get(key), new_item.get(key)):
                yield changed(" ".join((words, *inside)), before, after)
    if old.warmup != new.warmup:
        states = ("judged", "a warm-up, which is not judged")
        yield changed("is", states[old.warmup], states[new.warmup], looser=new.warmup)


def _differing(old: Any, new: Any) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield what differs in a key of a phase; in a mapping, such as that of a spike, key by key."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            before, after = (_amount(side.get(key), key) for side in (old, new))
            if before != after:
                yield (key,), before, after
    elif _number(old) != _number(new):
        yield (), _number(old), _number(new)


def _amount(value: Any, key: str) -> str:
    return span(value) if key in _TIMES and value is not None else _number(value)


def _number(value: Any) -> str:
    """Return what a key of a phase means: 50, "50" and 50.0 are the same."""
    if value is None:
        return "none"
    try:
        return f"{float(value):g}"
    except (TypeError, ValueError):
        return shown(value)


def _model(phase: Phase) -> str:
    workload = phase.workload
    return "closed" if isinstance(workload, ClosedWorkload) else "pause" if not _rates(phase)[1] else "open"


def _rates(phase: Phase) -> tuple[float, float]:
    """Return the arrival rate at the start, and the largest of it."""
    workload = phase.workload
    if isinstance(workload, ClosedWorkload):
        return 0.0, 0.0
    return workload.rate_at(0), workload.peak_per_s


def _load(phase: Phase) -> str:
    workload, long = phase.workload, format_duration_ns(phase.duration_ns)
    if isinstance(workload, ClosedWorkload):
        paced = "" if workload.throughput is None else f" at {three_digits(float(workload.throughput))} requests/s"
        return f"{workload.users:,} users{paced} for {long}"
    most = _rates(phase)[1]
    return f"up to {three_digits(most)} arrivals/s for {long}" if most else f"a pause of {long}"


def _peak(phases: Sequence[Phase]) -> str:
    return f"{three_digits(max((_rates(phase)[1] for phase in phases), default=0.0))}/s"


def _visits(phases: Sequence[Phase]) -> str:
    """Return how many visits are planned, "" when nobody can know it."""
    numbers = [phase_visits(phase) for phase in phases]
    return "" if None in numbers else f"{sum(number or 0 for number in numbers):,}"


def _length(phases: Sequence[Phase]) -> str:
    return format_duration_ns(phases[-1].end_ns) if phases else "0s"


def _whole(words: str, old: str, new: str) -> Iterator[Change]:
    if old != new:
        yield Change(what="load", kind=Kind.CHANGED, subject=words, text=f"{words} {old} -> {new}", old=old, new=new)
