"""The part of a report that Artillery's has as well."""

import numpy as np
import pytest

from loadkit.metrics.histogram import Histogram
from loadkit.metrics.sample import Outcome
from loadkit.metrics.snapshot import Snapshot
from loadkit.report.dropin import artillery_counters, artillery_name, artillery_summaries, extended_summaries


def test_counters_of_our_own_are_left_out() -> None:
    own = ["arrivals.due", "checks.ok", "http.connections", "http.retries", "http.redirects.post_to_get"]
    own += ["http.uploaded_bytes", "log.lines_dropped", "payloads.exhausted"]
    assert artillery_counters({**dict.fromkeys(own, 3), "http.requests": 2, "mine": 1}) == {
        "http.requests": 2,
        "mine": 1,
    }


def test_bytes_are_those_that_responses_announce() -> None:
    assert artillery_counters({"http.downloaded_bytes": 900, "http.content_bytes": 40}) == {"http.downloaded_bytes": 40}


def test_that_nobody_failed_is_said_once_somebody_completed() -> None:
    assert artillery_counters({"vusers.completed": 2}) == {"vusers.completed": 2, "vusers.failed": 0}
    assert artillery_counters({"vusers.failed": 2}) == {"vusers.failed": 2}


@pytest.mark.parametrize("outcome", [Outcome.RESET_CONNECT, Outcome.RESET, Outcome.RESET_HEAD, Outcome.CLOSED])
def test_a_broken_connection_has_one_name_wherever_it_broke(outcome: Outcome) -> None:
    assert artillery_name(f"errors.{outcome.value}") == "errors.ECONNRESET"
    assert artillery_name(f"plugins.metrics-by-endpoint./a.errors.{outcome.value}").endswith("./a.errors.ECONNRESET")


def test_counts_of_errors_with_one_name_add_up() -> None:
    counters = {"errors.ECONNRESET": 1, "errors.ECONNRESET_HEAD": 2, "errors.ETIMEDOUT_CONNECT": 4}
    assert artillery_counters(counters) == {"errors.ECONNRESET": 3, "errors.ETIMEDOUT": 4}


def test_extended_metrics_count_a_part_that_a_response_did_not_need_as_0() -> None:
    snapshot = Snapshot(counters={("http.responses", "/a"): 3, ("http.responses", "/b"): 1})
    for metric, values in (("http.connect", [4_000_000]), ("http.service_time", [5_000_000] * 4)):
        snapshot.histograms[metric, "/a"] = made = Histogram()
        made.record(np.array(values))
    found = extended_summaries(snapshot)
    assert list(found) == ["http.dns", "http.tcp", "http.tls", "http.total"]
    assert [summary["count"] for summary in found.values()] == [4, 4, 4, 4]
    assert [summary["max"] for summary in found.values()] == [0, 4, 0, 5]
    assert found["http.tcp"]["min"] == 0
    assert snapshot.histogram("http.connect").total == 1
    assert extended_summaries(Snapshot()) == {}


def test_times_of_our_own_are_left_out() -> None:
    times = {
        "http.response_time": 1,
        "http.service_time": 2,
        "generator.lag": 3,
        "vusers.session_length": 4,
        "own.time": 5,
    }
    assert list(artillery_summaries(times)) == ["http.response_time", "vusers.session_length", "own.time"]
