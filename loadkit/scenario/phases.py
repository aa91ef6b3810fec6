"""config.phases -> Phase: when virtual users start, checked and laid out on the run's time line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadkit import registry
from loadkit.flow.step import Build, Where
from loadkit.flow.user import mix
from loadkit.scenario.plan import Phase
from loadkit.units import parse_duration_ns
from loadkit.workload.artillery import Ticks
from loadkit.workload.base import BadPhase, ClosedWorkload, NeverStarts, PhaseContext, Shape, Workload
from loadkit.workload.constant import Constant
from loadkit.workload.pause import Pause

_SOLO: list[dict[str, Any]] = [{"duration": 1, "arrivalCount": 1, "name": "solo"}]
_OPEN = ("arrivalRate", "arrivalCount", "steps", "spike", "replay")
_CLOSED = ("users", "throughput", "iterations", "iterationsPerUser")
_SKIPPED_THERE = ("arrivalRate", "arrivalCount", "rampTo", "")  # what Artillery skips when it starts nobody
_AFTER_CLOSED = 1 << 40  # visits of a closed phase have no known end: later phases number from far above


def compile_phases(config: Mapping[str, Any], *, solo: bool, seed: int, build: Build) -> tuple[Phase, ...]:
    """Return the phases in order. No phases, or `solo`, means one virtual user. Faults become diagnostics."""
    items = config.get("phases")
    made: list[Phase] = []
    start_ns = first_number = 0
    default_mode = config.get("mode", "uniform")
    idle: list[tuple[Where, str, str]] = []
    for index, item in enumerate(items if isinstance(items, list) and items else _SOLO):
        if not isinstance(item, Mapping):
            continue
        where: Where = ("config", "phases", index)
        seeds = mix(seed, index, salt=2)
        phase = _compile_phase(item, where, idle, mode=item.get("mode", default_mode), seed=seeds, build=build)
        if phase is None:
            continue
        duration_ns, workload, most = phase
        made.append(
            Phase(
                index=index,
                name=phase_name(item, index),
                start_ns=start_ns,
                duration_ns=duration_ns,
                first_number=first_number,
                workload=workload,
                max_vusers=most,
                at=build.positions.at(where),
                warmup=item.get("warmup") is True,
            )
        )
        start_ns += duration_ns
        first_number += _AFTER_CLOSED if isinstance(workload, ClosedWorkload) else workload.reserved
    _report_idle(idle, made, build)
    _refuse_warmup_only(made, build)
    if solo:
        return compile_phases({"phases": _SOLO}, solo=False, seed=seed, build=build)
    return tuple(made)


def phase_names(config: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """Return the names of the phases as written, with what is wrong with them or not, and whether each is a warm-up."""
    items = config.get("phases")
    return [
        (phase_name(item, index), item.get("warmup") is True)
        for index, item in enumerate(items if isinstance(items, list) and items else _SOLO)
        if isinstance(item, Mapping)
    ]


def phase_name(item: Mapping[str, Any], index: int) -> str:
    """Return what a phase is called; one without a name by its number."""
    return str(item.get("name") or f"phase {index + 1}")


def _report_idle(idle: list[tuple[Where, str, str]], made: list[Phase], build: Build) -> None:
    """Report phases that never start anyone: an error, unless others start someone; then they are skipped, as in Artillery."""
    others = any(not isinstance(phase.workload, Pause) for phase in made)
    for where, key, text in idle:
        at = (*where, key) if key else where
        hint = "" if key else "give it arrivalRate, arrivalCount, users or pause"
        if build.reported(at):
            continue
        if others and key in _SKIPPED_THERE:
            build.warn("LK208", at, f"{text}; the phase is skipped", hint=hint)
        else:
            build.error("LK208", at, text, hint=hint)


def _refuse_warmup_only(phases: list[Phase], build: Build) -> None:
    loaded = [phase for phase in phases if not isinstance(phase.workload, Pause)]
    if loaded and all(phase.warmup for phase in loaded):
        text = "every phase that starts anyone is a warm-up, so nothing would be judged"
        hint = "leave `warmup` out of the phase whose numbers count"
        build.error("LK217", ("config", "phases"), text, key=True, hint=hint)


def _compile_phase(
    item: Mapping[str, Any], where: Where, idle: list[tuple[Where, str, str]], *, mode: str, seed: int, build: Build
) -> tuple[int, Workload, int | None] | None:
    shape = _shape(item, where, idle, build)
    itself = shape is not None and shape.lasts and "duration" not in item
    duration_ns = None if itself else _duration(item, where, build)
    most = _most_vusers(item, where, build)
    if shape is None:
        return None
    _warn_of_unread_keys(item, shape, where, build)
    # Without a duration the shape is made all the same: what else is wrong with the phase is told at once.
    context = PhaseContext(
        duration_ns=0 if itself else duration_ns or 10**9, mode=mode, seed=seed, base=build.base, compat=build.compat
    )
    try:
        workload = shape.build(item, context)
    except NeverStarts as error:
        idle.append((where, error.key, f"phase {_called(item, where)}: {error}"))
        return None
    except BadPhase as error:
        build.error(error.code, (*where, error.key), f"phase {_called(item, where)}: {error}")
        return None
    except (TypeError, AttributeError, KeyError, ValueError):
        if not build.malformed:
            raise
        return None  # a value of the wrong type, which the schema's check has reported
    if isinstance(workload, Constant):
        _warn_of_other_count(workload, where, build)
    return None if duration_ns is None and not itself else (workload.duration_ns, workload, most)


def _warn_of_other_count(workload: Constant, where: Where, build: Build) -> None:
    """Warn of a rate at which Artillery's whole microseconds make a hundredth more arrivals, or more than that."""
    there = Ticks(workload.rate, workload.duration_ns).planned
    if workload.rate.denominator == 1 and there >= 1.01 * workload.planned:
        text = (
            f"these are {workload.planned:,} arrivals; Artillery, which counts in whole microseconds, starts {there:,}"
        )
        build.warn("LK506", (*where, "arrivalRate"), text)


