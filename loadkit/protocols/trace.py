"""--debug: each request and what came of it as text on standard error, with secrets masked.

What a secret is stands in redact.py. JSON is masked as the data it is, so a secret may be a list or an object too; whatever is
text, JSON or not, is searched for `name=value` and `name: value`, and before and after that for values that are known.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from loadkit.flow.user import VirtualUser
from loadkit.protocols.content import DecodeFault, OutputTooLarge, decode
from loadkit.protocols.http1 import Connection
from loadkit.protocols.request import Wire
from loadkit.redact import MASK, is_secret, mask_data

_SHOWN = 2000
_MOST_JSON = 1024 * 1024  # beyond this size only the text that is shown is masked


def trace_exchange(user: VirtualUser, wire: Wire, connection: Connection) -> None:
    """Note a request and its response, for `user.tell`. The response's body is shown as far as the connection kept it."""
    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in connection.raw_headers()]
    spent_ms = (connection.end_ns - connection.sent_ns) / 1e6
    came = [f"{connection.status} in {spent_ms:.2f} ms, {connection.bytes_in} bytes"]
    came += [_masked_field(user, name, value) for name, value in fields]
    body = connection.body()
    if body:
        came += ["", _decoded(user, body, fields)]
    _log(user, wire, came, [value for name, value in fields if name.lower() == "set-cookie"])


def trace_failure(user: VirtualUser, wire: Wire, name: str, text: str) -> None:
    """Note a request that got no valid response: `name` is its error, `text` says what happened."""
    _log(user, wire, [f"no valid response: {name}: {_masked_text(user, text)}"])


def _log(user: VirtualUser, wire: Wire, came: list[str], cookies: Iterable[str] = ()) -> None:
    head, _, body = wire.payload.partition(b"\r\n\r\n")
    request, *fields = head.decode(errors="replace").split("\r\n")
    lines = [f"--- VU {user.number} -> {wire.origin}", _masked_text(user, request)]
    lines += [_masked_field(user, name, value.strip()) for name, _, value in (field.partition(":") for field in fields)]
    if body:
        lines += ["", _masked_body(user, body)]
    text = "\n".join([*lines, f"--- VU {user.number} <- {came[0]}", *came[1:]])
    given = [cookie.partition(";")[0].partition("=")[2] for cookie in cookies]  # a body may repeat them
    user.traces.append(user.run.secrets.mask_values(text, given))


def _decoded(user: VirtualUser, body: bytes, fields: list[tuple[str, str]]) -> str:
    encoding = ", ".join(value for name, value in fields if name.lower() == "content-encoding")
    try:
        return _masked_body(user, decode(body, encoding))
    except (DecodeFault, OutputTooLarge) as error:
        return f"({len(body)} bytes that cannot be shown as {encoding}: {error})"


def _masked_field(user: VirtualUser, name: str, value: str) -> str:
    return f"{name}: {MASK if is_secret(name) else _masked_text(user, value)}"


def _masked_body(user: VirtualUser, body: bytes) -> str:
    shown = _masked_json(body) if len(body) <= _MOST_JSON else body
    text = shown[:_SHOWN].decode(errors="replace")
    if "\0" in text or text.count("\ufffd") > len(text) / 10:
        return f"({len(body)} bytes that are no text)"
    text = _masked_text(user, text)
    return f"{text}... ({len(body)} bytes)" if len(shown) > _SHOWN else text


def _masked_json(body: bytes) -> bytes:
    """Return JSON with its secrets masked; as it was when it has none, or is no JSON."""
    try:
        data = msgspec.json.decode(body)
        masked = mask_data(data)
        return body if masked == data else msgspec.json.encode(masked)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return body


def _masked_text(user: VirtualUser, text: str) -> str:
    """Return a text, cut when long, masked."""
    return user.masked(f"{text[:_SHOWN]}..." if len(text) > _SHOWN else text)
