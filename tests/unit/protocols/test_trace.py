"""What --debug prints of an exchange, and what it must never print."""

import gzip
import json
from types import SimpleNamespace
from typing import Any

import pytest

from loadkit.flow.user import VirtualUser
from loadkit.protocols.address import Origin
from loadkit.protocols.request import Wire
from loadkit.protocols.trace import trace_exchange, trace_failure
from loadkit.redact import Secrets, is_secret

WIRE = Wire("POST", Origin("http", "shop.example", 80), "/x", b"", b"")
HEAD = b"POST /x HTTP/1.1\r\nHost: shop.example\r\n"


class Response:
    status, bytes_in, sent_ns, end_ns = 200, 120, 0, 2_500_000

    def __init__(self, body: bytes = b"", **headers: str) -> None:
        self._body, self._headers = body, headers

    def body(self) -> bytes:
        return self._body

    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        return [(name.replace("_", "-").encode(), value.encode()) for name, value in self._headers.items()]


def someone() -> tuple[Any, list[str]]:
    logged: list[str] = []
    run = SimpleNamespace(secrets=Secrets(), log=lambda text, **_: logged.append(text))
    return VirtualUser(run, 7), logged


def traced(payload: bytes = HEAD + b"\r\n", response: Response | None = None) -> str:
    user, logged = someone()
    trace_exchange(user, WIRE._replace(payload=payload), response or Response())  # type: ignore[arg-type]
    user.tell()
    return logged[0]


def sent(body: Any) -> str:
    return traced(HEAD + b"\r\n" + (body if isinstance(body, bytes) else json.dumps(body).encode()))


HEADERS = ["Authorization", "Proxy-Authorization", "Cookie", "Api-Key", "X-Api-Key", "X-Access-Token", "X-CSRF-Token"]
HEADERS += ["X-Secret", "X-Session-Id", "X-Auth-Token", "X-XSRF-TOKEN", "X-Amz-Signature", "X-Auth"]
KEYS = ["password", "passwd", "pwd", "pass", "passphrase", "pin", "jwt", "sessionId", "session_id", "sig", "signature"]
KEYS += ["secret", "clientSecret", "access_token", "apiKey", "credentials", "userPwd", "card-pin", "PIN", "JSESSIONID"]
PLAIN = ["passed", "compass", "shipping", "design", "author", "authority", "spin", "session_length", "key", "monkey"]
PLAIN += ["Content-Type", "Location", "WWW-Authenticate", "ETag"]


@pytest.mark.parametrize("name", [*HEADERS, *KEYS, "Set-Cookie", "user[password]"])
def test_a_secret_is_known_by_its_name(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", PLAIN)
def test_a_name_that_only_resembles_one_is_shown(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize("name", HEADERS)
def test_headers_never_show_a_secret(name: str) -> None:
    fields = f"{name}: canary\r\nX-Plain: seen\r\n\r\n".encode()
    text = traced(HEAD + fields, Response(**{name.replace("-", "_"): "canary", "Set_Cookie": "s=canary"}))
    assert "canary" not in text
    assert text.count(f"\n{name}: ***") == 2
    assert "X-Plain: seen" in text


@pytest.mark.parametrize("key", KEYS)
def test_bodies_and_queries_never_show_a_secret(key: str) -> None:
    bodies = [
        {key: "canary", "a": "seen"},
        {"a": "seen", key: ["canary", "canary"]},
        {"a": "seen", "deep": [{key: {"x": "canary"}}]},
        {key: 4242.25, "a": "seen"},
        f"a=seen&{key}=canary&b=1".encode(),
        f"{key}=canary&a=seen".encode(),
        f"user[{key}]=canary&a=seen".encode(),
        f"user%5B{key}%5D=canary&a=seen".encode(),
        f'a: seen, "{key}" : "canary \\" canary"'.encode(),
        f'seen {{"{key}": ["canary", "canary"], '.encode(),
        f'seen {{"{key}": "canary'.encode(),
        f"<u><a>seen</a><{key}>canary canary</{key}></u>".encode(),
        {"a": "seen", "inner": json.dumps({key: "canary canary"})},
        {"a": "seen", "next": f"http://x/?{key}=canary"},
    ]
    for body in bodies:
        text = sent(body)
        assert "canary" not in text, body
        assert "4242" not in text, body
        assert "seen" in text, body
    text = traced(f"GET /x?a=seen&{key}=canary HTTP/1.1\r\n\r\n".encode(), Response(Location=f"/y?{key}=canary&b=seen"))
    assert "canary" not in text
    assert text.count("seen") == 2


def test_users_of_urls_and_bearer_tokens_in_texts_are_masked() -> None:
    text = traced(response=Response(b"try Bearer canary.canary", Location="http://ann:canary@shop.example/"))
    assert "canary" not in text
    assert "Location: http://***@shop.example/" in text


def test_a_value_that_a_later_key_shadows_is_masked_too() -> None:
    assert "canary" not in sent(b'{"x": {"pin": "canary"}, "x": 1}')


def test_a_secret_cut_off_by_the_limit_is_masked() -> None:
    filler = "x" * 1990
    assert "can" not in sent(f'not JSON {filler[:1960]} "token": "canary canary canary"'.encode())
    text = sent({"filler": filler, "token": "canary canary"})
    assert "can" not in text
    assert "... (" in text


def test_json_without_secrets_is_shown_as_it_was() -> None:
    assert '{ "price" : 1.50 }' in sent(b'{ "price" : 1.50 }')


def test_a_compressed_response_is_shown_decoded() -> None:
    body = gzip.compress(b'{"name": "teapot", "jwt": "canary"}')
    text = traced(response=Response(body, content_encoding="gzip"))
    assert '"name":"teapot","jwt":"***"' in text


def test_a_response_that_cannot_be_decoded_says_so() -> None:
    for body, encoding in ((b"plain", "gzip"), (gzip.compress(bytes(4_000_000)), "gzip"), (b"x", "rot13")):
        text = traced(response=Response(body, content_encoding=encoding))
        assert f"({len(body)} bytes that cannot be shown as {encoding}: " in text


def test_what_is_no_text_is_counted_not_shown() -> None:
    assert "(256 bytes that are no text)" in traced(response=Response(bytes(range(256))))


def test_long_headers_and_urls_are_cut() -> None:
    many = "a:{" * 30_000
    text = traced(f"GET /{many} HTTP/1.1\r\nX-Long: {many}\r\n\r\n".encode(), Response(X_Long=many))
    assert len(text) < 7_000
    assert text.count("a:...") + text.count("a:{...") + text.count("a...") == 3


def test_nesting_without_end_is_no_trouble() -> None:
    assert "[[[[" in sent(b"[" * 50_000 + b"]" * 50_000)


def test_a_request_without_a_response_is_shown_with_what_happened() -> None:
    user, logged = someone()
    payload = HEAD + b'X-Secret: canary\r\n\r\n{"pwd": "canary"}'
    trace_failure(user, WIRE._replace(payload=payload), "ECONNRESET", "reset after http://a:canary@b/?sig=canary")
    user.tell()
    (text,) = logged
    assert text.startswith("--- VU 7 -> http://shop.example\nPOST /x HTTP/1.1\nHost: shop.example\nX-Secret: ***\n")
    assert "--- VU 7 <- no valid response: ECONNRESET: reset after http://***@b/?sig=***" in text
    assert "canary" not in text
