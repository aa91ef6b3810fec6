"""TLS that must not be trusted, and TLS that does not come about."""

from pathlib import Path

from tests.faults.case import Case, assert_given_up_after, assert_invariants, load, mixed, run_case
from tests.faults.server import Target

ERRORS = {
    "good": "200",
    "expired": "CERT_HAS_EXPIRED",
    "wrong_host": "ERR_TLS_CERT_ALTNAME_INVALID",
    "unknown_ca": "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "old_version": "ERR_SSL_UNSUPPORTED_PROTOCOL",
    "unclean": "ERR_SSL_UNEXPECTED_EOF_WHILE_READING",
    "hang": "ETIMEDOUT_TLS",
    "reset": "ECONNRESET_CONNECT",
    "close": "ECONNRESET_CONNECT",
    "plain": "ERR_TLS",
}


def test_each_trouble_with_tls_has_a_name_of_its_own(faults: Target, good: Case, tmp_path: Path) -> None:
    steps = {name: f"{url}/ok" for name, url in faults.tls.items()}
    data = mixed(faults.http, steps, arrivals=250, tls={"ca": faults.ca}, http={"connectTimeout": 1, "timeout": 20})
    case = run_case(tmp_path, data)
    assert_invariants(case, exit_code=0, good=good)
    assert case.outcomes == {name: {error} for name, error in ERRORS.items()}
    assert_given_up_after(case, case.requests["hang"]["failure_time_ms"], 1000)


def test_certificates_are_verified_unless_the_report_says_that_they_were_not(
    faults: Target, good: Case, tmp_path: Path
) -> None:
    case = run_case(tmp_path, load(faults.tls["expired"], "/ok"))
    assert_invariants(case, exit_code=0, good=good)
    # nothing is trusted here, and OpenSSL may come upon the unknown issuer first
    assert case.errors.keys() <= {"CERT_HAS_EXPIRED", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"}
    assert case.report is not None
    assert case.report["loadkit"]["insecure"] is False

    case = run_case(tmp_path, load(faults.tls["expired"], "/ok"), "--insecure")
    assert_invariants(case, exit_code=0, good=good)
    assert (case.errors, case.count("http.codes.200")) == ({}, case.started)
    assert case.report is not None
    assert case.report["loadkit"]["insecure"] is True
    assert "certificates were not verified" in case.out
