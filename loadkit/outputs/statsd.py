"""StatsD: a second as lines of UDP. What was counted goes as counters, values as gauges, times as gauges of their percentiles in
milliseconds, since a server that is given percentiles of histograms can do nothing better with them than keep them.

    loadkit.requests.browse./cart -> loadkit.requests.browse._cart:12|c        plain: labels are parts of the name
    loadkit.requests:12|c|#name:/cart,scenario:browse                          DogStatsD: labels are tags

UDP tells nobody what is lost on the way. Only a port on which nobody listens is noticed, where its machine says so.
Source: https://github.com/statsd/statsd/blob/master/docs/metric_types.md and https://docs.datadoghq.com/developers/dogstatsd/datagram_shell
"""

from __future__ import annotations

import math
import os
import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from unicodedata import combining, normalize
from zlib import crc32

from loadkit.metrics.histogram import Histogram
from loadkit.outputs.address import read_place, shown_place
from loadkit.outputs.exported import Exported, Family, Kind, Labels
from loadkit.outputs.exporter import ExportedRun, Exporter, OptionFault, Options, Second

PACKET = 1432
"""Bytes of a datagram that goes through an Ethernet whole, also in IPv6."""
PREFIX = "loadkit."
_EXAMPLE = "127.0.0.1:8125"
_MOST_CHARS = 100
_PERCENTS = {"p50": 50.0, "p95": 95.0, "p99": 99.0}
_PART = re.compile(r"[^A-Za-z0-9_-]+")
_TAG = re.compile(r"[,|#\s]+")
_FORBIDDEN = re.compile(r"[^A-Za-z0-9_.-]")

Line = Callable[[str, str, str, Labels], str]
"""Makes a line of the name of a figure, a value, a type ("c" or "g") and labels."""


class Lines:
    """Sends each second in datagrams. `line` puts a line together, `tags` says whether the run's labels go along."""

    def __init__(self, host: str, port: int, *, prefix: str, tagged: bool) -> None:
        self.to = shown_place(host, port)
        self.every_s = 0.0
        self._place = host, port
        self._prefix = prefix
        self._tagged = tagged
        self._own: Labels = ()
        self._exported: Exported | None = None
        self._socket: socket.socket | None = None

    def check(self) -> None:
        """Do nothing: whether somebody listens shows when something is sent."""

    def start(self, run: ExportedRun) -> None:
        """Note the labels of the run."""
        self._exported = Exported(run)
        self._own = tuple(run.labels.items())

    def take(self, seconds: Sequence[Second]) -> None:
        """Send seconds, a line for each value."""
        connected = self._connected()
        try:
            for packet in packed(line for second in seconds for line in self.lines(second)):
                connected.send(packet)
            refused = connected.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if refused:
                raise OSError(refused, os.strerror(refused))
        except OSError:
            self.close()
            raise

    def end(self) -> None:
        """Do nothing: StatsD knows no end."""

    def waiting(self) -> bool:
        """Say no: nobody comes here."""
        return False

    def close(self) -> None:
        """Close the socket."""
        held, self._socket = self._socket, None
        if held is not None:
            held.close()

    def lines(self, second: Second) -> Iterator[str]:
        """Yield the lines of a second."""
        points = self._exported.points(second) if self._exported else {}
        for place, value in points.items():
            name = f"{self._prefix}{place.family.name.removeprefix('loadkit_')}"
            if isinstance(value, Histogram):
                yield from self._of_times(name, place.family, place.labels, value)
            elif place.family.kind is Kind.COUNTER:
                yield self._line(name, str(value), "c", place.labels)
            elif math.isfinite(value):
                if value < 0 and not self._tagged:  # there a sign says that the gauge is to be changed by so much
                    yield self._line(name, "0", "g", place.labels)
                yield self._line(name, f"{value:.10g}", "g", place.labels)

    def _of_times(self, name: str, family: Family, labels: Labels, times: Histogram) -> Iterator[str]:
        name = f"{name.removesuffix('_seconds')}_ms" if name.endswith("_seconds") else name
        values = zip(_PERCENTS, times.percentiles_ns(list(_PERCENTS.values())), strict=True)
        shown = {**dict(values), "mean": times.mean_ns(), "max": times.max_ns}
        yield self._line(name, str(times.total), "c", labels, "count")
        for aggregate, value_ns in shown.items():
            yield self._line(name, f"{value_ns / 1e6:.10g}", "g", labels, aggregate)

    def _line(self, name: str, value: str, kind: str, labels: Labels, aggregate: str = "") -> str:
        if self._tagged:
            full = f"{name}.{aggregate}" if aggregate else name
            tags = ",".join(f"{tag(key)}:{tag(text)}" for key, text in (*labels, *self._own) if text)
            return f"{full}:{value}|{kind}|#{tags}"
        parts = [name, *(part(text) for _, text in labels if text), *([aggregate] if aggregate else [])]
        return f"{'.'.join(parts)}:{value}|{kind}"

    def _connected(self) -> socket.socket:
        if self._socket is None:
            family, kind, protocol, _, address = socket.getaddrinfo(*self._place, type=socket.SOCK_DGRAM)[0]
            made = socket.socket(family, kind, protocol)
            try:
                made.connect(address)  # so that a refusal comes back
            except OSError:
                made.close()
                raise
            self._socket = made
        return self._socket


