"""replay: arrivals at the instants at which they came once, as a file or an access log tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from loadkit.arrays import Ints, np
from loadkit.template.lines import PayloadFault
from loadkit.workload.arrivals_file import read_arrivals
from loadkit.workload.base import BadFile, BadPhase, NeverStarts, PhaseContext, Shape, Shard, exact

_AT_ONCE = 4096
_LONGEST_NS = 10 * 365 * 86_400 * 10**9


class Replay:
    """Arrival k at its own instant, by absolute index: nothing is added up, so nothing drifts."""

    ends_early = True  # its meaning is the arrivals, not the time
    __slots__ = ("_times", "_width_ns", "duration_ns", "planned")

    def __init__(self, times: Ints, duration_ns: int) -> None:
        self._times = times[times < duration_ns]
        self._width_ns = max(10**9, duration_ns // 60)
        self.duration_ns = duration_ns
        self.planned = len(self._times)

    @property
    def reserved(self) -> int:
        """Return the number of arrivals."""
        return self.planned

    @property
    def peak_per_s(self) -> float:
        """Return the most arrivals that come within one second."""
        ends = np.searchsorted(self._times, self._times + 10**9)
        return float((ends - np.arange(self.planned)).max())

    def fire_times(self, shard: Shard) -> Iterator[tuple[int, int]]:
        """Yield this shard's arrivals by absolute index."""
        for first in range(shard.index, self.planned, shard.count * _AT_ONCE):
            part = self._times[first : first + shard.count * _AT_ONCE : shard.count]
            for offset, at_ns in enumerate(part.tolist()):
                yield first + offset * shard.count, at_ns

    def rate_at(self, at_ns: int) -> float:
        """Return the mean rate around an instant, over a second or a sixtieth of the phase."""
        width = min(self._width_ns, self.duration_ns)
        start = min(max(0, at_ns - width // 2), self.duration_ns - width)
        return (self.arrived_by(start + width) - self.arrived_by(start)) * 1e9 / width

    def arrived_by(self, at_ns: int) -> float:
        """Return the number of arrivals before an instant."""
        return float(np.searchsorted(self._times, at_ns))


def _build(phase: Mapping[str, Any], context: PhaseContext) -> Replay:
    keys = phase["replay"]
    keys = {"path": keys} if isinstance(keys, str) else keys
    speed = exact(keys.get("speed", 1), "replay")
    if not speed:
        raise BadPhase("replay", "a speed of 0 never comes to the first arrival; write 1 for the speed of the file")
    path = str(keys["path"])
    try:
        found = read_arrivals(context.base / path, keys.get("column"))
    except PayloadFault as fault:
        raise BadFile("replay", f"{path}: {fault}") from None
    except OSError as error:
        raise BadFile("replay", f"cannot read {path}: {error.strerror or error}") from None
    except ValueError as error:  # a NUL in the path
        raise BadFile("replay", f"cannot read {path!r}: {error}") from None
    if found[-1] * speed.denominator // speed.numerator > _LONGEST_NS:
        raise BadPhase("replay", f"{path}: the arrivals take longer than ten years")
    times = np.array(_sped(found, speed), dtype=np.int64)
    made = Replay(times, context.duration_ns or int(times[-1]) + 10**9)
    if not made.planned:
        raise NeverStarts("replay", f"no arrival of {path} comes within the phase's duration")
    return made


def _sped(times: list[int], speed: Fraction) -> list[int]:
    return times if speed == 1 else [at * speed.denominator // speed.numerator for at in times]


SHAPES = {
    "replay": Shape(
        order=15,
        lasts=True,
        keys={
            "replay": {
                "type": ["object", "string"],
                "title": "Replay",
                "description": "A file of times, or an access log: each time is an arrival. Without `duration` the phase goes on "
                "to one second behind the last arrival; what comes after a `duration` is left out.",
                "properties": {
                    "path": {
                        "type": "string",
                        "minLength": 1,
                        "title": "File",
                        "description": "Path of the file, relative to the scenario file. `.csv`, `.jsonl` or `.ndjson`; any other "
                        "has a time in each line, as access logs do or at the line's beginning. Times are seconds since the start, "
                        "Unix time (seconds or milliseconds) or ISO 8601.",
                        "examples": ["access.log", "arrivals.csv"],
                    },
                    "speed": {
                        "type": ["number", "string"],
                        "minimum": 0,
                        "title": "Speed",
                        "description": "How many times as fast as in the file.",
                        "default": 1,
                        "examples": [2],
                    },
                    "column": {
                        "type": "string",
                        "minLength": 1,
                        "title": "Column of the time",
                        "description": "In which column of the CSV file (default: the first) or member of the objects (`time`) it "
                        "stands.",
                        "examples": ["timestamp"],
                    },
                },
                "required": ["path"],
                "additionalProperties": False,
                "examples": [{"path": "access.log", "speed": 2}],
            }
        },
        reads=frozenset({"maxVusers"}),
        claims=lambda phase: "replay" in phase,
        build=_build,
    )
}
