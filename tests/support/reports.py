"""Reports of runs that never happened: one where everything that can be judged was, in each way it can end."""

from collections.abc import Mapping
from typing import Any

from loadkit.errors import Position
from loadkit.slo.evaluate import Status
from tests.support.results import AT, failing_second, invalid, report_of, result, second, verdict

HOSTILE = (
    "]]><evil/>",
    "a|b\\|c",
    "`code` ``more``",
    "::error file=x::pwned",
    "two\nlines\r\n::warning::x",
    "\x1b[2Jcleared\x07\x00",
    "\u202egnp.exe\u2028next",
    "\ud800 \ufffe",
    '=HYPERLINK("http://evil.example")',
    "<script>alert(1)</script> <img src=x onerror=alert(1)>",
    "@everyone #1 http://evil.example www.evil.example [x](javascript:alert(1))",
    "100%0A::error::x%25",
    "{{ $env.SECRET }} ${IFS}",
    "\t, ;\"'",
    "x" * 10_000,
    " ",
)


def judged_report(**changes: Any) -> dict[str, Any]:
    """A report with a verdict of each kind; `changes` are keys of `loadkit`."""
    seconds = [second(0, requests=6), second(1, requests=4, name="/cart", ms=40), failing_second(2)]
    made = report_of(
        result(
            *seconds,
            verdicts=(
                verdict(Status.PASS),
                verdict(Status.FAIL, "http.response_time.p99 < 10ms", at=Position("shop.yaml", 14, 7)),
                verdict(Status.FAIL, "http.response_time.p50 < 1ms", strict=False, at=Position("shop.yaml", 15, 7)),
                verdict(Status.INCONCLUSIVE, "http.error_rate < 1%", reason="10 samples, and min_samples is 1000"),
                verdict(Status.FAIL, "availability >= 99.9%", origin="slo", name="checkout"),
                verdict(Status.PASS, "expectations", origin="expect", observed_text="0 of 10 checks failed"),
            ),
        ),
        *seconds,
    )
    made["loadkit"].update({"run": "20261121-090255-k3f9", "commit": "0123456789abcdef", "exit_code": 3, **changes})
    return made


def invalid_report() -> dict[str, Any]:
    """A report of a run whose generator did not keep up."""
    made = report_of(result(measurement=invalid(), verdicts=(verdict(Status.INVALID, reason="not judged"),)))
    assert made["loadkit"]["exit_code"] == 5
    return made


def hostile_report(text: str) -> dict[str, Any]:
    """A report in which every text that a scenario file or a target can choose is this one."""
    seconds = [second(0, name=text), failing_second(1, error="ECONNREFUSED", text=text)]
    held = (
        verdict(Status.FAIL, text, name=text, reason=text, observed_text=text, at=Position(text, 3, 1)),
        verdict(Status.INCONCLUSIVE, text, reason=text),
        verdict(Status.PASS, text, scope=text),
    )
    made = report_of(result(*seconds, verdicts=held, files=(text,), tags={text: text}), *seconds)
    made["loadkit"].update(name=text, target=text, exit_code=3, comparison=comparison(baseline=text, name=text))
    made["loadkit"]["phases"][0]["name"] = text
    return made


def series(verdict_text: str = "regression", **changes: Any) -> dict[str, Any]:
    """A percentile beside that of a baseline."""
    made = {
        "family": "http", "name": "/cart", "percentile": "p95", "of": "good", "gated": True, "verdict": verdict_text,
        "severity": "minor" if verdict_text == "regression" else None, "blocked": False, "baseline_ms": 212.0,
        "run_ms": 251.0, "ratio": 0.18, "low": 0.06, "high": 0.32, "p_value": 0.001, "p_adjusted": 0.002,
        "baseline_runs": 5, "samples": 21_600, "effective_samples": 4100.0, "noise": 0.03, "resolution": 0.1,
        "detectable": 0.12, "advice": None, "note": "",
    }  # fmt: skip
    made |= changes
    return {"text": f"p95 {made['name']} 212 -> 251 ms, +18 %, {verdict_text}", **made}


def errors(verdict_text: str = "pass", **changes: Any) -> dict[str, Any]:
    """An error rate beside that of a baseline."""
    made = {
        "family": "http", "name": None, "gated": True, "verdict": verdict_text, "severity": None, "blocked": False,
        "baseline_errors": 3, "baseline_requests": 60_000, "baseline_runs": 5, "errors": 4, "requests": 12_000,
        "difference": 0.0003, "low": -0.0001, "high": 0.001, "p_value": 0.3, "p_adjusted": 0.6, "note": "",
        "text": f"errors all requests 0.005 -> 0.03 %, {verdict_text}",
    }  # fmt: skip
    return {**made, **changes}


def comparison(*, baseline: str = "main", name: str = "/cart", **changes: Any) -> Mapping[str, Any]:
    """What a run comes to beside its baseline: a regression that does not block."""
    made = {
        "baseline": baseline, "run": "20261121-090255-k3f9", "runs": ["a", "b", "c"], "left_out": [],
        "verdict": "regression", "severity": "minor", "blocked": False, "exit": 0, "reason": "p95 of /cart",
        "steady_s": 120, "series": [series(name=name), series("pass", name=None, gated=False, of="every")],
        "errors": [errors()], "notes": [], "settings": {},
    }  # fmt: skip
    return {**made, **changes}


__all__ = ["AT", "HOSTILE", "comparison", "errors", "hostile_report", "invalid_report", "judged_report", "series"]
