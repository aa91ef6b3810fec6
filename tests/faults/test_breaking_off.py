"""Responses that break off: resets in each part, closed connections, bodies that are too short."""

from pathlib import Path

from tests.faults.case import Case, assert_invariants, load, mixed, run_case
from tests.faults.server import Target

RESETS = {
    "/reset": "ECONNRESET",
    "/reset-in-head": "ECONNRESET_HEAD",
    "/reset-in-body": "ECONNRESET_BODY",
    "/close": "ERR_CONNECTION_CLOSED",
    "/close-in-head": "ERR_INCOMPLETE_BODY",
}
SHORT = ("/short-length", "/short-chunk", "/no-last-chunk")


def test_a_reset_is_named_by_where_it_struck_and_never_retried_on_a_new_connection(
    faults: Target, good: Case, tmp_path: Path
) -> None:
    case = run_case(tmp_path, mixed(faults.http, {path: path for path in RESETS}, arrivals=250))
    assert_invariants(case, exit_code=0, good=good)
    assert case.outcomes == {path: {error} for path, error in RESETS.items()}
    assert (case.count("http.requests"), case.count("http.retries")) == (case.started, 0)


def test_an_idle_connection_that_breaks_is_replaced_once_for_a_get_and_never_for_a_post(
    faults: Target, good: Case, tmp_path: Path
) -> None:
    """Each connection of the target serves one request: the second one meets its end."""
    case = run_case(tmp_path, load(faults.http, [{"get": "/close-when-reused"}] * 3))
    assert_invariants(case, exit_code=0, good=good)
    assert (case.errors, case.count("http.responses")) == ({}, 3 * case.started)
    assert case.count("http.retries") == 2 * case.started
    case = run_case(
        tmp_path, load(faults.http, [{"get": "/reset-when-reused"}, {"post": {"url": "/reset-when-reused"}}])
    )
    assert_invariants(case, exit_code=0, good=good)
    assert case.errors == {"ECONNRESET": case.started}
    assert (case.count("http.responses"), case.count("http.retries")) == (case.started, 0)


def test_a_body_that_is_too_short_is_never_a_success(faults: Target, good: Case, tmp_path: Path) -> None:
    flow = {path: {"get": {"url": path, "expect": {"statusCode": 200}}} for path in SHORT}
    case = run_case(tmp_path, mixed(faults.http, flow, arrivals=1000))
    assert_invariants(case, exit_code=0, good=good)
    assert case.outcomes == {path: {"ERR_INCOMPLETE_BODY"} for path in SHORT}
    assert case.errors == {"ERR_INCOMPLETE_BODY": case.started}
    assert (case.count("http.responses"), case.count("checks.ok")) == (0, 0)
