"""JUnit XML: what was judged as test cases, for the test pages of GitLab, Jenkins, Azure Pipelines and others.

passed                                   holds
failure                                  failed, and fails the run: a threshold, an SLO, an expectation or a regression
skipped                                  inconclusive, or failed where that is only a warning; the message says which
error                                    not judged, since the measurement is invalid
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from loadkit.outputs.paper import Paper, Report, legible, run_facts, started
from loadkit.report.judgements import Judgement, Suite, judgements
from loadkit.slo.evaluate import Status


def render(reports: Sequence[Report]) -> bytes:
    """Return the file: a suite for each kind of judgement of each run."""
    from junitparser import JUnitXml

    made: Any = JUnitXml("loadkit")
    owners = []
    for report in reports:
        found = judgements(report)
        for suite in Suite:
            held = [judgement for judgement in found if judgement.suite is suite]
            if held:
                made.add_testsuite(_suite(report, suite, held, several=len(reports) > 1))
                owners.append(report)
    made.update_statistics()
    for suite, report in zip(made, owners, strict=True):  # the sum of the cases' times, 0, is not what a run took
        suite.time = report["loadkit"]["elapsed_s"]
    made.time = round(sum(report["loadkit"]["elapsed_s"] for report in reports), 3)
    written = io.BytesIO()
    made.write(written, pretty=True)
    return written.getvalue()


def _suite(report: Report, suite: Suite, held: Sequence[Judgement], *, several: bool) -> Any:
    from junitparser import TestSuite

    name = legible(report["loadkit"]["name"])
    made: Any = TestSuite(f"{name}: {suite.value}" if several else suite.value)
    made.timestamp = started(report).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    for key, value in run_facts(report).items():
        made.add_property(key, value)
    for judgement in held:
        made.add_testcase(_case(name, judgement))
    return made


def _case(classname: str, judgement: Judgement) -> Any:
    from junitparser import Error, Failure, Skipped, TestCase

    kinds = {"failure": Failure, "error": Error, "skipped": Skipped}
    case = TestCase(legible(judgement.name) or judgement.suite.value, classname, 0.0)
    kind, note = _kind(judgement)
    if kind:
        message = f"{note}{legible(judgement.message)}"
        result = kinds[kind](message, _TYPES[judgement.suite])
        result.text = f"{message}\nat {legible(str(judgement.at))}" if judgement.at else message
        case.result = [result]
    elif judgement.message:
        case.system_out = legible(judgement.message)
    if judgement.at:
        # Read by GitLab and others; the schema of Ant leaves room for more attributes.
        case._elem.set("file", legible(judgement.at.file))
        case._elem.set("line", str(judgement.at.line))
    return case


_TYPES: Mapping[Suite, str] = {
    Suite.RUN: "run",
    Suite.THRESHOLDS: "threshold",
    Suite.SLO: "slo",
    Suite.REGRESSION: "regression",
    Suite.EXPECTATIONS: "expectation",
}


def _kind(judgement: Judgement) -> tuple[str, str]:
    """Return which element a judgement gets, and what is said before its message."""
    if judgement.status is Status.PASS:
        return "", ""
    if judgement.status is Status.INVALID:
        return "error", ""
    if judgement.is_failure:
        return "failure", ""
    if judgement.status is Status.INCONCLUSIVE:
        return "skipped", "inconclusive: "
    return "skipped", "does not hold, which is only a warning: "


PAPERS: Mapping[str, Paper] = {"junit": Paper(render)}
