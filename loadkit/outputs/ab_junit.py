"""An A/B session as JUnit XML, made of its document alone: one test case, for the test pages of CI services.

passed      B is not worse
failure     B is slower, or has more errors
skipped     undecided
error       the generator was the limit, or the user stopped it
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from loadkit.errors import ExitCode
from loadkit.outputs.paper import legible


def ab_junit(document: Mapping[str, Any], headline: str) -> bytes:
    """Return the file; `headline` is the answer in a sentence."""
    from junitparser import JUnitXml, TestCase, TestSuite

    what = f"{document['metric']} of {document['of'] or 'all requests'}"
    case: Any = TestCase(
        legible(f"{what}: B is not {document['detect_percent']:g}% slower than A"), legible(document["b"]["name"]), 0.0
    )
    kind = _kind(document)
    if kind is None:
        case.system_out = legible(headline)
    else:
        result = kind(legible(headline), "regression")
        result.text = legible(headline)
        case.result = [result]
    suite: Any = TestSuite("ab")
    facts = {
        "a": document["a"]["target"],
        "b": document["b"]["target"],
        "seed": document["seed"],
        "pairs": document["pairs"],
    }
    for name, value in {**facts, "exit_code": document["exit_code"]}.items():
        suite.add_property(name, legible(str(value)))
    suite.add_testcase(case)
    made: Any = JUnitXml("loadkit")
    made.add_testsuite(suite)
    made.update_statistics()
    suite.time = made.time = document["elapsed_s"]
    written = io.BytesIO()
    made.write(written, pretty=True)
    return written.getvalue()


def _kind(document: Mapping[str, Any]) -> Any:
    """Return which element the case gets; None when it passed."""
    from junitparser import Error, Failure, Skipped

    if document["exit_code"] == ExitCode.REGRESSION:
        return Failure
    if document["exit_code"] != ExitCode.PASS:
        return Error
    return Skipped if document["verdict"] == "undecided" else None
