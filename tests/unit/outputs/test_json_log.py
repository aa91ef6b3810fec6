"""Lines of JSON on standard error; of a real run with traces in tests/e2e/test_pushed.py."""

import io
import json
import re
from typing import Any

import pytest

from loadkit.engine.events import LogLine
from loadkit.outputs.base import write_line
from loadkit.outputs.json_log import JsonLines, JsonLog, level_of, log_record
from tests.support.results import failing_second, interval, phase, plan, second, started

TRACE, SPAN = "a9" * 16, "b8" * 8


def lines_of(err: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in err.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("text", "stream", "level"),
    [
        ("warning: a port is taken", "stderr", "warning"),
        ("shop.yaml:3:5: warning LK506: it differs", "stderr", "warning"),
        ("shop.yaml:3:5: error LK101: unknown key", "stderr", "error"),
        ("error: worker 0 was killed by SIGKILL", "stderr", "error"),
        ("note: way to the target", "stderr", "info"),
        ("errors are many", "stdout", "info"),
        ("--- VU 3 -> http://shop", "stderr", "debug"),
        ("what a `log` step says", "stdout", "info"),
    ],
)
def test_the_first_word_says_how_much_a_line_matters(text: str, stream: str, level: str) -> None:
    assert level_of(LogLine(text=text, stream=stream)) == level


def test_a_line_about_a_request_has_the_ids_of_its_trace() -> None:
    line = json.loads(log_record(LogLine(text="bought", stream="stdout", trace=TRACE, span=SPAN), "the-run"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {
        "level": "info",
        "message": "bought",
        "run": "the-run",
        "event": "log",
        "trace_id": TRACE,
        "span_id": SPAN,
    }


def test_what_has_no_value_is_left_out() -> None:
    line = json.loads(log_record(LogLine(text="hello", stream="stdout"), None))
    assert line.keys() == {"time", "level", "message", "event"}


def test_whatever_is_printed_is_one_line_of_json() -> None:
    err = io.StringIO()
    lines = JsonLines(err)
    lines.run = lambda: "the-run"
    write_line(lines, 'warning: "two"\nlines \x1b[31m \udcff')  # type: ignore[arg-type]
    lines.write("\n")
    (line,) = lines_of(err)
    assert (line["level"], line["message"], line["run"]) == ("warning", 'warning: "two"\nlines \x1b[31m ?', "the-run")
    assert "\x1b" not in err.getvalue()
    assert not lines.isatty()


def test_a_run_is_told_by_its_start_its_seconds_and_its_first_errors() -> None:
    err = io.StringIO()
    screen = JsonLog(JsonLines(err))
    screen.start(started(plan=plan(phase(name="steady"))))
    screen.interval(interval(second(0)))
    failed = failing_second(1, error="ECONNREFUSED", text=f"GET /: refused (trace {TRACE})")
    screen.interval(interval(failed))
    screen.close()
    begun, quiet, error, _ = lines_of(err)
    assert (begun["event"], begun["test"], begun["workers"], begun["seed"]) == ("started", "shop", 1, 42)
    assert quiet["event"] == "second"
    assert (quiet["elapsed_s"], quiet["phase"], quiet["requests_per_s"]) == (1.0, "steady", 10.0)
    assert (quiet["p95_ms"], quiet["errors"], quiet["vusers"]) == (25.0, 0, 3)
    assert (error["event"], error["level"], error["error"], error["trace_id"]) == (
        "error",
        "error",
        "ECONNREFUSED",
        TRACE,
    )


def test_a_quiet_run_tells_no_seconds() -> None:
    err = io.StringIO()
    screen = JsonLog(JsonLines(err), quiet=True)
    screen.start(started())
    screen.interval(interval(second(0)))
    screen.log(LogLine(text="bought", stream="stdout"))
    assert [line["event"] for line in lines_of(err)] == ["started", "log"]
