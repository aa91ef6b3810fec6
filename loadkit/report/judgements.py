"""What a report says was judged, one by one and in the same words for everybody who writes it down: JUnit, CTRF, Markdown, GitHub.

suite          one judgement for each
run            what makes or breaks the run itself: the measurement, an early end, the flow `after`
thresholds     threshold, condition of `ensure`, and the visit of a run with --solo
slo            objective of `slos:`
regression     series that is compared with a baseline
expectations   the checks of `expect`
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from loadkit.errors import ExitCode, Position, Severity
from loadkit.report.interventions import intervened
from loadkit.slo.evaluate import Status
from loadkit.slo.metric import Kind
from loadkit.slo.text import interval_text
from loadkit.slo.window import clock

Report = Mapping[str, Any]


class Suite(Enum):
    """What is judged together."""

    RUN = "run"
    THRESHOLDS = "thresholds"
    SLO = "slo"
    REGRESSION = "regression"
    EXPECTATIONS = "expectations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One thing that was judged. `name` stays the same from run to run, `message` says what was found.

    A failure whose severity is a warning does not fail the run. `at` is where it is asked for, None where that is nowhere;
    `data` is the part of the report that it is made of.
    """

    suite: Suite
    name: str
    status: Status
    message: str = ""
    severity: Severity = Severity.ERROR
    at: Position | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fails(self) -> bool:
        """Say whether the run fails by it."""
        return self.severity is Severity.ERROR and self.status in (Status.FAIL, Status.INVALID)

    @property
    def is_failure(self) -> bool:
        """Say whether a list of tests shows it as failed: what fails the run, and each regression, also where it blocks nothing."""
        return self.status is Status.FAIL and (self.fails or self.suite is Suite.REGRESSION)


_SUITES = {"slo": Suite.SLO, "expect": Suite.EXPECTATIONS}
_WORDS = {
    ExitCode.PASS: "pass",
    ExitCode.FAILED: "fail",
    ExitCode.REGRESSION: "regression",
    ExitCode.INVALID_MEASUREMENT: "invalid",
    ExitCode.SIGINT: "interrupted",
    ExitCode.SIGTERM: "interrupted",
}


def verdict_word(report: Report) -> str:
    """Return what a run came to: pass, fail, regression, invalid or interrupted."""
    return _WORDS.get(report["loadkit"]["exit_code"], "fail")


def judgements(report: Report) -> list[Judgement]:
    """Return what was judged, suite by suite, in each as the report has it."""
    found = report["loadkit"]
    made = [*_run(found), *_verdicts(found), *_compared(found.get("comparison"))]
    order = list(Suite)
    return sorted(made, key=lambda judgement: order.index(judgement.suite))


def by_weight(judgement: Judgement) -> int:
    """Return a key that sorts the gravest first: what fails the run, what only warns, what is undecided, what holds."""
    if judgement.fails:
        return 0 if judgement.status is Status.FAIL else 1
    return {Status.FAIL: 2, Status.INVALID: 3, Status.INCONCLUSIVE: 4}.get(judgement.status, 5)


def _run(found: Mapping[str, Any]) -> Iterator[Judgement]:
    measurement = found["measurement"]
    reasons = "; ".join(measurement["reasons"])
    yield Judgement(
        suite=Suite.RUN,
        name="the measurement can be trusted",
        status=Status.INVALID if measurement["status"] == "invalid" else Status.PASS,
        message=reasons if measurement["status"] == "valid" else f"{measurement['status']}: {reasons}",
        data=measurement,
    )
    yield Judgement(
        suite=Suite.RUN,
        name="the run came to its end",
        status=Status.INVALID if found["signal"] else Status.PASS,
        message=_ended(found),
    )
    if told := intervened(found):
        yield Judgement(
            suite=Suite.RUN,
            name="nobody intervened",
            status=Status.FAIL,
            message=told,
            severity=Severity.WARNING,
        )
    if found["after_failed"]:
        yield Judgement(
            suite=Suite.RUN, name="the flow `after` succeeds", status=Status.FAIL, message=found["after_failed"]
        )


def _ended(found: Mapping[str, Any]) -> str:
    if found["signal"]:
        return f"interrupted by {found['signal']}: the figures cover the part that ran"
    abort = found["aborted_by"]
    return f"stopped at {clock(abort['second'])} by {abort['objective']}" if abort else ""


