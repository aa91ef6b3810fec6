"""What a response comes to when its connection ends: whole, where nothing else says how long it is, else a failure.

nothing had come                      closed, or reset
the head had not, or not whole        truncated, or reset within the head
of the body some had                  truncated, or reset within the body
a body that ends with the connection  whole; with TLS only after close_notify
"""

from __future__ import annotations

from collections.abc import Mapping

from loadkit.metrics.sample import Outcome
from loadkit.protocols.fields import ends_with_connection


def ending(
    error: Exception | None, bytes_in: int, headers: Mapping[bytes, bytes] | None, *, orderly: bool
) -> tuple[Outcome, str] | None:
    """Return how the response failed; None where the end of the connection is its end.

    `error` is what the event loop says, `headers` is None while the head is not complete, `orderly` says that the other side
    said that it would send no more (with TLS: by close_notify).
    """
    if error is not None:
        return _broken_by(error, bytes_in, in_head=headers is None)
    if not bytes_in:
        return Outcome.CLOSED, "the server closed the connection without a response"
    if headers is None or not ends_with_connection(headers):
        return Outcome.TRUNCATED, f"the connection ended within the response, after {bytes_in} bytes"
    if not orderly:  # RFC 9112 section 9.8: without close_notify anybody may have cut the body off
        return Outcome.TLS_UNCLEAN, f"the connection ended without close_notify, after {bytes_in} bytes"
    return None


def _broken_by(error: Exception, bytes_in: int, *, in_head: bool) -> tuple[Outcome, str]:
    """Return what a connection that broke while a response was awaited comes to: a reset is told by where it struck."""
    why = str(error) or type(error).__name__
    if not isinstance(error, ConnectionError):
        return Outcome.CLOSED, why
    if not bytes_in:
        return Outcome.RESET, why
    where, outcome = ("head", Outcome.RESET_HEAD) if in_head else ("body", Outcome.RESET_BODY)
    return outcome, f"{why}, within the {where} of the response, after {bytes_in} bytes"
