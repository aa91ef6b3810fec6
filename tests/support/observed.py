"""Sources, series and snapshots of a system under test that nobody has to start."""

from collections.abc import Iterable

from loadkit.metrics.gauge import Gauge
from loadkit.metrics.snapshot import COORDINATOR, Snapshot
from loadkit.slo.metric import Kind
from loadkit.slo.observed import Observed, Series, Source

S = 10**9
MB = 1_000_000
RSS = Series(name="rss", kind=Kind.BYTES, description="memory", least_growth=5.0 * MB, limit="most")
CPU = Series(name="cpu", kind=Kind.RATIO, description="processor")
SHARE = Series(name="share", kind=Kind.RATIO, description="a share", bounded=True)
MOST = Series(name="most", kind=Kind.BYTES, description="memory that there may be")
RESTARTS = Series(name="restarts", kind=Kind.COUNT, description="new processes", begins_anew=True)
API = Source(name="api", plugin="process", series=(RSS, CPU, SHARE, MOST, RESTARTS))


def observed(warmup_s: float | None = 5.0) -> Observed:
    return Observed(sources=(API,), warmup_s=warmup_s)


def seconds(values: Iterable[float], requests: int = 50, series: str = "rss") -> list[Snapshot]:
    """A snapshot a second with a value of a series, and so many requests in each."""
    made = []
    for index, value in enumerate(values):
        gauge = Gauge.seen(index * S + S // 2, value)
        counters = {("http.requests", "/"): requests} if requests else {}
        key = (API.gauge(series), COORDINATOR)
        made.append(Snapshot(start_ns=index * S, end_ns=(index + 1) * S, counters=dict(counters), gauges={key: gauge}))
    return made
