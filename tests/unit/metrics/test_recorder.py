"""From rows of integers to counters and histograms."""

from time import perf_counter_ns

from loadkit.metrics.book import FLUSH_ROWS
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.snapshot import from_wire, merge_all, to_wire


def sample(intended: int, start: int, sent: int, first: int, end: int, status: int = 200) -> tuple[int, ...]:
    return intended, start, start, sent, first, end, status, 100, 50, 60


def test_a_sample_gives_both_latencies_and_its_parts() -> None:
    recorder = Recorder()
    recorder.series("/x").rows.extend(sample(0, 5_000, 7_000, 9_000, 20_000))
    snapshot = recorder.snapshot(0, 1)
    expected = {"response_time": 20_000, "service_time": 15_000, "send": 2_000, "first_byte": 2_000, "receive": 11_000}
    assert {name: snapshot.histogram(f"http.{name}", "/x").max_ns for name in expected} == expected
    assert snapshot.count("http.requests") == snapshot.count("http.responses") == 1
    assert (snapshot.count("http.downloaded_bytes"), snapshot.count("http.uploaded_bytes")) == (100, 50)


def test_statuses_are_counted_and_timed_by_family() -> None:
    recorder = Recorder()
    for status in (200, 201, 404, 500, 500):
        recorder.series("/x").rows.extend(sample(0, 0, 0, 0, status, status))
    snapshot = recorder.snapshot(0, 1)
    counts = {code: snapshot.count(f"http.codes.{code}") for code in (200, 201, 404, 500)}
    assert counts == {200: 1, 201: 1, 404: 1, 500: 2}
    families = {n: snapshot.histogram(f"http.response_time.{n}xx").total for n in range(1, 6)}
    assert families == {1: 0, 2: 2, 3: 0, 4: 1, 5: 2}


def test_a_failure_is_a_request_without_a_response_time() -> None:
    recorder = Recorder()
    recorder.failure("/x", "ETIMEDOUT", 5_000, text="GET /x: late")
    snapshot = recorder.snapshot(0, 1)
    assert (snapshot.count("http.requests"), snapshot.count("http.responses")) == (1, 0)
    assert snapshot.count("errors.ETIMEDOUT", "/x") == 1
    assert snapshot.histogram("http.failure_time").total == 1
    assert snapshot.histogram("http.response_time").total == 0
    assert [text for _, text in snapshot.examples["ETIMEDOUT"]] == ["GET /x: late"]


def test_only_the_first_five_texts_of_an_error_are_kept() -> None:
    recorder = Recorder()
    recorder.origin_ns = perf_counter_ns()
    for number in range(20):
        recorder.error("X", text=str(number))
    examples = recorder.snapshot(0, 1).examples["X"]
    assert [text for _, text in examples] == ["0", "1", "2", "3", "4"]
    assert all(0 <= at_ns < 60e9 for at_ns, _ in examples)
    recorder.error("X", text="later")
    assert recorder.snapshot(1, 2).examples == {}


def test_a_snapshot_starts_anew_and_nothing_is_counted_twice_or_lost() -> None:
    recorder, parts = Recorder(), []
    for second in range(3):
        for _ in range(FLUSH_ROWS + 3):
            recorder.series("/x").rows.extend(sample(0, 0, 0, 0, 1000))
        recorder.flush_full()
        recorder.times("http.connect", "/x").append(5)
        parts.append(recorder.snapshot(second, second + 1))
    merged = merge_all(parts)
    assert merged.count("http.requests") == merged.histogram("http.response_time").total == 3 * (FLUSH_ROWS + 3)
    assert merged.histogram("http.connect").total == 3
    assert (merged.start_ns, merged.end_ns) == (0, 3)


def test_a_snapshot_survives_the_wire() -> None:
    import msgspec

    recorder = Recorder(worker=2)
    recorder.series("/x").rows.extend(sample(0, 5_000, 7_000, 9_000, 20_000))
    recorder.failure("/y", "RESET", 5, text="text")
    recorder.gauge("vusers.active", 7)
    snapshot = recorder.snapshot(3, 9)
    twin = from_wire(msgspec.msgpack.decode(msgspec.msgpack.encode(to_wire(snapshot))))
    assert (twin.counters, twin.gauges, twin.examples) == (snapshot.counters, snapshot.gauges, snapshot.examples)
    assert (twin.start_ns, twin.end_ns) == (3, 9)
    assert twin.histograms.keys() == snapshot.histograms.keys()
    assert twin.gauge("vusers.active") == 7
