"""What to do next about a run: a few sentences, each from a figure of its report, the most urgent first.

INVALID, interrupted   nothing was judged: what to change so that the next run can be
failed                 where and when it failed, as far as the report tells: name, phase, error, waiting before being sent
regression, undecided  which command tells more
passed                 how to keep it as what the next runs are compared with
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from loadkit.outputs.paper import Report, legible
from loadkit.report.judgements import Judgement, Suite, verdict_word
from loadkit.slo.evaluate import Status
from loadkit.slo.window import clock
from loadkit.units import format_duration_ns, format_share

MOST = 4
_NAME = 120
_WAITED = 1.5
"""Where response time is so many times service time, requests waited for their turn."""


def advice(report: Report, judged: Sequence[Judgement]) -> list[str]:
    """Return what to do next."""
    found = report["loadkit"]
    match verdict_word(report):
        case "invalid":
            made = ["Make the load generator keep up, then run it again: a target cannot be judged by these figures."]
        case "interrupted":
            made = ["Run it again to its end: these figures are those of its first part."]
        case "pass":
            made = list(_after_success(found, judged))
        case _:
            made = list(_after_failure(found, judged))
    return made[:MOST]


def _after_success(found: Mapping[str, Any], judged: Sequence[Judgement]) -> Iterator[str]:
    if not any(one.suite is not Suite.RUN for one in judged):
        yield "Say what is good enough: without thresholds in the scenario's config no run can fail."
        return
    open_ones = [one for one in judged if one.status is Status.INCONCLUSIVE]
    if open_ones:
        why = open_ones[0].data.get("reason")
        yield f"{_title(open_ones[0])} is not decided{f': {legible(why, 200)}' if why else ''}. A longer run knows more."
    if found["run"]:
        yield f"Keep it as what later runs are compared with: loadkit baseline set main {found['run']}"
    if found["files"]:
        yield f"Find out how much more it can take: loadkit capacity {' '.join(map(legible, found['files']))}"


def _after_failure(found: Mapping[str, Any], judged: Sequence[Judgement]) -> Iterator[str]:
    failing = [one for one in judged if one.fails and one.status is Status.FAIL]
    if found["after_failed"]:
        yield f"Mend the flow `after`: {legible(found['after_failed'], 200)}"
    if any(one.suite is Suite.REGRESSION for one in failing):
        yield "See what became slower in the comparison below, then what was changed: loadkit diff OLD NEW shows scenarios."
    yield from _when(failing)
    yield from _errors(found)
    if any("_time" in one.name for one in failing if one.suite in (Suite.THRESHOLDS, Suite.SLO)):
        yield from _slowest(found)
    yield from _waiting(found)
    if any(one.suite is Suite.EXPECTATIONS for one in failing):
        yield "Responses were not what the scenario expects: the examples below show which."


def _when(failing: Sequence[Judgement]) -> Iterator[str]:
    for one in failing:
        breaches = one.data.get("breaches")
        if breaches and breaches["first_bad_s"] is not None:
            yield f"{_title(one)} first did not hold at {clock(breaches['first_bad_s'])}: look there in the charts."
            return


def _errors(found: Mapping[str, Any]) -> Iterator[str]:
    errors = found["judged"]["errors"]
    if not errors:
        return
    error, count = max(errors.items(), key=lambda item: (item[1], item[0]))
    names = [*found["requests"], *found["calls"]]
    worst = max(names, key=lambda one: one["errors"].get(error, 0), default=None)
    where = f", most of them by {legible(worst['name'], _NAME)}" if worst and worst["errors"].get(error) else ""
    yield f"Most errors are {legible(error, _NAME)} ({count:,}{where}); an example stands under outcomes."


def _slowest(found: Mapping[str, Any]) -> Iterator[str]:
    timed = [one for one in [*found["requests"], *found["calls"]] if one.get("response_time_ms")]
    if len(timed) > 1:
        slowest = max(timed, key=lambda one: one["response_time_ms"]["p95"])
        times = slowest["response_time_ms"]
        whole = found["judged"].get("response_time_ms") or {}
        share = times["count"] / whole["count"] if whole.get("count") else 0
        p95 = format_duration_ns(times["p95"] * 1e6)
        yield f"Look at {legible(slowest['name'], _NAME)} first: its p95 is {p95}, the longest, over {format_share(share)} of all."


def _waiting(found: Mapping[str, Any]) -> Iterator[str]:
    response, service = found["judged"].get("response_time_ms"), found["judged"].get("service_time_ms")
    if response and service and response["p95"] > _WAITED * service["p95"] and response["p95"] > service["p95"] + 5:
        ends = [format_duration_ns(one["p95"] * 1e6) for one in (response, service)]
        yield (
            f"Requests waited for their turn: p95 of the response time is {ends[0]}, of the service time {ends[1]}. "
            "The target is slower than the load asks for."
        )


def _title(judgement: Judgement) -> str:
    return legible(judgement.name, _NAME)
