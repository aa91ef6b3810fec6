"""Markdown: the verdict first, then what was judged and measured; fit for a comment on a pull request and GitHub's step summary.

It stays below 60 KB, since GitHub takes 65,536 characters in a comment. Names come from scenario files and targets, so each
stands as code, where a name makes no table, link or mention.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from loadkit.outputs.paper import Paper, Report, legible, run_facts
from loadkit.report.interventions import intervened
from loadkit.report.judgements import (
    Judgement,
    Suite,
    by_weight,
    judgements,
    series_message,
    series_name,
    verdict_word,
)
from loadkit.slo.evaluate import Status
from loadkit.units import format_duration_ns

MOST_BYTES = 60_000
_ROWS = (40, 20, 10, 5, 2, 0)  # tried in this order until everything fits
_NAME, _MESSAGE = 120, 300
_ENDING = re.compile(r"[`|\\]")
_ACTIVE = re.compile(r"[^\w .,/%=()+-]|_|(?<=www)\.")
_HEADS = {
    "pass": "PASS",
    "fail": "FAIL",
    "regression": "REGRESSION",
    "invalid": "INVALID",
    "interrupted": "INTERRUPTED",
}
_SUITES = {
    Suite.RUN: "Run",
    Suite.THRESHOLDS: "Thresholds",
    Suite.SLO: "SLOs",
    Suite.REGRESSION: "Compared with the baseline",
    Suite.EXPECTATIONS: "Expectations",
}


def render(reports: Sequence[Report]) -> bytes:
    """Return a section for each run, with as many rows in its tables as there is room for."""
    for most in _ROWS:
        made = "\n\n---\n\n".join(_run(report, most) for report in reports).encode()
        if len(made) <= MOST_BYTES:
            return made
    return _cut(made)


def _cut(made: bytes) -> bytes:
    """Return the beginning of what is too long even without tables: very many runs in one."""
    kept = made[: MOST_BYTES - 200].rpartition(b"\n")[0]
    return kept + b"\n\n... and more: the rest has no room here, the reports hold it all.\n"


def _run(report: Report, most: int) -> str:
    found, judged = report["loadkit"], judgements(report)
    blocks = [
        f"## {_HEADS[verdict_word(report)]}: {code(found['name'])}",
        _conclusion(judged),
        _intervened(report),
        _extent(report),
        *(_judged(suite, judged, most) for suite in Suite),
        _leaks(found.get("observe"), most),
        _compared(found.get("comparison"), most),
        _times("request", found["requests"], "requests", most),
        _times("call", found["calls"], "calls", most),
        _errors(found, most),
        _origin(report),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def code(text: str, most: int = _NAME) -> str:
    """Return a text as code: nothing in it can become markup, a mention or the end of a table's cell.

    A text with what could end the code is written with each active character as a number instead.
    """
    shown = legible(text, most)
    if not shown or not _ENDING.search(shown):
        return f"`{shown}`" if shown.strip() else ""
    return f"<code>{_ACTIVE.sub(lambda match: f'&#{ord(match[0])};', shown)}</code>"


def _conclusion(judged: Sequence[Judgement]) -> str:
    asked = [judgement for judgement in judged if judgement.suite is not Suite.RUN]
    failing = [judgement for judgement in judged if judgement.fails]
    counts = {
        "failed": sum(judgement.status is Status.FAIL for judgement in failing),
        "invalid": sum(judgement.status is Status.INVALID for judgement in failing),
        "inconclusive": sum(judgement.status is Status.INCONCLUSIVE for judgement in judged),
        "only warned of": sum(judgement.status is Status.FAIL and not judgement.fails for judgement in judged),
    }
    held = sum(judgement.status is Status.PASS for judgement in asked)
    told = [f"{count} {word}" for word, count in counts.items() if count]
    return (
        f"**{', '.join([f'{held} of {len(asked)} objectives hold', *told])}**"
        if asked or told
        else "**nothing was judged**"
    )


def _intervened(report: Report) -> str:
    told = intervened(report["loadkit"])
    return f"with {code(told, _MESSAGE)}" if told else ""


def _extent(report: Report) -> str:
    found = report["loadkit"]
    judged = found["judged"]
    made = [f"ran {format_duration_ns(found['elapsed_s'] * 1e9)}" if found["elapsed_s"] else "load never began"]
    if found["target"]:
        made.append(f"against {code(found['target'])}")
    if judged["requests"]:
        made.append(f"{judged['requests']:,} requests ({judged['request_rate']:,.1f}/s)")
    if judged["calls"]:
        made.append(f"{judged['calls']:,} calls")
    return ", ".join(made)


def _judged(suite: Suite, judged: Sequence[Judgement], most: int) -> str:
    """Return a table of what was judged in a suite, the gravest first; of the run itself only what is not as it should be."""
    held = [judgement for judgement in judged if judgement.suite is suite]
    if suite is Suite.RUN:
        held = [judgement for judgement in held if judgement.message]
    rows = [
        (_word(judgement), code(judgement.name), code(judgement.message, _MESSAGE), code(str(judgement.at or "")))
        for judgement in sorted(held, key=by_weight)
    ]
    return _table(_SUITES[suite], ("verdict", "what", "found", "where"), rows, most)


def _word(judgement: Judgement) -> str:
    if judgement.status is Status.PASS:
        return "pass"
    if judgement.fails:
        return f"**{judgement.status.name}**"
    return judgement.status.value if judgement.status is not Status.FAIL else "warning"


def _compared(comparison: Mapping[str, Any] | None, most: int) -> str:
    if not comparison:
        return ""
    rows = [
        (code(series_name(series)), code(series_message(series), _MESSAGE))
        for series in (*comparison["errors"], *comparison["series"])
        if not series["gated"]
    ]
    runs = len(comparison["runs"])
    title = f"For information, against {runs} run{'s' if runs != 1 else ''} of {code(comparison['baseline'])}"
    return _table(title, ("series", "found"), rows, most)


def _leaks(observed: Mapping[str, Any] | None, most: int) -> str:
    """Return a table of what grows in the system under test; reports of earlier versions know nothing of it."""
    rows = [
        (
            "**CRITICAL**" if verdict["severity"] == "critical" else "warning",
            code(f"{verdict['name']} {verdict['series']}"),
            code(verdict["text"], _MESSAGE),
            code(verdict["advice"], _MESSAGE),
        )
        for verdict in (observed or {}).get("verdicts", ())
        if verdict["severity"] != "none"
    ]
    return _table("System under test", ("severity", "what", "found", "where to look"), rows, most)


_COLUMNS = ("mean", "p50", "p95", "p99", "max")


def _times(noun: str, held: Sequence[Mapping[str, Any]], made: str, most: int) -> str:
    rows = []
    for one in sorted(held, key=lambda one: (-one[made], one["name"])):
        times = one.get("response_time_ms") or {}
        shown = [f"{times[column]:,.1f}" if column in times else "" for column in _COLUMNS]
        rows.append((code(one["name"]), f"{one[made]:,}", f"{_failed(one):,}", *shown))
    head = (noun, "count", "errors", *_COLUMNS)
    return _table(f"Response time per {noun}, in ms", head, rows, most, numbers=True)


def _failed(one: Mapping[str, Any]) -> int:
    broken = sum(count for status, count in one.get("codes", {}).items() if status.startswith("5"))
    return int(sum(one["errors"].values()) + broken)


def _errors(found: Mapping[str, Any], most: int) -> str:
    rows = []
    for error, count in sorted(found["judged"]["errors"].items(), key=lambda item: (-item[1], item[0])):
        texts = found["examples"].get(error) or [{"text": ""}]
        rows.append((code(error), f"{count:,}", code(texts[0]["text"], _MESSAGE)))
    return _table("Errors", ("error", "count", "for example"), rows, most)


def _origin(report: Report) -> str:
    facts = [f"{key} {code(value[: _TOLD[key]])}" for key, value in run_facts(report).items() if key in _TOLD]
    return f"<sub>{' · '.join(facts)}</sub>"


_TOLD = {"run": 80, "commit": 40, "seed": 40, "plan": 12, "loadkit": 40}
"""What of a run's facts is told, and how many characters of it."""


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]], most: int, *, numbers: bool = False) -> str:
    held = list(rows)
    if not held:
        return ""
    rules = ["---", *(["---:"] * (len(head) - 1) if numbers else ["---"] * (len(head) - 1))]
    lines = [f"### {title}", ""]
    if most:
        lines += [_line(row) for row in (head, rules, *held[:most])]
    if len(held) > most:
        lines += ["", f"... and {len(held) - most:,} more; the report holds them all"]
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


PAPERS: Mapping[str, Paper] = {"markdown": Paper(render)}
