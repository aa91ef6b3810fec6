"""What many objectives need, added up once a second, is what reading each from the whole would give."""

from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Snapshot
from loadkit.slo.collected import Collected
from loadkit.slo.evaluate import observe
from loadkit.slo.expression import Objective, parse_threshold
from tests.support.results import failing_second, second

TEXTS = (
    "http.response_time.p95 < 1s",
    "http.service_time.mean < 1s",
    "http.error_rate < 1%",
    "http.codes.5xx == 0",
    'http.response_time.p50 < 1s of "/products"',
)


def collected(*texts: str, each: bool = False) -> tuple[Collected, list[Objective]]:
    objectives = [parse_threshold(text) for text in texts]
    return Collected((one.selector, each) for one in objectives), objectives


def test_values_are_those_of_the_whole() -> None:
    held, objectives = collected(*TEXTS)
    whole = Snapshot()
    for index, one in enumerate(
        (second(0), second(1, name="/cart", status=503, ms=70), failing_second(2), second(3, requests=0))
    ):
        held.add([one])
        whole.merge(one)
        for objective in objectives:
            selector = objective.selector
            assert observe(selector, held.of(selector.label), index + 1.0) == observe(selector, whole, index + 1.0)


def test_nothing_is_kept_that_nobody_needs() -> None:
    held, _ = collected("http.error_rate < 1%")
    held.add([second(0)])
    assert not held.of(None).histograms
    assert held.of("/products").counters == {}


def test_names_are_those_that_have_numbers_of_the_metric() -> None:
    held, (objective,) = collected("http.response_time.p95 < 1s", each=True)
    held.add([second(0, name="/b"), second(0, name="/a")])
    assert held.labels(objective) == ["/a", "/b"]
    assert held.of("/a").histogram("http.response_time").total == 10


def test_snapshots_stay_as_they_are() -> None:
    held, _ = collected("http.response_time.p95 < 1s")
    first = second(0)
    held.add([first])
    held.add([second(1)])
    assert first.histogram("http.response_time").total == 10
    assert isinstance(held.of(None).histogram("http.response_time"), Histogram)