def _warn_of_unread_keys(item: Mapping[str, Any], shape: Shape, where: Where, build: Build) -> None:
    """Warn of keys that mean something in other phases and nothing in one of this shape."""
    named = next(iter(shape.keys), "")
    known = {"mode", "maxVusers", *(key for other in registry.plugins("workload").values() for key in other.keys)}
    if "pause" in shape.keys:
        known.add("duration")
    for key in item:
        if key not in known or key in shape.keys or key in shape.reads:
            continue
        if key == "mode" and item[key] != "poisson" and "pause" not in shape.keys:
            continue  # evenly spread is what it is
        build.warn("LK505", (*where, key), f"`{key}` has no effect beside `{named}`", key=True)


def _shape(item: Mapping[str, Any], where: Where, idle: list[tuple[Where, str, str]], build: Build) -> Shape | None:
    opens, closes = [key for key in _OPEN if key in item], [key for key in _CLOSED if key in item]
    if opens and closes:
        text = f"`{opens[0]}` starts new users (open model) and `{closes[0]}` keeps a fixed number (closed model)"
        build.error("LK209", (*where, closes[0]), text, key=True, hint="use one of the two in a phase")
        return None
    shapes: list[Shape] = sorted(registry.plugins("workload").values(), key=lambda shape: shape.order)
    for shape in shapes:
        if shape.claims(item):
            return shape
    idle.append((where, "", f"phase {_called(item, where)} never starts anyone"))
    return None


def _called(item: Mapping[str, Any], where: Where) -> str:
    return f'"{item["name"]}"' if item.get("name") else str(int(where[-1]) + 1)


def _duration(item: Mapping[str, Any], where: Where, build: Build) -> int | None:
    key = "pause" if "pause" in item else "duration"
    if key not in item:
        if not build.malformed or "duration" not in item:
            text = f"phase {_called(item, where)} has no duration"
            build.error("LK103", where, text, hint="add `duration: 60` (seconds) or `duration: 1m30s`")
        return None
    try:
        duration_ns = parse_duration_ns(item[key])
    except ValueError as error:
        build.error("LK211", (*where, key), str(error))
        return None
    if not duration_ns and key == "duration":
        text = f"phase {_called(item, where)} lasts 0 seconds and never starts anyone"
        build.error("LK208", (*where, key), text)
        return None
    return max(duration_ns, 1)


def _most_vusers(item: Mapping[str, Any], where: Where, build: Build) -> int | None:
    value = item.get("maxVusers")
    if value is None:
        return None
    try:
        most = int(value)
    except (TypeError, ValueError, OverflowError):
        most = 0
    if most < 1:
        build.error("LK104", (*where, "maxVusers"), f"maxVusers must be a whole number above zero, not {value!r}")
        return None
    return most
