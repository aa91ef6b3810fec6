import re
from dataclasses import replace

import pytest

from loadkit.metrics.recorder import Recorder
from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.outputs.base import ansi
from loadkit.outputs.concluding import conclusion
from loadkit.outputs.summary import MOST_REQUESTS, quiet_summary, summary
from loadkit.slo.evaluate import Status
from loadkit.slo.validity import Measurement, Validity
from loadkit.slo.watch import Abort
from loadkit.slo.window import Breaches, Logic, Window
from loadkit.units import NS_PER_MS, NS_PER_S
from tests.support.interventions import BEGUN, EVERY, PAUSED, STOPPED
from tests.support.results import failing_second, invalid, plan, result, second, verdict


def text_of(made, **options) -> str:
    return "\n".join(summary(made, **options))


def test_each_request_name_has_both_times_labelled():
    text = text_of(result(second(0), second(1, name="/cart", ms=100)))
    assert re.search(r"/products\n +response time +10 +25ms +25ms", text)
    assert re.search(r"/products\n.*\n +service time +10 +20ms", text)
    assert re.search(r"all requests\n +response time +20", text)


def test_the_word_latency_never_stands_alone():
    assert "latency" not in text_of(result(second(0), failing_second(1))).lower()


def test_times_of_failures_stand_apart():
    assert re.search(r"/cart\n +failure time +2 +3ms", text_of(result(failing_second(0))))
    assert "failure time" not in text_of(result(second(0)))


def test_a_single_request_name_needs_no_total():
    assert "all requests" not in text_of(result())


def test_many_request_names_are_cut_and_counted():
    many = [second(index, name=f"/{index}", requests=1) for index in range(MOST_REQUESTS + 3)]
    assert "... and 3 more requests" in text_of(result(*many))


def test_outcomes_come_with_an_example():
    text = text_of(result(second(0, status=503), failing_second(1)))
    assert re.search(r"12 requests \(6\.0/s\), 10 responses, 1000 B received", text)
    assert re.search(r"10 +status 503", text)
    assert re.search(r"2 +error ECONNREFUSED\n +e\.g\. connect to 127\.0\.0\.1:1 \(at 1s\)", text)


def test_failed_checks_come_with_an_example():
    snapshot = second(0)
    snapshot.counters["plugins.expect.failed", "/products"] = 3
    snapshot.counters["plugins.expect.failed.statusCode", "/products"] = 3
    snapshot.examples["expect.statusCode"] = [(0, "GET /products: status is 200, expected 201")]
    text = text_of(result(snapshot))
    assert re.search(r"3 +failed check statusCode\n +e\.g\. GET /products: status is 200, expected 201\n", text)
    assert "GET /products" in "\n".join(quiet_summary(result(snapshot)))


def test_the_verdict_on_expectations_needs_no_limit():
    judged = verdict(
        Status.FAIL, "expectations", origin="expect", limit_text="== 0", observed_text="3 of 9 checks failed"
    )
    assert "wanted" not in text_of(result(verdicts=(judged,)))


def test_an_example_cannot_command_the_terminal():
    assert "\\x1b[2J" in text_of(result(failing_second(0, text="\x1b[2Jgone")))


def test_arrivals_say_what_was_late_and_dropped_and_why():
    snapshot = second(0, requests=20)
    snapshot.counters.update(
        {("arrivals.late", ""): 2, ("arrivals.dropped", ""): 5, ("arrivals.dropped.max_vusers", ""): 5}
    )
    text = text_of(result(snapshot))
    assert "arrivals: 20 planned, 20 started, 2 late (> 10 ms), 5 dropped (5 max_vusers)" in text
    assert "virtual users: 20 created" in text


def test_arrivals_that_a_lost_worker_owed_are_said():
    snapshot = second(0, requests=20)
    snapshot.counters.update({("arrivals.planned", ""): 27, ("arrivals.lost", ""): 7})
    text = text_of(result(snapshot))
    assert "arrivals: 27 planned, 20 started, 0 late (> 10 ms), 0 dropped, 7 lost with their worker" in text
    assert "lost" not in text_of(result())


def test_log_lines_that_were_dropped_are_counted():
    snapshot = second(0)
    snapshot.counters["log.lines_dropped", ""] = 1234
    assert "1,234  log lines not shown" in text_of(result(snapshot))
    assert "log lines" not in text_of(result())


def test_what_artillery_would_have_sent_otherwise_is_said():
    snapshot = second(0)
    snapshot.counters["http.redirects.post_to_get", "/login"] = 7
    assert "7  a POST that 301 or 302 redirected went on as GET" in text_of(result(snapshot))
    assert "LK506" not in text_of(result())


