from dataclasses import replace

import pytest

from loadkit.engine.result import RunResult
from loadkit.errors import Diagnostic
from loadkit.metrics.snapshot import Snapshot
from loadkit.slo.evaluate import Status
from loadkit.slo.watch import Abort
from loadkit.slo.window import Breaches, Logic, Window
from tests.support.results import AT, failing_second, invalid, phase, plan, report_of, result, second, verdict


def loadkit_section(made: RunResult):
    return report_of(made)["loadkit"]


def test_a_report_has_artillerys_sections_and_loadkits():
    assert list(report_of(result())) == ["aggregate", "intermediate", "loadkit"]


def test_origin_says_what_ran():
    seen = loadkit_section(result(tags={"team": "checkout"}))
    assert seen["name"] == "shop"
    assert seen["seed"] == 42
    assert seen["digest"] == "3f2a9c0d1e2f3a4b"
    assert seen["tags"] == {"team": "checkout"}
    assert seen["files"] == ["shop.yaml"]
    assert {"loadkit", "python", "numpy"} <= set(seen["versions"])
    assert seen["host"]["cpus"] >= 1
    assert seen["started_at"] == "2023-11-14T22:13:24.500+00:00"


def test_the_targets_password_is_not_in_the_report():
    made = result(target="http://ann:secret@shop.example")
    assert "secret" not in str(report_of(made))


def test_exit_code_and_signal_are_those_of_the_run():
    seen = loadkit_section(result(signal="SIGINT"))
    assert (seen["signal"], seen["exit_code"]) == ("SIGINT", 130)


def test_phases_say_their_model():
    phases = (
        phase(0, kind="open"),
        phase(1, kind="closed", start_s=20),
        phase(2, kind="pause", start_s=40),
    )
    seen = loadkit_section(result(plan=plan(*phases)))["phases"]
    assert [entry["kind"] for entry in seen] == ["open", "closed", "pause"]
    assert [entry["arrivals"] for entry in seen] == [200, None, 0]
    assert (seen[1]["users"], seen[1]["throughput_per_s"], seen[1]["start_s"]) == (5, 50.0, 20.0)


def test_verdicts_name_their_place():
    seen = loadkit_section(result(verdicts=(verdict(Status.FAIL), verdict(at=None))))["verdicts"]
    assert seen[0]["status"] == "fail"
    assert seen[0]["at"] == {"file": "shop.yaml", "line": 12, "column": 7}
    assert seen[1]["at"] is None


def test_verdicts_say_what_they_are_about_and_what_was_found():
    found = Breaches(judged=9, bad=3, row=2, first_bad_s=4, failed_s=5, at_failure=6.0, worst=7.0, worst_s=8)
    made = verdict(name="n", tags={"a": "b"}, scope="each", window=Window(Logic.FOR, 10), breaches=found, strict=False)
    plain, seen = loadkit_section(result(verdicts=(verdict(), made)))["verdicts"]
    assert (seen["name"], seen["tags"], seen["scope"], seen["severity"]) == ("n", {"a": "b"}, "each", "warning")
    assert seen["window"] == {"logic": "for", "seconds": 10}
    assert list(seen["breaches"].values()) == [9, 3, 2, 4, 5, 6.0, 7.0, 8]
    assert (plain["severity"], plain["scope"], plain["window"], plain["breaches"]) == ("error", "global", None, None)


def test_a_run_that_was_stopped_says_by_what():
    seen = loadkit_section(result(aborted_by=Abort(objective_text="http.error_rate < 1%", second=7)))
    assert seen["aborted_by"] == {"objective": "http.error_rate < 1%", "second": 7}
    assert loadkit_section(result())["aborted_by"] is None


def test_an_invalid_measurement_says_why():
    seen = loadkit_section(result(measurement=invalid()))["measurement"]
    assert seen["status"] == "invalid"
    assert seen["reasons"]


def test_warnings_of_the_plan_are_kept():
    warned = replace(plan(), warnings=(Diagnostic(code="LK504", message="unknown plugin", at=AT),))
    seen = loadkit_section(result(plan=warned))["warnings"]
    assert seen == [
        {"code": "LK504", "message": "unknown plugin", "at": {"file": "shop.yaml", "line": 12, "column": 7}}
    ]


def test_each_request_name_has_its_counts_and_both_times():
    seen = {entry["name"]: entry for entry in loadkit_section(result(second(0), failing_second(1)))["requests"]}
    assert seen["/products"]["codes"] == {"200": 10}
    assert seen["/products"]["response_time_ms"]["p50"] == 25.0
    assert seen["/products"]["service_time_ms"]["p50"] == 20.0
    assert "failure_time_ms" not in seen["/products"]
    assert seen["/cart"]["errors"] == {"ECONNREFUSED": 2}
    assert seen["/cart"]["failure_time_ms"]["count"] == 2
    assert "response_time_ms" not in seen["/cart"]


def test_series_can_be_decoded_by_any_hdr_library():
    from hdrh.histogram import HdrHistogram

    seen = loadkit_section(result())["series"]
    found = next(entry for entry in seen if entry["metric"] == "http.response_time")
    decoded = HdrHistogram.decode(found["hdr"])
    assert decoded.get_total_count() == found["count"] == 20
    assert decoded.get_value_at_percentile(50) == pytest.approx(25_000, rel=0.001)


def test_examples_of_errors_carry_their_instant():
    seen = loadkit_section(result(failing_second(3, text="refused")))["examples"]
    assert seen == {"ECONNREFUSED": [{"t_s": 3.0, "text": "refused"}]}


def test_a_run_without_a_single_request_has_a_report():
    made = report_of(result(Snapshot(), elapsed_s=0.0))
    assert made["aggregate"]["counters"] == {}
    assert made["intermediate"] == []
