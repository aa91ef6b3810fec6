"""What the parts of the hot path cost by themselves, in microseconds; no sockets, not pinned."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable
from fractions import Fraction
from time import thread_time_ns
from typing import Any

import numpy as np

from bench.drive import build, driven
from bench.server import BODY
from bench.table import markdown
from loadkit.flow.extract import compile_captures
from loadkit.flow.members import compile_members
from loadkit.flow.response import Response
from loadkit.flow.step import Nobody
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.sample import SAMPLE_WIDTH, Sample
from loadkit.protocols.http1 import Connection
from loadkit.slo.declared import parse_slos
from loadkit.slo.objective import Slo
from loadkit.template.compile import compile_value
from loadkit.template.functions import FUNCTIONS
from loadkit.units import NS_PER_S
from loadkit.workload.base import PhaseContext, Shard, Workload
from loadkit.workload.constant import Constant
from loadkit.workload.poisson import Poisson
from loadkit.workload.profile import Profile
from loadkit.workload.ramp import Ramp

_BATCH = 4096
_BATCHES = 60
_STEADY = Profile([(3600 * NS_PER_S, Fraction(1000), Fraction(1000))])
_OBJECTIVES = parse_slos(
    [
        {"name": "available", "sli": {"availability": True}, "target": "99.9%"},
        {"name": "fast", "sli": {"latency": "300ms"}, "target": "99%"},
        {"name": "both", "sli": {"good": "status < 500 and not error and latency < 300ms"}, "target": "99%"},
    ]
).slos
_CONTEXT = PhaseContext(duration_ns=3600 * NS_PER_S, mode="poisson", seed=1)


def micro() -> str:
    """Return the table. Each figure is the fastest of many batches: what the code costs when nothing disturbs it."""
    parts: dict[str, Callable[[], object]] = {
        "empty loop": _repeat(lambda: None),
        "engine: GET, without a socket": driven("get", _BATCH),
        "engine: two-step flow, without a socket, per request": driven("flow", _BATCH),
        "recorder: append one sample": _append(),
        "recorder: samples into histograms, per sample": _flush(),
        "recorder: the same with three objectives, per sample": _flush(*_OBJECTIVES),
        "histogram: record an array, per value": _histogram(),
        "template: text with one variable": _template("/api/items/{{ id }}"),
        "template: JSON body with two variables": _template({"token": "{{ token }}", "q": "{{ id }}"}),
        "template: random number": _template("/products/{{ $randomNumber(1, 50) }}"),
        "response: head seen before": _response(known=True),
        "response: head parsed": _response(known=False),
        "schedule: constant rate, per arrival": _schedule(Constant(Fraction(1000), 3600 * NS_PER_S)),
        "schedule: ramp, per arrival": _schedule(Ramp(Fraction(10), Fraction(1000), 3600 * NS_PER_S)),
        "schedule: Poisson, per arrival": _schedule(Poisson(_STEADY, _CONTEXT)),
        "capture: two members of a JSON object": _take(),
        "capture: two JSON values by path": _capture({"json": "$.id", "as": "a"}, {"json": "$['token']", "as": "b.c"}),
        "capture: regular expression": _capture({"regexp": '"id":(\\d+)', "group": 1, "as": "a"}),
        "capture: header": _capture({"header": "content-type", "as": "a"}),
    }
    rows = [[title, f"{_fastest_ns(run) / _BATCH / 1000:.3f}"] for title, run in parts.items()]
    return markdown(["part", "us"], rows)


def _fastest_ns(run: Callable[[], object]) -> int:
    times = []
    for _ in range(_BATCHES):
        began = thread_time_ns()
        run()
        times.append(thread_time_ns() - began)
    return min(times)


def _repeat(call: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        for _ in range(_BATCH):
            call()

    return run


def _sample(number: int) -> tuple[int, ...]:
    """Return a row of the recorder: instants that grow from field to field, a status and sizes."""
    values = {"status": 200, "bytes_in": 250, "bytes_out": 120, "content_bytes": 100}
    instants = (number * 1_000_000 + index * (30_000 + number) for index in range(SAMPLE_WIDTH))
    return tuple(values.get(name, instant) for name, instant in zip(Sample._fields, instants, strict=True))


def _append() -> Callable[[], None]:
    rows, sample = Recorder().series("/").rows, _sample(1)

    def run() -> None:
        extend = rows.extend
        for _ in range(_BATCH):
            extend(sample)
        rows.clear()

    return run


def _flush(*slos: Slo) -> Callable[[], None]:
    recorder = Recorder()
    rows, batch = recorder.series("/").rows, [value for number in range(_BATCH) for value in _sample(number)]
    recorder.count_all_events([slo.counted for slo in slos])

    def run() -> None:
        rows.extend(batch)
        recorder.flush()

    return run


def _histogram() -> Callable[[], None]:
    histogram, values = Histogram(), np.random.default_rng(1).integers(100_000, 50_000_000, _BATCH)
    return lambda: histogram.record(values)


def _template(value: Any) -> Callable[[], None]:
    render = compile_value(value, FUNCTIONS).render
    user = Nobody({"id": 471142, "token": "a8f3c2d19b7e4056a8f3c2d19b7e"})
    user.random = random.Random(1)
    return _repeat(lambda: render(user))


def _capture(*captures: dict[str, Any]) -> Callable[[], None]:
    compiler = build(Recorder())
    compiled = compile_captures({"capture": list(captures)}, (), compiler)
    assert compiled is not None
    assert not compiler.diagnostics
    headers, body, user = [(b"Content-Type", b"application/json")], BODY.encode(), Nobody()
    apply = compiled.apply
    return _repeat(lambda: apply(user, Response(200, lambda: headers, body)))


def _take() -> Callable[[], None]:
    take, body, variables = compile_members([("id", "a"), ("token", "b")]), BODY.encode(), dict[str, Any]()
    assert take is not None
    return _repeat(lambda: take(body, variables))


def _response(known: bool) -> Callable[[], None]:
    """Return what a connection makes of a whole response, whose head it has seen before or not."""
    connection, fiber = Connection(), _Idle()
    connection.connection_made(_Nothing())  # type: ignore[arg-type]
    heads = [_HEAD % (0 if known else number) + BODY.encode() for number in range(_BATCH)]

    def run() -> None:
        for data in heads:
            connection.send(fiber, b"", True, False)  # type: ignore[arg-type]
            connection.data_received(data)

    return run


_HEAD = (
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nX-Request: %d\r\nContent-Type: application/json\r\nContent-Length: 68\r\n\r\n"
)


class _Nothing(asyncio.Transport):
    """A transport to nowhere."""

    def write(self, data: Any) -> None:
        """Forget the data."""


class _Idle:
    """A fiber with nothing to do."""

    def resume(self) -> None:
        """Do nothing."""


def _schedule(workload: Workload) -> Callable[[], None]:
    """Return what asks a workload for as many fire times as a batch has."""

    def run() -> None:
        for _ in itertools.islice(workload.fire_times(Shard()), _BATCH):
            pass

    return run
