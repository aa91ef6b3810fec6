"""What a response comes to when its connection ends."""

from __future__ import annotations

import pytest

from loadkit.metrics.sample import Outcome
from loadkit.protocols.ending import ending

UNTIL_THE_END: dict[bytes, bytes] = {b"Server": b"x"}
WITH_LENGTH = {b"Content-Length": b"5"}
CHUNKED = {b"transfer-encoding": b"Chunked"}


@pytest.mark.parametrize(
    ("bytes_in", "headers", "orderly", "outcome"),
    [
        (0, None, True, Outcome.CLOSED),
        (0, UNTIL_THE_END, True, Outcome.CLOSED),  # those of the response before
        (9, None, True, Outcome.TRUNCATED),
        (9, WITH_LENGTH, True, Outcome.TRUNCATED),
        (9, CHUNKED, True, Outcome.TRUNCATED),
        (9, UNTIL_THE_END, False, Outcome.TLS_UNCLEAN),
        (9, UNTIL_THE_END, True, None),
    ],
)
def test_a_body_is_whole_only_where_nothing_else_says_its_end(
    bytes_in: int, headers: dict[bytes, bytes] | None, orderly: bool, outcome: Outcome | None
) -> None:
    found = ending(None, bytes_in, headers, orderly=orderly)
    assert (found and found[0]) is outcome


@pytest.mark.parametrize(
    ("error", "bytes_in", "headers", "outcome", "text"),
    [
        (ConnectionResetError("gone"), 0, UNTIL_THE_END, Outcome.RESET, "gone"),
        (ConnectionResetError("gone"), 9, None, Outcome.RESET_HEAD, "gone, within the head of the response, after 9 bytes"),
        (BrokenPipeError(), 9, WITH_LENGTH, Outcome.RESET_BODY,
         "BrokenPipeError, within the body of the response, after 9 bytes"),
        (TimeoutError("slow"), 9, WITH_LENGTH, Outcome.CLOSED, "slow"),
    ],
)  # fmt: skip
def test_a_reset_is_told_by_where_it_struck(
    error: Exception, bytes_in: int, headers: dict[bytes, bytes] | None, outcome: Outcome, text: str
) -> None:
    assert ending(error, bytes_in, headers, orderly=True) == (outcome, text)
