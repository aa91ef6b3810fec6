"""What the numbers of a protocol are called: whoever adds up all that a run made asks for each family's name."""

from __future__ import annotations

from dataclasses import dataclass

from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One protocol's names. `made` counts what was begun, `done` what of that came to a valid end.

    The times are kept under `made`'s label: the name of the request, or of the function that is called. `faulty_time` is the part
    of the response time whose responses are errors, a 5xx; "" where none are.
    """

    made: str
    done: str
    response_time: str
    service_time: str
    failure_time: str
    faulty_time: str
    error_rate: str

    @property
    def times(self) -> tuple[str, str, str]:
        """Return the names of its times."""
        return self.response_time, self.service_time, self.failure_time


HTTP = Family(
    made="http.requests",
    done="http.responses",
    response_time="http.response_time",
    service_time="http.service_time",
    failure_time="http.failure_time",
    faulty_time="http.response_time.5xx",
    error_rate="http.error_rate",
)
PYTHON = Family(
    made="python.calls",
    done="python.returns",
    response_time="python.response_time",
    service_time="python.service_time",
    failure_time="python.failure_time",
    faulty_time="",
    error_rate="python.error_rate",
)
FAMILIES = (HTTP, PYTHON)


def count_made(seen: Snapshot) -> int:
    """Return the requests and calls of a snapshot."""
    return sum(seen.count(family.made) for family in FAMILIES)


def response_times(seen: Snapshot) -> Histogram:
    """Return the response times of all requests and calls."""
    return _merged(seen, [family.response_time for family in FAMILIES])


def service_times(seen: Snapshot) -> Histogram:
    """Return the service times of all requests and calls."""
    return _merged(seen, [family.service_time for family in FAMILIES])


def _merged(seen: Snapshot, names: list[str]) -> Histogram:
    merged = Histogram()
    merged.merge_all([histogram for (metric, _), histogram in seen.histograms.items() if metric in names])
    return merged
