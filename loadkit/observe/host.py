"""The machine that loadkit runs on: processors, memory, disks and network, all of them together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from time import monotonic

from loadkit.slo.metric import Kind
from loadkit.slo.observed import LEAST_BYTES, Note, Options, Place, SamplerPlugin, Series

SERIES = (
    Series(
        name="cpu", kind=Kind.RATIO, description="processor time, of all cores: 100% is the whole machine", bounded=True
    ),
    Series(name="load", kind=Kind.COUNT, description="load average of the last minute"),
    Series(name="memory", kind=Kind.RATIO, description="memory that is not available, of all", bounded=True),
    Series(
        name="memory_used",
        kind=Kind.BYTES,
        description="memory that is not available",
        least_growth=50 * LEAST_BYTES,
        limit="memory_total",
    ),
    Series(name="memory_total", kind=Kind.BYTES, description="memory that there is"),
    Series(name="swap", kind=Kind.BYTES, description="memory that is swapped out"),
    Series(name="disk_read", kind=Kind.BYTES, per_second=True, description="bytes read from all disks, per second"),
    Series(name="disk_written", kind=Kind.BYTES, per_second=True, description="bytes written to all disks, per second"),
    Series(
        name="disk_full",
        kind=Kind.RATIO,
        description="how full the file system of the current directory is",
        bounded=True,
    ),
    Series(
        name="received",
        kind=Kind.BYTES,
        per_second=True,
        description="bytes received through the network, per second, loopback included",
    ),
    Series(
        name="sent",
        kind=Kind.BYTES,
        per_second=True,
        description="bytes sent through the network, per second, loopback included",
    ),
)


class HostSampler:
    """Observes this machine."""

    def __init__(self, options: Options, place: Place, note: Note) -> None:
        self._before: dict[str, float] = {}
        self._busy: tuple[float, float] | None = None  # busy and all processor seconds
        self._at_s = 0.0

    def sample(self) -> Mapping[str, float]:
        """Return the values of the machine."""
        import psutil

        memory, swap = psutil.virtual_memory(), psutil.swap_memory()
        used = float(memory.total - memory.available)
        seen = {
            "load": os.getloadavg()[0],
            "memory": used / memory.total,
            "memory_used": used,
            "memory_total": float(memory.total),
            "swap": float(swap.used),
            "disk_full": psutil.disk_usage(os.getcwd()).percent / 100,
        }
        times = psutil.cpu_times()
        busy = (_busy_s(times), _all_s(times))
        if self._busy is not None and busy[1] > self._busy[1]:
            seen["cpu"] = min(1.0, max(0.0, (busy[0] - self._busy[0]) / (busy[1] - self._busy[1])))
        self._busy = busy
        return seen | self._rates()

    def interrupt(self) -> None:
        """Do nothing: a look takes no time."""

    def close(self) -> None:
        """Do nothing: nothing is held."""

    def _rates(self) -> dict[str, float]:
        """Return bytes per second since the last sample; a machine without disks of its own has none."""
        import psutil

        now: dict[str, float] = {}
        disks, network = psutil.disk_io_counters(), psutil.net_io_counters()
        if disks is not None:
            now |= {"disk_read": float(disks.read_bytes), "disk_written": float(disks.write_bytes)}
        if network is not None:
            now |= {"received": float(network.bytes_recv), "sent": float(network.bytes_sent)}
        at_s, before = monotonic(), self._before
        passed_s = at_s - self._at_s
        self._before, self._at_s = now, at_s
        return {name: max(0.0, value - before[name]) / passed_s for name, value in now.items() if name in before}


def _busy_s(times: object) -> float:
    return _all_s(times) - sum(getattr(times, name, 0.0) for name in ("idle", "iowait"))


def _all_s(times: object) -> float:
    """Return all processor seconds; those of guests are in `user` and `nice` already."""
    names = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
    return float(sum(getattr(times, name, 0.0) for name in names))


SAMPLERS = {
    "host": SamplerPlugin(
        claims=("host",),
        keys={
            "host": {
                "const": True,
                "title": "Host",
                "description": "The machine that loadkit runs on.",
                "examples": [True],
            }
        },
        series=lambda options: SERIES,
        open=HostSampler,
    )
}
