"""What is observed of the system under test: sources, their series, and what samples one.

A source is an entry of `config.observe`. Its series are looked at once a second and are gauges of the run's snapshots, under the
names `observe.SOURCE.SERIES`. Which series a source has is known before load, so a threshold on one is checked with the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from loadkit.errors import Position
from loadkit.metrics.snapshot import COORDINATOR, Snapshot
from loadkit.slo.metric import Kind
from loadkit.units import NS_PER_S

OBSERVED = "observe."
"""How the names of gauges of the system under test begin."""
LOST = "observe_lost."
"""How the gauges begin that count seconds without a sample, followed by the source's name."""
MEGABYTE = 1_000_000.0
LEAST_BYTES = 5 * MEGABYTE
"""Memory that grows by less is not spoken of (methods of leak detection: warning)."""
LEAST_COUNT = 20.0
"""Descriptors, threads or processes that grow by fewer are not spoken of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A value of a source. A ratio that is `bounded` never exceeds 1.

    One that holds something, such as memory, is judged for leaks: growth of less than `least_growth` is not spoken of, None where
    growth means nothing. `limit` is the series that says what it cannot exceed. Bytes `per_second` are those of a second. When one
    that `begins_anew` rises, another process took the place of the one before, and growth is judged from there on.
    """

    name: str
    kind: Kind
    description: str
    bounded: bool = False
    least_growth: float | None = None
    limit: str = ""
    per_second: bool = False
    begins_anew: bool = False


class Unavailable(Exception):
    """A source that has no sample to give; the message says why, in words that go on behind its name."""


class Sampler(Protocol):
    """Looks at one source, always from the thread that opened it."""

    def sample(self) -> Mapping[str, float]:
        """Return the values that there are now, by series. Raises Unavailable.

        Rates and shares are those since the last call; the first one has none.
        """

    def interrupt(self) -> None:
        """Give up what is under way, if that may take long. The only method that another thread calls."""

    def close(self) -> None:
        """Let go of what is held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a run takes place, for samplers: its target, and the process of the embedded one where that is it."""

    target: str = ""
    demo_pid: int | None = None


class OptionFault(NamedTuple):
    """What is wrong with a key of a source."""

    key: str
    message: str
    hint: str = ""


Options = Mapping[str, Any]
Note = Callable[[str], None]


def no_faults(options: Options) -> Iterator[OptionFault]:
    """Find nothing wrong."""
    yield from ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplerPlugin:
    """A kind of source. One of `claims` says what is observed; `keys` are the schemas of those and of what may stand beside them.

    `series` says from a source's keys which series it has, `faults` what is wrong with them that no schema says. `open` begins to
    observe: it raises Unavailable where there is nothing, and passes what is worth knowing to the function that it is given.
    """

    claims: tuple[str, ...]
    keys: Mapping[str, Mapping[str, Any]]
    series: Callable[[Options], tuple[Series, ...]]
    open: Callable[[Options, Place, Note], Sampler]
    faults: Callable[[Options], Iterator[OptionFault]] = no_faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An entry of `config.observe`: `plugin` samples it. Without it no load is made if it is `required`."""

    name: str
    plugin: str
    series: tuple[Series, ...]
    options: Options = field(default_factory=dict, repr=False)
    required: bool = True
    at: Position | None = None

    def gauge(self, series: str) -> str:
        """Return the name of the gauge of a series."""
        return f"{OBSERVED}{self.name}.{series}"

    @property
    def limits(self) -> frozenset[str]:
        """Return the names of the series that only say what others cannot exceed."""
        return frozenset(series.limit for series in self.series if series.limit)

    def get(self, series: str) -> Series | None:
        """Return a series by its name, None where there is no such one."""
        return next((one for one in self.series if one.name == series), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """All that is observed. The first `warmup_s` do not count where growth is judged."""

    sources: tuple[Source, ...] = ()
    warmup_s: float | None = None

    def source(self, name: str) -> Source | None:
        """Return a source by its name, None where there is no such one."""
        return next((one for one in self.sources if one.name == name), None)


NOTHING_OBSERVED = Observed()
_NOTABLE = 0.1


def lost_s(source: str, summary: Snapshot) -> int:
    """Return the seconds in which a source gave no sample."""
    lost = summary.gauges.get((f"{LOST}{source}", COORDINATOR))
    return round(lost.mean * lost.times) if lost else 0


def missed(gauge: str, summary: Snapshot) -> str:
    """Return "12 of 60 s without a sample" where a tenth is missing of what a gauge stands for, or more; else ""."""
    if not gauge.startswith(OBSERVED):
        return ""
    lost, passed_s = lost_s(gauge.split(".")[1], summary), (summary.end_ns - summary.start_ns) / NS_PER_S
    return f"{lost} of {passed_s:.0f} s without a sample" if lost and lost >= _NOTABLE * passed_s else ""