def test_thresholds_show_what_was_measured_and_where_they_stand():
    text = text_of(result(verdicts=(verdict(), verdict(Status.FAIL, "http.error_rate < 1%", observed_text="2.4%"))))
    assert re.search(r"PASS +http\.response_time\.p95 < 250ms  measured 25ms  shop\.yaml:12", text)
    assert re.search(r"FAIL +http\.error_rate < 1% +measured 2\.4%.*shop\.yaml:12", text)


def test_a_limit_that_the_objective_does_not_say_is_said():
    text = text_of(result(verdicts=(verdict(text="p95: 250", limit_text="< 250ms"),)))
    assert "wanted < 250ms" in text
    assert "wanted" not in text_of(result(verdicts=(verdict(),)))


def test_reasons_and_lax_objectives_are_said():
    text = text_of(result(verdicts=(verdict(Status.FAIL, strict=False, reason="no samples: no request"),)))
    assert "(no samples: no request)  (does not fail the run)" in text


def test_a_window_shows_its_worst_value_and_when_it_failed():
    made = verdict(
        Status.FAIL,
        name="peak stays fast",
        scope='in phase "peak"',
        window=Window(Logic.OVER, 10),
        breaches=Breaches(judged=3, bad=1, failed_s=42),
        reason="failed at 0:42, over 10 s: 25ms; bad in 1 of 3 seconds",
    )
    line = next(line for line in text_of(result(verdicts=(made,))).splitlines() if "peak stays fast" in line)
    assert 'peak stays fast: http.response_time.p95 < 250ms [in phase "peak"] over 10 s  measured 25ms at worst' in line
    assert "(failed at 0:42, over 10 s: 25ms; bad in 1 of 3 seconds)" in line


def test_a_scope_that_the_text_says_is_not_said_again():
    made = verdict(text='http.requests > 1 of "/a"', scope='of "/a"')
    assert '"/a"]' not in text_of(result(verdicts=(made,)))


def test_a_run_that_a_threshold_stopped_says_which_and_when():
    stopped = {
        "verdicts": (verdict(Status.FAIL),),
        "aborted_by": Abort(objective_text="http.error_rate < 1%", second=72),
    }
    words = "FAIL: 1 of 1 threshold failed; stopped at 1:12 by http.error_rate < 1% (exit code 3)"
    assert conclusion(result(**stopped)) == words
    assert "stopped at 1:12" in conclusion(result(measurement=invalid(), **stopped))


def test_an_invalid_measurement_says_why():
    assert "INVALID: 12% of the arrivals started late; lower the rate" in text_of(result(measurement=invalid()))


def generated(worker: int, *shares: float) -> Snapshot:
    """A second for each share of a core that a worker used, with one wake-up that came 3 ms late."""
    recorder, seconds = Recorder(worker), []
    for index, share in enumerate(shares):
        recorder.times("generator.loop_lag", recorder.label).append(3 * NS_PER_MS)
        for name, value in (("cpu", share), ("fds", 120.0), ("fds_limit", 20_000.0)):
            recorder.gauge(f"worker.{name}", value)
        seconds.append(recorder.snapshot(index * NS_PER_S, (index + 1) * NS_PER_S))
    return merge_all(seconds)


def test_one_short_line_says_how_the_busiest_worker_fared():
    lines = text_of(result(generated(0, 0.2, 0.3), generated(1, 0.25, 0.61))).splitlines()
    (line,) = [line for line in lines if "cpu" in line]
    assert line == "  worker 1: cpu 43% (max 61%), loop lag p99 3ms, fds 120/20000"
    assert not any("cpu" in line for line in quiet_summary(result(generated(0, 0.2), measurement=invalid())))


def test_what_to_keep_in_mind_about_valid_figures_is_said():
    assert "\n  note: generator-bound" in text_of(result(measurement=Measurement(notes=("generator-bound: x",))))


def test_it_says_where_the_report_is():
    assert "\n  out/report.json\n" in text_of(result(), reports=["out/report.json"])
    assert "Report" not in text_of(result())


def test_it_repeats_what_a_second_run_needs():
    text = text_of(result(tags={"team": "checkout"}))
    assert "ran 2s, 1 phase, 1 worker, seed 42, plan 3f2a9c0d1e2f, team:checkout" in text


def test_a_run_without_requests_has_a_summary():
    assert "PASS: nothing was judged" in text_of(result(Snapshot()))


