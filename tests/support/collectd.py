"""A collectd of a test's own, which receives StatsD: Debian's `collectd`, which writes totals into a directory each second."""

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.daemons import daemon
from tests.support.ports import free_port

_CONFIG = """
BaseDir "{place}"
PIDFile "{place}/pid"
TypesDB "{types}"
Hostname "here"
Interval 0.5
LoadPlugin logfile
<Plugin logfile>
  LogLevel info
  File STDOUT
</Plugin>
LoadPlugin csv
<Plugin csv>
  DataDir "{place}/csv"
  StoreRates false
</Plugin>
LoadPlugin statsd
<Plugin statsd>
  Host "127.0.0.1"
  Port "{port}"
</Plugin>
"""
_TYPES = """
derive value:DERIVE:0:U
gauge value:GAUGE:U:U
"""
_COMES_S = 60


@dataclass(frozen=True)
class Collectd:
    """A running server."""

    port: int
    place: Path

    def counters(self) -> dict[str, float]:
        """The totals of counters by their names, as they were written last."""
        return self._last("derive-")

    def gauges(self) -> dict[str, float]:
        """The values of gauges by their names, as they were written last."""
        return self._last("gauge-")

    def wait_for(self, totals: Mapping[str, float]) -> None:
        """Wait until counters have come to their totals; each is written once in half a second, after the one or the other."""
        until = time.monotonic() + _COMES_S
        while (missing := totals.items() - self.counters().items()) and time.monotonic() < until:
            time.sleep(0.05)
        assert not missing, self.counters()

    def _last(self, kind: str) -> dict[str, float]:
        """Files are called KIND-NAME-2026-11-21, a row is TIME,VALUE."""
        found = {}
        for path in sorted(self.place.glob(f"csv/here/statsd/{kind}*")):
            rows = path.read_text().rpartition("\n")[0].splitlines()[1:]
            if rows:
                found[path.name[len(kind) : -len("-2026-11-21")]] = float(rows[-1].split(",")[1])
        return found


@contextmanager
def collectd(program: str, place: Path) -> Iterator[Collectd]:
    """Run a server."""
    port = free_port(socket.SOCK_DGRAM)
    (place / "types.db").write_text(_TYPES)
    (place / "collectd.conf").write_text(_CONFIG.format(place=place, types=place / "types.db", port=port))
    with daemon([program, "-f", "-C", str(place / "collectd.conf")], place) as server:
        server.wait_for(lambda: "statsd plugin: Listening on" in server.log.read_text() or None)
        yield Collectd(port, place)
