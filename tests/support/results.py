"""Results of runs that never happened, built from recorder snapshots."""

from fractions import Fraction
from typing import Any

from loadkit.engine.events import Interval, Started
from loadkit.engine.result import RunResult
from loadkit.errors import Position
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.sample import Sample
from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.report.report import build_report
from loadkit.report.timeline import Timeline
from loadkit.scenario.plan import Phase, Plan
from loadkit.slo.evaluate import Status, Verdict
from loadkit.slo.validity import Measurement, Validity
from loadkit.units import NS_PER_MS, NS_PER_S
from loadkit.workload.closed import Closed
from loadkit.workload.constant import Constant
from loadkit.workload.pause import Pause

STARTED_AT = 1_700_000_004.5  # 4.5 s into a window of ten seconds
AT = Position("shop.yaml", 12, 7)


def second(index: int, *, requests: int = 10, name: str = "/products", status: int = 200, ms: int = 20) -> Snapshot:
    """One second with requests that were due 5 ms before they were sent."""
    recorder = Recorder()
    sample = Sample(
        intended_ns=0,
        start_ns=5 * NS_PER_MS,
        written_ns=5 * NS_PER_MS,
        sent_ns=6 * NS_PER_MS,
        first_byte_ns=10 * NS_PER_MS,
        end_ns=(5 + ms) * NS_PER_MS,
        status=status,
        bytes_in=100,
        bytes_out=50,
        content_bytes=60,
    )
    for _ in range(requests):
        recorder.series(name).rows.extend(sample)
    recorder.count("arrivals.due", by=requests)
    recorder.count("arrivals.started", by=requests)
    recorder.count("vusers.created", "browse", by=requests)
    recorder.gauge("vusers.active", 3.0)
    return recorder.snapshot(index * NS_PER_S, (index + 1) * NS_PER_S)


def failing_second(index: int, *, error: str = "ECONNREFUSED", text: str = "connect to 127.0.0.1:1") -> Snapshot:
    """One second with two requests that got no valid response."""
    recorder = Recorder()
    for _ in range(2):
        recorder.failure("/cart", error, 3 * NS_PER_MS, text=text)
    recorder.count("vusers.failed", "browse", by=2)
    made = recorder.snapshot(index * NS_PER_S, (index + 1) * NS_PER_S)
    made.examples = {error: [(index * NS_PER_S + 7, text)]}  # an instant that tests know
    return made


def phase(index: int = 0, *, name: str = "steady", start_s: int = 0, duration_s: int = 20, kind: str = "open") -> Phase:
    duration_ns = duration_s * NS_PER_S
    workload = {
        "open": Constant(Fraction(10), duration_ns),
        "closed": Closed(5, 5, duration_ns, Fraction(50)),
        "pause": Pause(duration_ns),
    }[kind]
    return Phase(
        index=index,
        name=name,
        start_ns=start_s * NS_PER_S,
        duration_ns=duration_ns,
        first_number=0,
        workload=workload,
        max_vusers=None,
        at=AT,
    )


def plan(*phases: Phase, name: str = "shop") -> Plan:
    return Plan(
        name=name,
        target="http://shop.example",
        phases=phases or (phase(),),
        scenarios=(),
        variables={},
        context={},
        feeders=(),
        objectives=(),
        ensure=None,
        seed=42,
        digest="3f2a9c0d1e2f3a4b",
        config={},
        request_names=("/products",),
    )


def verdict(status: Status = Status.PASS, text: str = "http.response_time.p95 < 250ms", **changes: object) -> Verdict:
    fields: dict[str, object] = {
        "objective_text": text,
        "status": status,
        "observed": 25_000_000.0,
        "observed_text": "25ms",
        "limit_text": "< 250ms",
        "samples": 10,
        "at": AT,
        "origin": "threshold",
        "strict": True,
        "reason": "",
    }
    return Verdict(**{**fields, **changes})  # type: ignore[arg-type]


def invalid() -> Measurement:
    return Measurement(status=Validity.INVALID, reasons=("12% of the arrivals started late; lower the rate",))


def result(*intervals: Snapshot, **changes: object) -> RunResult:
    seconds = intervals or (second(0), second(1))
    fields: dict[str, object] = {
        "plan": plan(),
        "files": ("shop.yaml",),
        "summary": merge_all(seconds),
        "judged": merge_all(seconds),
        "verdicts": (),
        "measurement": Measurement(),
        "started_at": STARTED_AT,
        "elapsed_s": float(len(seconds)),
        "active_s": merge_all(seconds).end_ns / NS_PER_S,
        "workers": 1,
        "target": "http://shop.example",
    }
    return RunResult(**{**fields, **changes})  # type: ignore[arg-type]


def report_of(made: RunResult, *seconds: Snapshot) -> dict[str, Any]:
    """The report of a result whose intervals were these; one interval with everything unless given."""
    return build_report(made, Timeline.of(STARTED_AT, seconds or (made.summary,)))


def started(**changes: object) -> Started:
    fields: dict[str, object] = {
        "plan": plan(),
        "workers": 1,
        "started_at": STARTED_AT,
        "target": "http://shop.example",
    }
    return Started(**{**fields, **changes})  # type: ignore[arg-type]


def interval(snapshot: Snapshot, *, draining: bool = False) -> Interval:
    return Interval(snapshot=snapshot, summary=snapshot, draining=draining)
