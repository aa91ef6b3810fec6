"""What every exporter promises: each second arrives once, and nobody but its own thread waits for whoever takes it."""

import csv
import gzip
import io
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from loadkit.metrics.snapshot import Snapshot
from loadkit.outputs import isolated, posting
from loadkit.outputs.exporter import COMMON, Exporter
from loadkit.outputs.isolated import KEPT, Isolated, Sent
from loadkit.registry import plugin, plugins
from loadkit.scenario.exports import read_export
from tests.contracts.test_plugins import described
from tests.support.ports import free_port
from tests.support.receivers import Inbox, Posted, deaf_receiver, http_receiver, udp_receiver
from tests.support.reports import HOSTILE
from tests.support.results import failing_second, interval, second, started

TOLERANT_S = 20.0
AT_ONCE_S = 1.5  # less than a receiver is waited for
"""How long a call in the session's loop may take: far less than receivers are waited for, and generous to shared machines."""


@dataclass
class Place:
    """Where an exporter is pointed to, and what came there."""

    directory: Path
    port: int
    inbox: Inbox | None = None

    @property
    def file(self) -> Path:
        return self.directory / "out"


@dataclass(frozen=True)
class Case:
    """How an exporter is tested. `argument` is what stands behind its kind, `requests` adds up the requests that it told of.

    `live` is the receiver that it needs, None for one that is asked or writes a file.
    """

    argument: Callable[[Place], str]
    requests: Callable[[Place], float]
    live: Callable[[int], AbstractContextManager[Inbox]] | None = None
    connects: bool = False
    more: dict[str, Any] = field(default_factory=dict)


def exposed_requests(text: str) -> float:
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "loadkit_requests_total"
    )


def scraped(place: Place) -> float:
    with urlopen(f"http://127.0.0.1:{place.port}/metrics", timeout=10) as answer:
        return exposed_requests(answer.read().decode())


def pushed(place: Place) -> float:
    assert place.inbox
    return exposed_requests(place.inbox.got[-1].body.decode())


def counted(place: Place) -> float:
    assert place.inbox
    lines = [line for data in place.inbox.got for line in data.decode().split("\n")]
    assert all(re.fullmatch(r"[^\s:|#]+:-?[\d.e+-]+\|[cg](\|#[^\s|]+)?", line) for line in lines), lines[:3]
    found = [re.match(r"loadkit\.requests\b[^:]*:(\d+)\|c", line) for line in lines]
    return sum(int(match[1]) for match in found if match)


def body_of(posted: Posted) -> bytes:
    return gzip.decompress(posted.body) if posted.headers.get("Content-Encoding") == "gzip" else posted.body


def in_lines(place: Place) -> float:
    """What InfluxDB would hold: a point that is written again replaces itself."""
    assert place.inbox
    points = {}
    for posted in place.inbox.got:
        for line in body_of(posted).decode().split("\n") if posted.path.startswith("/write") else ():
            found = re.fullmatch(r"(loadkit_requests,.*) count=(\d+)i (\d+)", line)
            if found:
                points[found[1], found[3]] = int(found[2])
    return sum(points.values())


def in_protobuf(place: Place) -> float:
    """The last of cumulative sums."""
    assert place.inbox
    told = ExportMetricsServiceRequest.FromString(body_of(place.inbox.got[-1]))
    metrics = told.resource_metrics[0].scope_metrics[0].metrics
    return sum(
        point.as_int or point.as_double
        for metric in metrics
        if metric.name == "loadkit.requests"
        for point in metric.sum.data_points
    )


def in_csv(place: Place) -> float:
    rows = list(csv.DictReader(io.StringIO(place.file.read_text(), newline="")))
    return sum(int(row["requests"]) for row in rows)


def in_jsonl(place: Place) -> float:
    return sum(json.loads(line)["requests"] for line in place.file.read_text().splitlines())


def address(place: Place) -> str:
    return f"127.0.0.1:{place.port}"


