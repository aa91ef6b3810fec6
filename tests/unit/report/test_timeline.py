import pytest

from loadkit.metrics.endpoints import Naming
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.report.timeline import COLUMNS, Timeline, count_errors
from tests.support.results import STARTED_AT, failing_second, second

WINDOW = 1_700_000_000_000


def timeline(*snapshots) -> Timeline:
    return Timeline.of(STARTED_AT, snapshots)


def aggregate(*snapshots):
    return timeline(*snapshots).aggregate(merge_all(snapshots), float(len(snapshots)))


def test_counters_are_totals_over_requests_beside_one_per_endpoint():
    counters = aggregate(second(0, requests=3), second(1, requests=4, name="/cart", status=503))["counters"]
    assert counters["http.requests"] == counters["http.responses"] == 7
    assert counters["http.codes.200"] == 3
    assert counters["plugins.metrics-by-endpoint./products.codes.200"] == 3
    assert counters["plugins.metrics-by-endpoint./cart.codes.503"] == 4
    assert counters["http.downloaded_bytes"] == 7 * 60


def test_virtual_users_are_counted_by_scenario_under_artillerys_name():
    counters = aggregate(second(0, requests=3))["counters"]
    assert counters["vusers.created"] == counters["vusers.created_by_name.browse"] == 3


def test_a_scenario_without_a_name_is_known_by_its_index():
    snapshot = Snapshot(0, 1_000_000_000)
    snapshot.counters = {("vusers.created", "scenario 0"): 2, ("vusers.created", "b"): 1}
    made = Timeline(STARTED_AT, Naming(scenarios={"scenario 0": "0"}))
    made.add(snapshot)
    expected = {"vusers.created": 3, "vusers.created_by_name.0": 2, "vusers.created_by_name.b": 1}
    assert made.intermediate()[0]["counters"] == made.aggregate(snapshot, 1.0)["counters"] == expected


def test_what_never_happened_is_absent_not_zero():
    made = aggregate(failing_second(0))
    assert "vusers.completed" not in made["counters"]
    assert "http.responses" not in made["counters"]


def test_errors_are_counted_by_name():
    counters = aggregate(failing_second(0, error="ETIMEDOUT"))["counters"]
    assert counters["errors.ETIMEDOUT"] == 2


def test_request_rate_is_requests_per_second_as_it_was():
    assert aggregate(second(0, requests=1), second(1, requests=2), second(2, requests=0))["rates"] == {
        "http.request_rate": 1
    }
    assert aggregate(second(0, requests=1), second(1, requests=0), second(2, requests=0))["rates"] == {
        "http.request_rate": 0.33
    }


def test_less_than_a_second_counts_as_one():
    moment = second(0, requests=1)
    moment.end_ns = 500_000
    assert timeline(moment).intermediate()[0]["rates"]["http.request_rate"] == 1


def test_times_are_summarised_in_milliseconds_for_all_and_by_endpoint():
    summaries = aggregate(second(0), second(1, name="/cart", ms=100))["summaries"]
    assert summaries["http.response_time"]["count"] == 20
    assert summaries["http.response_time"]["max"] == 105.0
    assert summaries["plugins.metrics-by-endpoint.response_time./products"]["max"] == 25.0
    assert summaries["http.response_time.2xx"]["median"] == summaries["http.response_time.2xx"]["p50"]


def test_what_artillery_does_not_measure_stands_beside_its_part():
    measured = timeline(second(0)).measured(second(0))
    assert measured["summaries"]["http.service_time"]["max"] == 20.0
    assert measured["counters"]["arrivals.due"] == 10
    assert "http.service_time" not in aggregate(second(0))["summaries"]
    assert "arrivals.due" not in aggregate(second(0))["counters"]


def test_histograms_repeat_the_summaries():
    made = aggregate(second(0))
    assert made["histograms"] == made["summaries"]


def test_windows_are_ten_seconds_of_the_clock():
    made = timeline(*(second(index, requests=index + 1) for index in range(8))).intermediate()
    assert [window["period"] for window in made] == [str(WINDOW), str(WINDOW + 10_000)]
    # The run starts 4.5 s into the first window, which therefore takes the seconds that begin before its end.
    assert [window["counters"]["http.requests"] for window in made] == [1 + 2 + 3 + 4 + 5 + 6, 7 + 8]


def test_window_rates_are_over_the_seconds_in_the_window():
    made = timeline(second(0, requests=10), second(1, requests=30)).intermediate()
    assert made[0]["rates"]["http.request_rate"] == 20


def test_the_aggregates_period_is_the_last_windows_as_a_number():
    assert aggregate(*(second(index) for index in range(8)))["period"] == WINDOW + 10_000


def test_stamps_say_when_metrics_were_first_and_last_seen():
    made = aggregate(failing_second(0), second(1))
    started = round(STARTED_AT * 1000)
    assert made["firstCounterAt"] == made["firstMetricAt"] == started
    assert made["lastCounterAt"] == made["lastHistogramAt"] == made["lastMetricAt"] == started + 2000


def test_a_window_in_which_nothing_was_measured_is_left_out():
    quiet = [Snapshot(start_ns=n * 10**9, end_ns=(n + 1) * 10**9) for n in range(1, 30)]
    assert len(timeline(second(0), *quiet, second(30)).intermediate()) == 2


def test_each_second_is_a_row():
    rows = timeline(second(0, requests=4, ms=20), failing_second(1)).rows
    named = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    assert named[0]["t_s"] == 1.0
    assert named[0]["requests"] == named[0]["request_rate"] == named[0]["arrivals_due"] == 4
    assert named[0]["response_time_p99_ms"] == pytest.approx(25.0, rel=0.001)
    assert named[0]["service_time_p50_ms"] == pytest.approx(20.0, rel=0.001)
    assert named[0]["vusers_active"] == 3
    assert named[1]["errors"] == 2
    assert named[1]["response_time_p50_ms"] is None


def test_a_row_says_how_the_generator_fared():
    seen = Snapshot(end_ns=10**9, counters={("arrivals.late", ""): 3})
    for worker, share in ((0, 0.25), (1, 0.61234)):
        recorder = Recorder(worker)
        recorder.gauge("worker.cpu", share)
        for metric, ms in (("generator.lag", 12), ("generator.loop_lag", 4)):
            recorder.times(metric, recorder.label).append((ms + worker) * 10**6)
        seen.merge(recorder.snapshot(0, 10**9))
    (row,) = timeline(seen).rows
    named = dict(zip(COLUMNS, row, strict=True))
    assert (named["arrivals_late"], named["worker_cpu_max"]) == (3, 0.612)
    assert named["lag_p99_ms"] == pytest.approx(13, rel=0.001)
    assert named["loop_lag_p99_ms"] == pytest.approx(5, rel=0.001)
    (bare,) = timeline(second(0)).rows
    assert [dict(zip(COLUMNS, bare, strict=True))[name] for name in ("lag_p99_ms", "worker_cpu_max")] == [None, None]


def test_errors_of_every_kind_are_counted():
    assert count_errors(failing_second(0)) == 2
    assert count_errors(second(0)) == 0
