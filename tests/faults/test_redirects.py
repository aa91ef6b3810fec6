"""Redirects without end, to elsewhere, and to nowhere."""

from pathlib import Path
from urllib.parse import quote

from tests.faults.case import Case, assert_invariants, load, run_case
from tests.faults.server import Target

ONE = [{"duration": 1, "arrivalCount": 1}]
SECRETS = {"headers": {"Authorization": "Bearer secret", "X-Plain": "1"}, "cookie": {"session": "secret"}}


def test_a_redirect_loop_makes_exactly_eleven_requests(faults: Target, good: Case, tmp_path: Path) -> None:
    case = run_case(tmp_path, load(faults.http, "/redirect-loop?case=eleven", phases=ONE))
    assert_invariants(case, exit_code=0, good=good)
    assert case.errors == {"ERR_TOO_MANY_REDIRECTS": 1}
    assert (case.count("http.requests"), case.count("http.redirects")) == (11, 10)
    assert faults.seen("/redirect-loop?case=eleven")[0] == 11


def test_credentials_stay_with_their_origin(faults: Target, good: Case, tmp_path: Path) -> None:
    """From http to https and from https to http, both another host and port."""
    for name, source, other in (("up", faults.http, faults.tls["good"]), ("down", faults.tls["good"], faults.http)):
        path, there = f"/redirect?to={quote(f'{other}/ok?{name}')}", f"/ok?{name}"
        flow = [{"get": {"url": path, **SECRETS}}]
        case = run_case(tmp_path, load(source, flow, phases=ONE, config={"tls": {"ca": faults.ca}}))
        assert_invariants(case, exit_code=0, good=good)
        assert (case.errors, case.count("http.requests")) == ({}, 2)
        [first], [second] = faults.seen(path)[1], faults.seen(there)[1]
        assert "Bearer secret" in first
        assert "session=secret" in first
        assert "secret" not in second
        assert "X-Plain: 1" in second


def test_a_redirect_to_what_is_not_http_is_an_error(faults: Target, good: Case, tmp_path: Path) -> None:
    case = run_case(tmp_path, load(faults.http, "/redirect-nowhere"))
    assert_invariants(case, exit_code=0, good=good)
    assert case.errors == {"ERR_PROTOCOL": case.started}
    assert "ftp://elsewhere/" in case.texts
