"""Which scenario and which phase a number belongs to."""

from time import perf_counter_ns

from loadkit.metrics.recorder import Recorder

STATUS = 200


def sample(intended: int, end: int) -> tuple[int, ...]:
    return intended, intended, intended, intended, end, end, STATUS, 10, 5, 5


def test_scenarios_that_share_a_request_name_are_told_apart_and_summed() -> None:
    recorder = Recorder()
    for scenario, count in (("browse", 3), ("buy", 2)):
        series = recorder.book(scenario).series("GET /")
        for _ in range(count):
            series.rows.extend(sample(1, 1000))
    recorder.book("buy").error("X", "GET /")
    snapshot = recorder.snapshot(0, 1)
    assert snapshot.count("http.requests", "GET /") == 5
    assert snapshot.histogram("http.response_time").total == 5
    assert {name: snapshot.select(scenario=name).count("http.requests") for name in ("browse", "buy")} == {
        "browse": 3,
        "buy": 2,
    }
    assert (
        snapshot.select(scenario="browse").count("errors.X"),
        snapshot.select(scenario="buy").count("errors.X"),
    ) == (0, 1)


def test_a_request_belongs_to_the_phase_of_its_intended_instant_whenever_it_is_flushed() -> None:
    recorder = Recorder()
    series = recorder.book("s").series("/")
    recorder.begin_phase(0, 100)
    series.rows.extend(sample(150, 160))
    recorder.begin_phase(1, 200)
    series.rows.extend(sample(190, 250))  # intended before the phase began
    series.rows.extend(sample(200, 260))
    recorder.begin_phase(2, 300)
    series.rows.extend(sample(120, 310))  # two phases late
    series.rows.extend(sample(300, 320))
    snapshot = recorder.snapshot(0, 1)
    assert [snapshot.select(phase=phase).count("http.requests") for phase in range(3)] == [3, 1, 1]
    assert [snapshot.select(phase=phase).histogram("http.response_time").total for phase in range(3)] == [3, 1, 1]
    assert snapshot.count("http.requests") == 5


def test_what_happens_belongs_to_the_phase_that_is_on() -> None:
    recorder = Recorder()
    book = recorder.book("s")
    tally, lengths = book.tally({("checks.ok", "/"): 2}), book.times("vusers.session_length", "s")
    counters = recorder.counters
    for phase in range(3):
        recorder.begin_phase(phase, perf_counter_ns())
        tally.times += phase + 1
        counters["arrivals.due", ""] += 10
        lengths.extend([5] * phase)
    snapshot = recorder.snapshot(0, 1)
    of_phase = [snapshot.select(phase=phase) for phase in range(3)]
    assert [found.count("checks.ok") for found in of_phase] == [2, 4, 6]
    assert [found.count("arrivals.due") for found in of_phase] == [10, 10, 10]
    assert [found.histogram("vusers.session_length").total for found in of_phase] == [0, 1, 2]
    assert recorder.snapshot(1, 2).parts == {}


def test_a_failure_belongs_to_the_phase_of_its_intended_instant() -> None:
    recorder = Recorder()
    start_ns = perf_counter_ns()
    recorder.begin_phase(1, start_ns)
    recorder.book("s").failure("/", "ETIMEDOUT", perf_counter_ns() - start_ns + 10**9)
    recorder.book("s").failure("/", "ETIMEDOUT", 0)
    snapshot = recorder.snapshot(0, 1)
    assert [snapshot.select(phase=phase).count("errors.ETIMEDOUT") for phase in range(2)] == [1, 1]
    assert [snapshot.select(phase=phase).histogram("http.failure_time").total for phase in range(2)] == [1, 1]


def test_phases_with_the_same_index_again_are_one() -> None:
    recorder = Recorder()
    for instant in (1, 2):
        recorder.begin_phase(1, instant)
        recorder.count("arrivals.due")
        recorder.begin_phase(0, instant)
    assert recorder.snapshot(0, 1).select(phase=1).count("arrivals.due") == 2
