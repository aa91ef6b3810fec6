"""What one request comes to: the closed set of outcomes, and the layout of a recorded sample.

A sample is never an object on the hot path: it is a row of SAMPLE_WIDTH integers appended to its series'
buffer (see recorder.py), which numpy reads as a table once a second.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Outcome(Enum):
    """How a request ended. The value is the error's name in metrics: `errors.<value>`."""

    OK = "ok"
    CHECK_FAILED = "Failed expectations"
    CAPTURE_FAILED = "Failed capture or match"
    REFUSED = "ECONNREFUSED"
    CONNECT_TIMEOUT = "ETIMEDOUT_CONNECT"
    RESPONSE_TIMEOUT = "ETIMEDOUT"
    RESET_CONNECT = "ECONNRESET_CONNECT"  # before the request was sent
    RESET = "ECONNRESET"  # before the first byte of the response
    RESET_HEAD = "ECONNRESET_HEAD"
    RESET_BODY = "ECONNRESET_BODY"
    UNREACHABLE = "EHOSTUNREACH"
    CLOSED = "ERR_CONNECTION_CLOSED"
    TRUNCATED = "ERR_INCOMPLETE_BODY"
    DNS = "ENOTFOUND"
    SOCKET = "ENOENT"  # or EAGAIN: of a Unix socket
    PROXY = "ERR_PROXY_CONNECTION_FAILED"
    PROXY_TIMEOUT = "ETIMEDOUT_PROXY"
    PROXY_AUTHENTICATION = "ERR_PROXY_AUTH_REQUIRED"
    PROXY_TUNNEL = "ERR_TUNNEL_CONNECTION_FAILED"
    TLS = "ERR_TLS"
    TLS_TIMEOUT = "ETIMEDOUT_TLS"
    TLS_VERSION = "ERR_SSL_UNSUPPORTED_PROTOCOL"
    TLS_UNCLEAN = "ERR_SSL_UNEXPECTED_EOF_WHILE_READING"
    CERT_EXPIRED = "CERT_HAS_EXPIRED"
    CERT_OTHER_HOST = "ERR_TLS_CERT_ALTNAME_INVALID"
    CERT_SELF_SIGNED = "DEPTH_ZERO_SELF_SIGNED_CERT"
    CERT_SELF_SIGNED_IN_CHAIN = "SELF_SIGNED_CERT_IN_CHAIN"
    CERT_NO_ISSUER = "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"
    CERT_UNVERIFIED = "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
    PROTOCOL = "ERR_PROTOCOL"
    DECODE = "ERR_CONTENT_DECODING"
    TOO_LARGE = "ERR_TOO_LARGE"
    TOO_MANY_REDIRECTS = "ERR_TOO_MANY_REDIRECTS"
    NOT_ALLOWED = "ERR_HOST_NOT_ALLOWED"
    INVALID_REQUEST = "ERR_INVALID_REQUEST"
    NO_ROW = "ERR_NO_ROW"  # a payload with `onExhausted: fail` has no row left for the virtual user
    GENERATOR = "ERR_GENERATOR"  # out of descriptors or ports: ours, not the target's
    CANCELLED = "CANCELLED"
    INTERNAL = "INTERNAL"


class Sample(NamedTuple):
    """One request that got a valid response. All instants are perf_counter_ns.

    `intended_ns` is when it was due, `start_ns` when work on it began (before a new connection's dns, connect
    and tls), `written_ns` and `sent_ns` when its first and last byte were handed to the system (one instant, unless a large
    one had to wait in our buffer), then first and last byte of the response. `content_bytes` is what its Content-Length says.
    """

    intended_ns: int
    start_ns: int
    written_ns: int
    sent_ns: int
    first_byte_ns: int
    end_ns: int
    status: int
    bytes_in: int
    bytes_out: int
    content_bytes: int = 0


SAMPLE_WIDTH = len(Sample._fields)


class Call(NamedTuple):
    """One call of a Python function that returned; the instants are those of Sample."""

    intended_ns: int
    start_ns: int
    end_ns: int


CALL_WIDTH = len(Call._fields)
