"""--debug: each request and what came of it as text on standard error, with secrets masked.

A secret is known by its name, the same way in headers, queries, forms, JSON and plain text. JSON is masked as the data it
is, so a secret may be a list or an object too; whatever is text, JSON or not, is searched for `name=value` and `name: value`.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from loadkit.flow.user import VirtualUser
from loadkit.protocols.content import DecodeFault, OutputTooLarge, decode
from loadkit.protocols.http1 import Connection
from loadkit.protocols.request import Wire

_SHOWN = 2000
_MOST_JSON = 1024 * 1024  # beyond this size only the text that is shown is masked
_MASK = "***"

# Found anywhere in a name once its punctuation is gone, or as one of its words: X-API-Key, userPwd, card_pin.
_PARTS = re.compile(
    r"passw|passphrase|passcode|secret|token|credential|authorization|cookie|signature|csrf|xsrf|jwt"
    r"|(?:api|access|private)key|sess(?:ion)?id"
)
_WORDS = frozenset({"pass", "pwd", "pin", "sig", "otp", "auth", "sid"})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_PUNCTUATION = re.compile(r"[^a-z0-9]+")

_NAMED = re.compile(
    r"""(?<![\w.\-\[\]%$]) (?P<name>[\w.\-\[\]%$]++) \\?["']?\s*(?::|=(?!=))\s*
        (?P<value> \\["'].*?(?:\\["']|$) | "(?:[^"\\]|\\.)*+(?:"|\\?$) | '(?:[^'\\]|\\.)*+(?:'|\\?$)
                 | [\[{].* | (?<==)[^\s&"'<>]+ | [^\s&,;}\]"'<>]+ )""",
    re.VERBOSE | re.DOTALL,
)
_ELEMENT = re.compile(r"<([\w:.-]++)([^<>]*+)>([^<]++)(?=</)")
_BEARER = re.compile(r"\b(Bearer\s+)[\w.~+/=-]{6,}", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/?#\s\"'<>@]++@")


def trace_exchange(user: VirtualUser, wire: Wire, connection: Connection) -> None:
    """Log a request and its response. The response's body is shown as far as the connection kept it."""
    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in connection.raw_headers()]
    spent_ms = (connection.end_ns - connection.sent_ns) / 1e6
    came = [f"{connection.status} in {spent_ms:.2f} ms, {connection.bytes_in} bytes"]
    came += [_masked_field(name, value) for name, value in fields]
    body = connection.body()
    if body:
        came += ["", _decoded(body, fields)]
    _log(user, wire, came)


def trace_failure(user: VirtualUser, wire: Wire, name: str, text: str) -> None:
    """Log a request that got no valid response: `name` is its error, `text` says what happened."""
    _log(user, wire, [f"no valid response: {name}: {_masked_text(text)}"])


def is_secret(name: str) -> bool:
    """Say whether what is called this is not to be shown."""
    plain = _PUNCTUATION.sub("", name.lower())
    return bool(_PARTS.search(plain)) or any(word.lower() in _WORDS for word in _WORD.findall(name))


def _log(user: VirtualUser, wire: Wire, came: list[str]) -> None:
    head, _, body = wire.payload.partition(b"\r\n\r\n")
    request, *fields = head.decode(errors="replace").split("\r\n")
    lines = [f"--- VU {user.number} -> {wire.origin}", _masked_text(request)]
    lines += [_masked_field(name, value.strip()) for name, _, value in (field.partition(":") for field in fields)]
    if body:
        lines += ["", _masked_body(body)]
    user.run.log("\n".join([*lines, f"--- VU {user.number} <- {came[0]}", *came[1:]]), stream="stderr")


def _decoded(body: bytes, fields: list[tuple[str, str]]) -> str:
    encoding = ", ".join(value for name, value in fields if name.lower() == "content-encoding")
    try:
        return _masked_body(decode(body, encoding))
    except (DecodeFault, OutputTooLarge) as error:
        return f"({len(body)} bytes that cannot be shown as {encoding}: {error})"


def _masked_field(name: str, value: str) -> str:
    return f"{name}: {_MASK if is_secret(name) else _masked_text(value)}"


def _masked_body(body: bytes) -> str:
    shown = _masked_json(body) if len(body) <= _MOST_JSON else body
    text = shown[:_SHOWN].decode(errors="replace")
    if "\0" in text or text.count("\ufffd") > len(text) / 10:
        return f"({len(body)} bytes that are no text)"
    text = _masked_text(text)
    return f"{text}... ({len(body)} bytes)" if len(shown) > _SHOWN else text


def _masked_json(body: bytes) -> bytes:
    """Return JSON with its secrets masked; as it was when it has none, or is no JSON."""
    try:
        data = msgspec.json.decode(body)
        masked = _masked_data(data)
        return body if masked == data else msgspec.json.encode(masked)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return body


def _masked_data(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _MASK if is_secret(name) else _masked_data(value) for name, value in data.items()}
    return [_masked_data(item) for item in data] if isinstance(data, list) else data


def _masked_text(text: str) -> str:
    """Return a text, cut when long, without the values behind names of secrets, bearer tokens and users of URLs."""
    if len(text) > _SHOWN:  # cut first: the search takes long for what is long
        text = f"{text[:_SHOWN]}..."
    pieces, done = [], 0
    found = _NAMED.search(text)
    while found:
        start, end = found.span("value")
        if is_secret(unquote_plus(found["name"])):
            quote = found["value"][0] if found["value"][0] in "\"'" else ""
            pieces.append(f"{text[done:start]}{quote}{_MASK}{quote}")
            done = end
            found = _NAMED.search(text, end)
        else:
            found = _NAMED.search(text, start)  # a value may hold names too: url=/x?token=...
    masked = "".join([*pieces, text[done:]])
    masked = _ELEMENT.sub(_masked_element, _BEARER.sub(rf"\1{_MASK}", masked))
    return _USERINFO.sub(f"{_MASK}@", masked)


def _masked_element(found: re.Match[str]) -> str:
    return f"<{found[1]}{found[2]}>{_MASK}" if is_secret(found[1]) else found[0]