def _verdicts(found: Mapping[str, Any]) -> Iterator[Judgement]:
    for verdict in found["verdicts"]:
        yield Judgement(
            suite=_SUITES.get(verdict["origin"], Suite.THRESHOLDS),
            name=_name(verdict),
            status=Status(verdict["status"]),
            message=_message(verdict),
            severity=Severity.ERROR if verdict["strict"] else Severity.WARNING,
            at=place(verdict["at"]),
            data=verdict,
        )


def place(at: Mapping[str, Any] | None) -> Position | None:
    """Return the place that a report names."""
    return Position(at["file"], at["line"], at["column"]) if at else None


def _name(verdict: Mapping[str, Any]) -> str:
    """Return an objective as written, its name before it, and behind it what the text does not say of scope and window."""
    text, scope, window = verdict["objective"], verdict["scope"], verdict["window"]
    said = "" if scope in ("global", "each") or scope in text else f" [{scope}]"
    over = f" {window['logic']} {window['seconds']} s" if window else ""
    return f"{verdict['name']}: {text}{said}{over}" if verdict["name"] else f"{text}{said}{over}"


def _message(verdict: Mapping[str, Any]) -> str:
    parts = []
    if verdict["observed_text"]:
        parts.append(f"measured {verdict['observed_text']}{_worst(verdict)}{_interval(verdict)}")
    if verdict["limit_text"] and verdict["origin"] != "expect":
        parts.append(f"wanted {verdict['limit_text']}")
    if verdict["breaches"] and verdict["breaches"]["failed_s"] is not None:
        parts.append(f"failed at {clock(verdict['breaches']['failed_s'])}")
    return "; ".join(part for part in (", ".join(parts), verdict["reason"]) if part)


def _worst(verdict: Mapping[str, Any]) -> str:
    return " at worst" if verdict["window"] and verdict["breaches"] else ""


def _interval(verdict: Mapping[str, Any]) -> str:
    if verdict["limit"] is None or verdict["unit"] not in {kind.value for kind in Kind}:
        return ""
    text = interval_text(Kind(verdict["unit"]), verdict["low"], verdict["high"], verdict["limit"])
    return f" (95 % CI {text})" if text else ""


# a comparison with a baseline

_COMPARED = {
    "pass": Status.PASS,
    "improvement": Status.PASS,
    "within_noise_but_slower": Status.PASS,
    "regression": Status.FAIL,
    "inconclusive": Status.INCONCLUSIVE,
    "unresolved": Status.INCONCLUSIVE,
    "invalid": Status.INVALID,
}


def _compared(comparison: Mapping[str, Any] | None) -> Iterator[Judgement]:
    """Yield what a comparison came to as a whole, then each series that decides it."""
    if not comparison:
        return
    status = _COMPARED[comparison["verdict"]]
    blocks = comparison["exit"] != ExitCode.PASS
    said = [comparison["verdict"].replace("_", " "), comparison["severity"] or ""]
    yield Judgement(
        suite=Suite.REGRESSION,
        name=f"no slower than the baseline {comparison['baseline']}",
        status=Status.FAIL if blocks and status is Status.INCONCLUSIVE else status,
        message="; ".join(text for text in (" ".join(said).strip(), comparison["reason"]) if text),
        severity=Severity.ERROR if blocks else Severity.WARNING,
        data=comparison,
    )
    for series in (*comparison["errors"], *comparison["series"]):
        if series["gated"]:
            yield Judgement(
                suite=Suite.REGRESSION,
                name=series_name(series),
                status=_COMPARED[series["verdict"]],
                message=series_message(series),
                severity=Severity.ERROR if series["blocked"] else Severity.WARNING,
                data=series,
            )


def series_name(series: Mapping[str, Any]) -> str:
    """Return what of a run is compared: "p95 of /pay", "error rate of all requests"."""
    whole = "all calls" if series["family"] == "python" else "all requests"
    name = whole if series["name"] is None else series["name"]
    if "percentile" not in series:
        return f"error rate of {name}"
    failed_too = ", failed ones as well" if series["of"] == "every" else ""
    return f"{series['percentile']} of {name}{failed_too}"


def series_message(series: Mapping[str, Any]) -> str:
    """Return what was found of a series, as it is told everywhere, and from which change on it would have been found."""
    text, detectable = str(series["text"]), series.get("detectable")
    return text if detectable is None else f"{text}; could detect >= {100 * detectable:,.0f} %"