CASES = {
    "prometheus": Case(address, scraped),
    "pushgateway": Case(
        lambda place: f"http://{address(place)}",
        pushed,
        http_receiver,
        connects=True,
        more={"every": 0},
    ),
    "influxdb": Case(lambda place: f"http://{address(place)}?db=load", in_lines, http_receiver, connects=True),
    "otlp": Case(lambda place: f"http://{address(place)}", in_protobuf, http_receiver, connects=True),
    "statsd": Case(address, counted, udp_receiver),
    "dogstatsd": Case(address, counted, udp_receiver),
    "csv": Case(lambda place: str(place.file), in_csv),
    "jsonl": Case(lambda place: str(place.file), in_jsonl),
}
KINDS = sorted(CASES)
SENDING = [kind for kind in KINDS if CASES[kind].live]
CONNECTING = [kind for kind in KINDS if CASES[kind].connects]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the pauses short and the end patient, since machines are busy; and see to it that no thread is left."""
    monkeypatch.setattr(isolated, "FLUSH_S", TOLERANT_S)
    monkeypatch.setattr(posting, "PATIENCE_S", 2.0)
    monkeypatch.setattr(isolated, "_PAUSES_S", (0.05,))
    yield
    until = time.monotonic() + TOLERANT_S
    for thread in threading.enumerate():
        if thread.name.startswith(("exporter", "prometheus")):
            thread.join(until - time.monotonic())
            assert not thread.is_alive(), thread.name


@pytest.fixture
def hopeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a receiver only shortly in the end: it will not come."""
    monkeypatch.setattr(isolated, "FLUSH_S", 0.5)


@contextmanager
def receiving(kind: str, directory: Path) -> Iterator[Place]:
    """Give a place where an exporter's receiver is at work."""
    live = CASES[kind].live
    if live is None:
        yield Place(directory, free_port())
        return
    with live(0) as inbox:
        yield Place(directory, inbox.port, inbox)


class Watched:
    """An exporter of which each call is timed, as the session makes them."""

    def __init__(self, kind: str, place: Place, **more: Any) -> None:
        self.said: list[str] = []
        self.slowest_s = 0.0
        options = {**read_export(f"{kind}:{CASES[kind].argument(place)}").options, **CASES[kind].more, **more}
        receiver = plugin("exporter", kind).make(options)
        receiver.check()
        self._made = Isolated(kind, receiver, say=self.said.append, run_id=lambda: "the-run", tags={})
        self._timed(lambda: self._made.start(started()))

    def tell(self, seconds: Sequence[Snapshot]) -> None:
        for one in seconds:
            self._timed(lambda one=one: self._made.interval(interval(one)))

    def wait_for_trouble(self) -> None:
        """Wait until the exporter has noticed that something is the matter."""
        until = time.monotonic() + TOLERANT_S
        while self._made._error is None:
            assert time.monotonic() < until
            time.sleep(0.01)

    def finish(self) -> Sent:
        self._timed(self._made.end)
        return self._made.finish()

    def close(self) -> None:
        self._made.close()

    def _timed(self, call: Callable[[], None]) -> None:
        began = time.monotonic()
        call()
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)


def test_every_exporter_has_a_case_here() -> None:
    assert set(plugins("exporter")) == set(CASES)


@pytest.mark.parametrize("kind", KINDS)
def test_it_describes_its_options(kind: str, tmp_path: Path) -> None:
    exporter: Exporter = plugin("exporter", kind)
    assert exporter.kind == kind
    assert exporter.description.endswith(".")
    assert list(described(exporter.options, kind)) == []
    assert exporter.argument in exporter.schema
    assert set(exporter.required) <= set(exporter.schema)
    assert not set(exporter.schema) & {*COMMON, "type"}
    assert read_export(f"{kind}:{CASES[kind].argument(Place(tmp_path, 9))}").kind == kind


