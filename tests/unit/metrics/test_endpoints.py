from loadkit.metrics.endpoints import Naming, reported_counters, reported_summaries
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.sample import Sample
from loadkit.metrics.snapshot import Snapshot
from loadkit.units import NS_PER_MS

BY = "plugins.metrics-by-endpoint"


def sample(status: int = 200) -> Sample:
    return Sample(0, 0, 0, 0, 0, 5 * NS_PER_MS, status, 10, 10)


def seen(recorder: Recorder) -> tuple[Snapshot, Naming]:
    return recorder.snapshot(0, 10**9), Naming(endpoints=recorder.endpoint_names())


def test_a_name_with_one_endpoint_is_not_recorded_twice() -> None:
    recorder = Recorder()
    recorder.series("add", "/cart (add)").rows.extend(sample())
    snapshot, naming = seen(recorder)
    assert reported_counters(snapshot, naming)[f"{BY}./cart (add).codes.200"] == 1
    assert reported_summaries(snapshot, naming)[f"{BY}.response_time./cart (add)"]["count"] == 1
    assert not [metric for metric, _ in snapshot.counters if metric.startswith("endpoint.")]


def test_a_name_with_several_endpoints_is_told_apart() -> None:
    recorder = Recorder()
    for endpoint, status in (("/a (same)", 200), ("/b (same)", 404), ("/b (same)", 200)):
        recorder.series("same", endpoint).rows.extend(sample(status))
    snapshot, naming = seen(recorder)
    counters = reported_counters(snapshot, naming)
    assert {name: count for name, count in counters.items() if name.startswith(BY)} == {
        f"{BY}./a (same).codes.200": 1,
        f"{BY}./b (same).codes.200": 1,
        f"{BY}./b (same).codes.404": 1,
    }
    assert counters["http.requests"] == 3
    assert snapshot.count("http.requests", "same") == 3
    summaries = reported_summaries(snapshot, naming)
    assert summaries[f"{BY}.response_time./b (same)"]["count"] == 2
    assert "endpoint.response_time" not in summaries


def test_what_the_plugin_does_not_see_is_taken_off() -> None:
    recorder = Recorder()
    series = recorder.series("/old", "/old")
    hop, last = sample(302), sample(200)._replace(end_ns=9 * NS_PER_MS)
    series.rows.extend((*hop, *last))
    recorder.unseen("/old", hop)
    snapshot, naming = seen(recorder)
    counters, times = reported_counters(snapshot, naming), reported_summaries(snapshot, naming)
    assert times[f"{BY}.response_time./old"] == {
        **times[f"{BY}.response_time./old"],
        "count": 1,
        "max": 9.0,
        "mean": 9.0,
    }
    assert 8.9 < times[f"{BY}.response_time./old"]["min"] <= 9.0
    assert times["http.response_time"]["count"] == 2
    assert not [name for name in times if name.startswith("endpoint.")]
    assert f"{BY}./old.codes.302" not in counters
    assert counters[f"{BY}./old.codes.200"] == counters["http.codes.302"] == 1


def test_an_endpoint_without_a_response_to_show_has_no_times() -> None:
    recorder = Recorder()
    recorder.series("/x", "/x").rows.extend(sample(500))
    recorder.unseen("/x", sample(500))
    recorder.unseen("", sample(500))
    snapshot, naming = seen(recorder)
    assert not [name for name in reported_summaries(snapshot, naming) if name.startswith(BY)]
    assert not [name for name in reported_counters(snapshot, naming) if name.startswith(BY)]


def test_a_request_without_an_endpoint_is_left_out() -> None:
    recorder = Recorder()
    recorder.series("/x", "").rows.extend(sample())
    snapshot, naming = seen(recorder)
    assert not [name for name in reported_counters(snapshot, naming) if name.startswith(BY)]
    assert not [name for name in reported_summaries(snapshot, naming) if name.startswith(BY)]


def test_errors_of_requests_are_counted_by_endpoint_and_others_are_not() -> None:
    recorder = Recorder()
    recorder.series("add", "/cart (add)")
    recorder.failure("add", "ECONNREFUSED", 5, endpoint="/cart (add)")
    recorder.error("Failed capture or match", "add")
    counters = reported_counters(*seen(recorder))
    assert counters["errors.ECONNREFUSED"] == counters[f"{BY}./cart (add).errors.ECONNREFUSED"] == 1
    assert counters["errors.Failed capture or match"] == 1
    assert len([name for name in counters if name.startswith(BY)]) == 1
