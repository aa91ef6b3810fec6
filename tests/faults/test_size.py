"""Responses that are too large: fields, heads, bodies without end, compression bombs."""

import time
from pathlib import Path
from typing import Any

import pytest

from loadkit.protocols.content import OutputTooLarge, decode
from loadkit.protocols.fields import MAX_HEAD_BYTES
from tests.faults import bodies
from tests.faults.case import MB, Case, assert_given_up_after, assert_invariants, load, mixed, run_case
from tests.faults.server import Target

TOO_LARGE = (
    "/field?bytes=66000",
    "/fields?count=257",
    "/fields?count=250&bytes=2000",
    "/endless-line",
    "/endless-fields",
    "/endless-status",
)
WITHIN = ("/field?bytes=64000", "/fields?count=200", "/fields?count=100&bytes=2000")
CAPTURE = {"capture": {"json": "$.id", "as": "id"}}
BOMBS = ("gzip-bomb", "doubled-gzip-bomb", "brotli-bomb", "zstd-bomb")


def test_heads_are_held_to_256_fields_of_64_kb_and_256_kb_in_all(faults: Target, good: Case, tmp_path: Path) -> None:
    case = run_case(tmp_path, mixed(faults.http, {path: path for path in (*TOO_LARGE, *WITHIN)}, arrivals=300))
    assert_invariants(case, exit_code=0, good=good)
    assert case.outcomes == {
        **{path: {"ERR_TOO_LARGE"} for path in TOO_LARGE},
        **{path: {"200"} for path in WITHIN},
    }


def test_a_head_that_never_ends_costs_at_most_twice_its_limit(faults: Target, good: Case, tmp_path: Path) -> None:
    users = 100
    data = mixed(faults.http, {"large": "/hang-in-large-head"}, arrivals=users, http={"timeout": 3})
    case = run_case(tmp_path, data)
    a_user = 64_000  # what a slow one may cost besides
    assert_invariants(case, exit_code=0, good=good, rss_growth=users * (2 * MAX_HEAD_BYTES + a_user))
    assert case.errors == {"ETIMEDOUT": case.started}
    assert case.count("http.downloaded_bytes") > 240_000 * case.started


@pytest.mark.parametrize("path", ["/endless-body", "/endless-chunks"])
def test_a_body_without_end_is_counted_and_thrown_away_until_the_timeout(
    faults: Target, good: Case, tmp_path: Path, path: str
) -> None:
    phases = [{"duration": 1, "arrivalCount": 2}]
    case = run_case(tmp_path, load(faults.http, path, phases=phases, config={"http": {"timeout": 3}}))
    assert_invariants(case, exit_code=0, good=good, rss_growth=10 * MB)
    assert case.errors == {"ETIMEDOUT": case.started}
    assert_given_up_after(case, case.summaries["http.failure_time"], 3000, within_ms=300)
    assert case.count("http.downloaded_bytes") > 50 * MB


@pytest.mark.parametrize("step", [{}, CAPTURE], ids=["counted", "read"])
@pytest.mark.parametrize("path", ["/endless-trailer", "/endless-extension"])
def test_what_surrounds_chunks_is_held_to_the_size_of_a_head(
    faults: Target, good: Case, tmp_path: Path, path: str, step: dict[str, Any]
) -> None:
    phases = [{"duration": 1, "arrivalCount": 2}]
    case = run_case(tmp_path, load(faults.http, [{"get": {"url": path, **step}}], phases=phases))
    assert_invariants(case, exit_code=0, good=good, rss_growth=10 * MB)
    assert case.errors == {"ERR_TOO_LARGE": case.started}
    assert case.count("http.downloaded_bytes") < 2 * MB


def test_a_body_without_end_that_is_read_is_given_up_at_64_mib(faults: Target, good: Case, tmp_path: Path) -> None:
    flow = [{"get": {"url": "/endless-body", **CAPTURE}}]
    phases = [{"duration": 1, "arrivalCount": 1}]
    case = run_case(tmp_path, load(faults.http, flow, phases=phases))
    assert_invariants(case, exit_code=0, good=good, rss_growth=80 * MB)
    assert case.errors == {"ERR_TOO_LARGE": 1}


def test_bombs_are_stopped_by_their_ratio_and_chains_by_their_length(
    faults: Target, good: Case, tmp_path: Path
) -> None:
    steps = {what: {"get": {"url": f"/encoded?what={what}", **CAPTURE}} for what in (*BOMBS, *bodies.ENCODED)}
    steps.pop("moderate-gzip-bomb")
    case = run_case(tmp_path, mixed(faults.http, steps, arrivals=60, rate=15), "--seed", "1")
    assert_invariants(case, exit_code=0, good=good, rss_growth=70 * MB)
    assert case.outcomes == {
        **{what: {"200", "ERR_TOO_LARGE"} for what in BOMBS},
        **{what: {"200", "ERR_CONTENT_DECODING"} for what in ("four", "not-gzip", "cut-gzip", "unknown")},
        "gzip": {"200"},
        "three": {"200"},
    }


def test_a_body_that_nobody_reads_is_not_decoded(faults: Target, good: Case, tmp_path: Path) -> None:
    flow = [{"get": {"url": "/encoded?what=gzip-bomb", "expect": {"statusCode": 201}}}]
    case = run_case(tmp_path, load(faults.http, flow, phases=[{"duration": 1, "arrivalCount": 10}]))
    assert_invariants(case, exit_code=3, good=good, rss_growth=10 * MB)
    assert (case.errors, case.count("http.codes.200")) == ({}, case.started)
    assert case.count("http.downloaded_bytes") > 8 * MB * case.started


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_costs_less_than_a_tenth_of_a_second(bomb: str) -> None:
    coding, body = bodies.ENCODED[bomb]()
    began_s = time.process_time()
    with pytest.raises(OutputTooLarge):
        decode(body, coding)
    assert time.process_time() - began_s < 0.1


def test_what_grows_less_than_a_thousand_times_is_stopped_at_64_mib() -> None:
    """Linear in what comes out: it was quadratic in what goes in, and took most of a second."""
    coding, body = bodies.ENCODED["moderate-gzip-bomb"]()
    began_s = time.process_time()
    with pytest.raises(OutputTooLarge, match="67108864"):
        decode(body, coding)
    assert time.process_time() - began_s < 0.5
