"""Responses that are not HTTP, or more than HTTP allows."""

from pathlib import Path

from loadkit.metrics.sample import Outcome
from loadkit.workload.count import Count
from tests.faults.case import Case, assert_invariants, load, mixed, run_case
from tests.faults.server import Target
from tests.support.engine import S, on_loop, run_flow

BROKEN = (
    "/not-http",
    "/bad-status",
    "/bad-chunk-size",
    "/nul-in-header",
    "/two-lengths",
    "/length-and-chunked",
    "/garbage-behind",
    "/two-responses",
    "/upgrade",
    "/interim?count=17",
    "/endless-interim",
)
MUTATED = {"get": {"url": "/mutated?seed={{ $randomNumber(1, 1000000000) }}", "followRedirect": False, "timeout": 2}}


def test_what_is_not_http_is_an_error_and_its_connection_is_not_used_again(
    faults: Target, good: Case, tmp_path: Path
) -> None:
    paths = {path: path for path in (*BROKEN, "/interim?count=16")}
    case = run_case(tmp_path, mixed(faults.http, paths, arrivals=500))
    assert_invariants(case, exit_code=0, good=good)
    assert case.outcomes == {**{path: {"ERR_PROTOCOL"} for path in BROKEN}, "/interim?count=16": {"200"}}
    assert case.count("http.connections") == case.started


def test_a_pool_does_not_keep_a_connection_with_something_behind_its_response(
    faults: Target, good: Case, tmp_path: Path
) -> None:
    case = run_case(tmp_path, load(faults.http, "/garbage-behind", config={"http": {"pool": 1}}))
    assert_invariants(case, exit_code=0, good=good)
    assert case.errors == {"ERR_PROTOCOL": case.started}
    assert case.count("http.connections") == case.started


def test_any_mutation_of_a_response_is_a_response_or_an_error_with_a_name(
    faults: Target, good: Case, tmp_path: Path
) -> None:
    case = run_case(tmp_path, load(faults.http, [MUTATED], phases=[{"duration": 2, "arrivalRate": 250}]))
    assert_invariants(case, exit_code=0, good=good)
    assert 0 < case.count("http.responses") < case.count("http.requests") == case.started


def test_ten_thousand_mutations_crash_nothing_and_hang_nothing(faults: Target) -> None:
    reads = {**MUTATED["get"], "capture": {"json": "$.id", "as": "id", "strict": False}}
    ran = on_loop(run_flow([{"get": reads}], faults.http, workload=Count(10_000, 8 * S), duration_ns=8 * S))
    assert ran.count("http.requests") == 10_000 - ran.count("arrivals.dropped")
    assert ran.count("http.requests") > 5_000
    assert ran.errors.keys() - {"cookie_parse_error_invalid_cookie"} <= {
        outcome.value
        for outcome in (
            Outcome.PROTOCOL,
            Outcome.TRUNCATED,
            Outcome.CLOSED,
            Outcome.DECODE,
            Outcome.RESET,
            Outcome.RESET_HEAD,
            Outcome.RESET_BODY,
        )
    }, ran.summary.examples
    assert ran.count("vusers.completed") + ran.count("vusers.failed") == ran.count("vusers.created")