@pytest.mark.parametrize("kind", KINDS)
def test_what_arrives_adds_up_to_what_was_measured(kind: str, tmp_path: Path) -> None:
    with receiving(kind, tmp_path) as place:
        made = Watched(kind, place)
        made.tell([second(index, requests=10 + index) for index in range(20)])
        sent = made.finish()
        assert (sent.sent, sent.lost, sent.error, made.said) == (20, 0, None, [])
        wanted = sum(10 + index for index in range(20))
        until = time.monotonic() + TOLERANT_S
        while CASES[kind].requests(place) < wanted and time.monotonic() < until:  # datagrams are still being read
            assert place.inbox is None or place.inbox.came.acquire(timeout=TOLERANT_S)
        assert CASES[kind].requests(place) == wanted
        made.close()
        assert made.slowest_s < AT_ONCE_S


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_names_arrive_and_do_no_harm(kind: str, tmp_path: Path) -> None:
    with receiving(kind, tmp_path) as place:
        made = Watched(kind, place)
        made.tell([second(index, name=text, requests=2) for index, text in enumerate(HOSTILE)])
        made.tell([failing_second(len(HOSTILE) + index, error=text) for index, text in enumerate(HOSTILE)])
        sent = made.finish()
        assert (sent.sent, sent.lost, sent.error) == (2 * len(HOSTILE), 0, None)
        wanted = 4 * len(HOSTILE)  # each that fails made two as well
        until = time.monotonic() + TOLERANT_S
        while CASES[kind].requests(place) < wanted and time.monotonic() < until:
            assert place.inbox is None or place.inbox.came.acquire(timeout=TOLERANT_S)
        assert CASES[kind].requests(place) == wanted
        made.close()


@pytest.mark.usefixtures("hopeless")
@pytest.mark.parametrize("kind", SENDING)
def test_a_dead_receiver_loses_every_second_and_nobody_waits(kind: str, tmp_path: Path) -> None:
    made = Watched(kind, Place(tmp_path, free_port()))
    made.tell([second(index) for index in range(5)])
    made.wait_for_trouble()
    sent = made.finish()
    made.close()
    assert (sent.sent, sent.lost) == (0, 5)
    assert "connection refused" in str(sent.error)
    assert made.slowest_s < AT_ONCE_S


@pytest.mark.usefixtures("hopeless")
@pytest.mark.parametrize("kind", CONNECTING)
def test_a_receiver_that_never_reads_loses_seconds_and_nobody_waits(kind: str, tmp_path: Path) -> None:
    with deaf_receiver() as inbox:
        made = Watched(kind, Place(tmp_path, inbox.port))
        made.tell([second(index) for index in range(KEPT + 20)])
        sent = made.finish()
        made.close()
    assert sent.sent == 0
    assert sent.lost == KEPT + 20
    assert sent.error
    assert made.slowest_s < AT_ONCE_S


@pytest.mark.parametrize("kind", SENDING)
def test_a_receiver_that_comes_back_gets_what_it_missed(kind: str, tmp_path: Path) -> None:
    case = CASES[kind]
    assert case.live
    port = free_port()
    made = Watched(kind, Place(tmp_path, port))
    made.tell([second(index) for index in range(3)])
    made.tell([second(3)])
    with case.live(port) as inbox:
        assert inbox.came.acquire(timeout=TOLERANT_S)
        sent = made.finish()
        made.close()
    assert (sent.sent, sent.lost) == (4, 0)


@pytest.mark.parametrize("kind", CONNECTING)
def test_what_a_receiver_refuses_is_lost_with_its_words(kind: str, tmp_path: Path) -> None:
    with receiving(kind, tmp_path) as place:
        assert place.inbox
        place.inbox.status, place.inbox.text = 400, b"no \x1b[2J such\nthing"
        made = Watched(kind, place)
        made.tell([second(0), second(1)])
        sent = made.finish()
        made.close()
    assert (sent.sent, sent.lost) == (0, 2)
    assert "400" in str(sent.error)
    assert "\x1b" not in str(sent.error)