CASES = [
    ("PASS: nothing was judged", {}),
    ("PASS: 2 thresholds held", {"verdicts": (verdict(), verdict())}),
    ("PASS: 1 threshold held", {"verdicts": (verdict(), verdict(Status.FAIL, strict=False))}),
    ("PASS: 1 threshold held (1 inconclusive)", {"verdicts": (verdict(), verdict(Status.INCONCLUSIVE))}),
    ("PASS: nothing failed (1 inconclusive)", {"verdicts": (verdict(Status.INCONCLUSIVE),)}),
    ("FAIL: 1 of 2 thresholds failed (exit code 3)", {"verdicts": (verdict(), verdict(Status.FAIL))}),
    ("INVALID: this measurement cannot be trusted", {"measurement": invalid(), "verdicts": (verdict(Status.FAIL),)}),
    ("INTERRUPTED by SIGINT", {"signal": "SIGINT", "measurement": invalid()}),
    ("PASS: 1 threshold held, with 1 intervention", {"verdicts": (verdict(),), "interventions": PAUSED}),
    ("PASS: nothing was judged, with 3 interventions; config", {"interventions": EVERY}),
    (
        "FAIL: 1 of 1 threshold failed, with 1 intervention (exit code 3)",
        {"verdicts": (verdict(Status.FAIL),), "interventions": STOPPED},
    ),
]


def test_what_people_did_stands_at_the_top_and_marks_the_verdict() -> None:
    made = result(interventions=EVERY, verdicts=(verdict(),))
    lines = text_of(made).splitlines()
    told = "  3 interventions: paused 750ms at 0:00 by keyboard, rate x2.5 at 0:01 by api, stopped at 0:01 by dashboard"
    assert told in lines[:5]
    assert conclusion(made, paint=lambda text, colour: f"{colour}: {text}").startswith("yellow: PASS")
    assert "intervention" not in text_of(result(interventions=BEGUN))


def test_arrivals_say_what_was_withheld_and_added() -> None:
    counts = {"due": 10, "started": 9, "withheld": 4, "added": 3}
    made = Snapshot(counters={(f"arrivals.{name}", ""): count for name, count in counts.items()})
    assert "0 dropped, 4 withheld, 3 added to the plan" in text_of(result(made))


def test_a_run_that_judged_nothing_says_how_much_went_unanswered():
    text = conclusion(result(second(0), failing_second(1)))
    assert text.startswith("PASS: nothing was judged, but 2 of 12 requests got no valid response")


@pytest.mark.parametrize(("words", "changes"), CASES)
def test_one_line_says_it_all(words, changes):
    assert conclusion(result(**changes)).startswith(words)


def test_a_suspect_measurement_does_not_change_the_conclusion():
    suspect = Measurement(status=Validity.SUSPECT, reasons=("busy",))
    assert conclusion(result(measurement=suspect, verdicts=(verdict(),))).startswith("PASS")


def test_colours_add_nothing_that_words_do_not_say():
    made = result(verdicts=(verdict(Status.FAIL),))
    coloured = text_of(made, paint=ansi)
    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == text_of(made)


def test_quiet_says_nothing_when_all_is_well():
    assert list(quiet_summary(result(verdicts=(verdict(),)))) == []


def test_quiet_says_that_people_intervened() -> None:
    assert list(quiet_summary(result(interventions=PAUSED, verdicts=(verdict(),)))) == [
        "PASS: 1 threshold held, with 1 intervention"
    ]


def test_quiet_keeps_failures_errors_and_an_invalid_measurement():
    made = result(second(0), failing_second(1), verdicts=(verdict(), verdict(Status.FAIL, "http.error_rate < 1%")))
    text = "\n".join(quiet_summary(made))
    assert "http.error_rate < 1%" in text
    assert "http.response_time" not in text
    assert "error ECONNREFUSED" in text
    assert text.endswith("FAIL: 1 of 2 thresholds failed (exit code 3)")
    assert "INVALID: 12%" in "\n".join(quiet_summary(replace(made, measurement=invalid())))


def test_names_are_printed_as_text():
    assert "\x07" not in text_of(result(plan=plan(name="bell\x07")))


def test_quiet_shows_what_was_not_decided() -> None:
    lines = list(quiet_summary(result(verdicts=(verdict(), verdict(Status.INCONCLUSIVE, "http.tls.p95 < 1ms")))))
    assert [line.split()[:2] for line in lines] == [["INCONCLUSIVE", "http.tls.p95"]]
