"""--debug: each request and response as text on standard error, with secrets masked."""

from __future__ import annotations

import re

from loadkit.flow.user import VirtualUser
from loadkit.protocols.http1 import Connection
from loadkit.protocols.request import Wire

_SECRET_HEADERS = {"authorization", "cookie", "set-cookie", "proxy-authorization", "x-api-key", "x-auth-token"}
_SECRET_KEYS = r"(?:[\w-]*(?:password|passwd|secret|token|api[_-]?key|credential)[\w-]*)"
_SECRET_JSON = re.compile(rf'("{_SECRET_KEYS}"\s*:\s*)("(?:[^"\\]|\\.)*"|[^\s,}}\]]+)', re.IGNORECASE)
_SECRET_FORM = re.compile(rf"((?:^|[?&\s]){_SECRET_KEYS}=)[^&\s]+", re.IGNORECASE)
_SHOWN = 2000


def trace_exchange(user: VirtualUser, wire: Wire, payload: bytes, connection: Connection) -> None:
    """Log one exchange. The body of the response is shown when a capture or check keeps it."""
    head, _, body = payload.partition(b"\r\n\r\n")
    lines = [f"--- VU {user.number} -> {wire.origin}", *_masked_head(head.decode(errors="replace").split("\r\n"))]
    if body:
        lines += ["", _masked(body)]
    spent_ms = (connection.end_ns - connection.sent_ns) / 1e6
    lines.append(f"--- VU {user.number} <- {connection.status} in {spent_ms:.2f} ms, {connection.bytes_in} bytes")
    fields = [f"{name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in connection.raw_headers()]
    lines += _masked_head(fields)
    kept = connection.body()
    if kept:
        lines += ["", _masked(kept)]
    user.run.log("\n".join(lines), stream="stderr")


def _masked_head(lines: list[str]) -> list[str]:
    shown = []
    for line in lines:
        name, colon, _ = line.partition(":")
        shown.append(
            f"{name}: ***" if colon and name.strip().lower() in _SECRET_HEADERS else _SECRET_FORM.sub(r"\1***", line)
        )
    return shown


def _masked(body: bytes) -> str:
    text = body[:_SHOWN].decode(errors="replace")
    text = _SECRET_FORM.sub(r"\1***", _SECRET_JSON.sub(r'\1"***"', text))
    return f"{text}... ({len(body)} bytes)" if len(body) > _SHOWN else text