def packed(lines: Iterator[str]) -> Iterator[bytes]:
    """Yield datagrams of as many lines as go into one."""
    packet = b""
    for line in lines:
        data = line.encode(errors="replace")
        if packet and len(packet) + 1 + len(data) > PACKET:
            yield packet
            packet = b""
        packet = packet + b"\n" + data if packet else data
    if packet:
        yield packet


def part(text: str) -> str:
    """Return a text as one part of a name: a dot would begin another.

    Accents are left out. Where more than that is lost, letters of other scripts or the end of what is long, a checksum keeps
    apart what would have the same name, and would be added up there.
    """
    whole = text if text.isascii() else "".join(char for char in normalize("NFKD", text) if not combining(char))
    made = _PART.sub("_", whole[:_MOST_CHARS]).strip("_")
    if len(whole) > _MOST_CHARS or any(char.isalnum() and not char.isascii() for char in whole):
        made = f"{made}_{crc32(text.encode(errors='replace')):08x}".strip("_")
    return made or "_"


def tag(text: str) -> str:
    """Return a text as the key or value of a tag."""
    return _TAG.sub("_", text[:_MOST_CHARS])


def read_lines(options: Options, *, tagged: bool) -> Lines:
    """Return what sends lines. Raises OptionFault."""
    host, port = read_place(str(options["to"]), key="to", example=_EXAMPLE)
    prefix = str(options.get("prefix", PREFIX))
    if _FORBIDDEN.search(prefix):
        raise OptionFault("prefix", f"{prefix} has characters that no name has", hint="letters, digits, _ - and dots")
    if not tagged and options.get("tags"):
        raise OptionFault("tags", "StatsD knows no tags", hint="`type: dogstatsd` sends them, to servers that do")
    return Lines(host, port, prefix=prefix, tagged=tagged)


SCHEMA = {
    "to": {
        "type": "string",
        "title": "To",
        "description": "Where datagrams are sent to: HOST:PORT.",
        "examples": [_EXAMPLE],
    },
    "prefix": {
        "type": "string",
        "title": "Prefix",
        "description": "What all names begin with, usually up to a dot.",
        "examples": ["load.shop."],
        "default": PREFIX,
    },
}

EXPORTERS: Mapping[str, Exporter] = {
    "statsd": Exporter(
        kind="statsd",
        description="Sends each second to a StatsD server by UDP. Labels are parts of the names; of the run nothing is told.",
        argument="to",
        metavar="HOST:PORT",
        schema=SCHEMA,
        required=("to",),
        make=lambda options: read_lines(options, tagged=False),
    ),
}
