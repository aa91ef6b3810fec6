"""CTRF, the Common Test Report Format: what was judged as tests in JSON, for ctrf.io's reporters.

passed    holds                          failed    failed, or not judged since the measurement is invalid
other     inconclusive, or failed where that is only a warning; `rawStatus` has our own word
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from loadkit import __version__
from loadkit.outputs.json import json_file
from loadkit.outputs.paper import Paper, Report, ended, legible, run_facts, started, unix_ms
from loadkit.report.judgements import Judgement, judgements, verdict_word
from loadkit.slo.evaluate import Status

_SPEC = "0.1.0"
_STATUSES = ("passed", "failed", "skipped", "pending", "other")


def render(reports: Sequence[Report]) -> bytes:
    """Return the file; what the format has no place for stands in `extra`."""
    tests = [_test(report, judgement) for report in reports for judgement in judgements(report)]
    counts = Counter(test["status"] for test in tests)
    began = min((unix_ms(started(report)) for report in reports), default=0)
    over = max((unix_ms(ended(report)) for report in reports), default=0)
    data = {
        "reportFormat": "CTRF",
        "specVersion": _SPEC,
        "timestamp": datetime.fromtimestamp(over / 1000, UTC).isoformat(timespec="milliseconds"),
        "generatedBy": f"loadkit {__version__}",
        "results": {
            "tool": {"name": "loadkit", "version": __version__},
            "summary": {
                "tests": len(tests),
                **{status: counts[status] for status in _STATUSES},
                "suites": len({tuple(test["suite"]) for test in tests}),
                "start": began,
                "stop": over,
            },
            "tests": tests,
            "environment": _environment(reports),
            "extra": {"runs": [{"verdict": verdict_word(report), **run_facts(report)} for report in reports]},
        },
    }
    return json_file(data)


def _test(report: Report, judgement: Judgement) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": legible(judgement.name) or judgement.suite.value,
        "status": _status(judgement),
        "duration": 0,
        "suite": [legible(report["loadkit"]["name"]), judgement.suite.value],
        "rawStatus": judgement.status.value,
        "type": "load",
        "extra": {"severity": judgement.severity.value, **_measured(judgement)},
    }
    if judgement.message:
        made["message"] = legible(judgement.message)
    if judgement.at:
        made |= {"filePath": legible(judgement.at.file), "line": judgement.at.line}
    return made


def _status(judgement: Judgement) -> str:
    if judgement.status is Status.PASS:
        return "passed"
    return "failed" if judgement.fails or judgement.is_failure else "other"


def _measured(judgement: Judgement) -> dict[str, Any]:
    """Return the numbers behind a judgement, as the report has them."""
    return {
        key: value
        for key, value in sorted(judgement.data.items())
        if isinstance(value, int | float) and key != "strict"
    }


def _environment(reports: Sequence[Report]) -> dict[str, Any]:
    made = {
        "reportName": ", ".join(legible(report["loadkit"]["name"]) for report in reports),
        "osPlatform": _common(legible(report["loadkit"]["host"]["system"]).lower() for report in reports),
        "commit": _common(run_facts(report).get("commit") for report in reports),
        "healthy": all(report["loadkit"]["exit_code"] == 0 for report in reports),
    }
    return {key: value for key, value in made.items() if value is not None}


def _common(values: Iterable[str | None]) -> str | None:
    """Return the value that all runs have."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


PAPERS: Mapping[str, Paper] = {"ctrf": Paper(render)}
