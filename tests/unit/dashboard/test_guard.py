"""Rows 26 and 27 of a page's threats, each with the request that somebody would send."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from urllib.parse import parse_qs, quote, urljoin, urlsplit

import pytest
from aiohttp import web

from loadkit.dashboard.address import Address
from loadkit.dashboard.guard import MAX_BODY, Guard, content_policy
from loadkit.dashboard.serving import Serving
from tests.support.pages import Answer, ask

TOKEN = "correct-horse"
BEARER = f"Bearer {TOKEN}"


@contextmanager
def served(address: Address, token: str | None = TOKEN) -> Iterator[str]:
    app = Guard(address, token).application()

    async def read(request: web.Request) -> web.Response:
        return web.Response(text=f"read {request.rel_url}")

    async def act(request: web.Request) -> web.Response:
        return web.Response(text=f"did {len(await request.read())}")

    async def fail(request: web.Request) -> web.Response:
        raise RuntimeError("the secret is 42")

    app.router.add_get("/", read)
    app.router.add_get("/fail", fail)
    app.router.add_get("/runs/{name}", read)
    app.router.add_post("/act", act)
    server = Serving(app, address)
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture(scope="module")
def here() -> Iterator[str]:
    """A server that only this machine can reach."""
    with served(Address(port=0)) as url:
        yield url


@pytest.fixture(scope="module")
def public() -> Iterator[str]:
    """A server that others can reach."""
    with served(Address(host="0.0.0.0", port=0)) as url:
        yield url


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "LOCALHOST:1", "localhost.:80", "127.0.0.1:9999", "[::1]", "[::1]:80", "127.9.9.9"],
)
def test_names_of_this_machine_are_answered(here: str, host: str) -> None:
    assert ask(here, host=host).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:80", "10.0.0.1", "0.0.0.0", "[::]",
        "[fe80::1]", "", "localhost evil.example", "user@localhost", "localhost/x", "localhost:port", "[::1", None, "2130706433",
    ],
)  # fmt: skip
def test_a_foreign_name_is_misdirected_so_no_page_can_rebind_its_own_to_this_machine(
    here: str, host: str | None
) -> None:
    answer = ask(here, host=host)
    assert answer.status in (421, 400)  # 400: it is no HTTP
    assert b"read" not in answer.body
    assert ask(here, "/act", "POST", host=host, Authorization=BEARER).status in (421, 400)


def test_two_host_headers_or_a_foreign_request_target_are_refused(here: str) -> None:
    port = int(here.rstrip("/").rpartition(":")[2])
    for head in (
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(f"{head}Connection: close\r\n\r\n".encode())
            status = connection.makefile("rb").readline().split()[1]
        assert status in (b"400", b"421")


def test_where_others_reach_it_any_address_may_be_asked_for_but_no_foreign_name(public: str) -> None:
    assert ask(public, host="192.0.2.1:8080", Authorization=BEARER).status == 200
    assert ask(public, host=socket.gethostname(), Authorization=BEARER).status == 200
    assert ask(public, host="evil.example", Authorization=BEARER).status == 421


def test_it_is_served_by_ipv6_in_the_same_way() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with served(Address(host="::1", port=0)) as url:
        assert ask(url).status == 200
        assert ask(url, host="evil.example").status == 421
        assert ask(url, "/act", "POST", Origin=url.rstrip("/"), Authorization=BEARER).status == 200


def test_reading_is_free_on_this_machine_and_acting_needs_the_token(here: str) -> None:
    assert ask(here).status == 200
    assert ask(here, "/act", "POST", Origin=here.rstrip("/")).status == 401
    assert ask(here, "/act", "POST", Origin=here.rstrip("/"), Authorization="Bearer wrong").status == 401
    assert ask(here, "/act", "POST", Authorization=f"Basic {TOKEN}").status == 401
    assert ask(here, f"/act?token={TOKEN}", "POST", Origin=here.rstrip("/")).status == 401
    assert ask(here, "/act", "POST", Authorization=BEARER).text == "did 0"


def test_where_others_reach_it_reading_needs_the_token_too(public: str) -> None:
    refused = ask(public, Accept="text/html")
    assert refused.status == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert 'name="token"' in refused.text
    assert ask(public, "/nothing").status == 401  # nor is it told what there is
    assert ask(public, "/?token=wrong").status == 401
    assert ask(public, "/?token=").status == 401
    assert ask(public, Authorization=BEARER).status == 200


@pytest.mark.parametrize(
    ("site", "status"), [("none", 303), ("same-origin", 303), ("same-site", 303), ("cross-site", 200), (None, 200)]
)
def test_a_token_in_the_url_becomes_a_cookie_and_leaves_the_address_bar(
    public: str, site: str | None, status: int
) -> None:
    asked = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": "navigate"}
    answer = ask(public, f"/runs/a%2Fb?x=1&token={TOKEN}&y=2", **asked)
    assert answer.status == status
    assert destinations(answer) == {"/runs/a%2Fb?x=1&y=2"}
    cookie, *rules = answer.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "Path=/", "SameSite=Strict"} == set(rules)
    assert TOKEN not in f"{answer.headers}{answer.text}"
    assert ask(public, "/", Cookie=cookie).status == 200
    assert ask(public, "/", Cookie=f"{cookie}x").status == 401
    assert (
        ask(public, "/act", "POST", Cookie=cookie, Origin=public.rstrip("/"), Sec_Fetch_Site="same-origin").status
        == 200
    )


def destinations(answer: Answer) -> set[str]:
    """Where an answer leads to: a redirect, or a page by itself and by its link."""
    if "location" in answer.headers:
        return {answer.headers["location"]}
    found = re.findall(r'(?:; url=|<a href=")([^"]*)"', answer.text)
    assert len(found) == 2
    return {unescape(place) for place in found}


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/\\evil.example/", "///evil.example", "/%09/evil.example/", "/.//evil.example/"]
)
@pytest.mark.parametrize("site", ["none", None])
def test_logging_in_leads_to_no_other_host(public: str, path: str, site: str | None) -> None:
    (place,) = destinations(ask(public, f"{path}?token={TOKEN}", Sec_Fetch_Site=site))
    assert urljoin(public, place).startswith(public)
    assert place[:1] == "/"
    assert place[1:2] not in ("/", "\\", "\t")


@pytest.mark.parametrize("text", ['"><script>alert(1)</script>', "';url=//evil.example", "0; url=//evil.example"])
def test_an_address_stays_an_address_on_the_page_that_goes_on(public: str, text: str) -> None:
    answer = ask(public, f"/?x={quote(text)}&token={TOKEN}")
    (place,) = destinations(answer)
    assert parse_qs(urlsplit(place).query, separator="&") == {"x": [text]}
    assert "<script" not in answer.text
    assert "script-src" not in answer.headers["content-security-policy"]


def cookie_of(url: str) -> str:
    return ask(url, f"/?token={TOKEN}").headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {
            "Origin": "http://localhost:1"
        },  # another server on this machine: the cookie is sent, since sites know no ports
        {},
        {"Referer": "http://evil.example/"},
        {"Origin": "SAME", "Sec_Fetch_Site": "cross-site"},
        {"Origin": "SAME", "Sec_Fetch_Site": "same-site"},
    ],
)
def test_another_site_cannot_act_with_the_cookie_of_the_browser(here: str, headers: dict[str, str]) -> None:
    told = {name: here.rstrip("/") if value == "SAME" else value for name, value in headers.items()}
    assert ask(here, "/act", "POST", Cookie=cookie_of(here), **told).status == 403


def test_another_site_can_link_here_but_not_read(here: str) -> None:
    assert ask(here, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").status == 200
    assert ask(here, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors").status == 403
    assert ask(here, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="cors", Origin="http://evil.example").status == 403
    preflight = ask(here, "/act", "OPTIONS", Origin="http://evil.example", Access_Control_Request_Method="POST")
    assert preflight.status == 405
    for answer in (preflight, ask(here), ask(here, Origin="http://evil.example")):
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW"])
def test_other_methods_are_not_known(here: str, method: str) -> None:
    answer = ask(here, "/", method, Authorization=BEARER)
    assert answer.status in (400, 405)
    assert b"read" not in answer.body


def test_a_large_body_is_refused_also_where_its_length_is_not_said(here: str) -> None:
    assert ask(here, "/act", "POST", Authorization=BEARER, body=b"x" * MAX_BODY).text == f"did {MAX_BODY}"
    assert ask(here, "/act", "POST", Authorization=BEARER, body=b"x" * (MAX_BODY + 1)).status == 413
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (MAX_BODY + 1, b"x" * (MAX_BODY + 1))
    port = int(here.rstrip("/").rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        head = f"POST /act HTTP/1.1\r\nHost: localhost\r\nAuthorization: {BEARER}\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode() + chunk)
        assert connection.makefile("rb").readline().split()[1] == b"413"


def answers(url: str) -> list[Answer]:
    return [
        ask(url),
        ask(url, "/nothing"),
        ask(url, host="evil.example"),
        ask(url, "/act", "POST"),
        ask(url, "/", "PUT"),
    ]


def test_every_answer_says_how_it_is_to_be_treated(here: str) -> None:
    for answer in answers(here):
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert "server" not in headers


def test_a_policy_lets_only_the_named_scripts_run() -> None:
    policy = content_policy(["sha256-abc"])
    assert "script-src 'sha256-abc';" in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'unsafe-inline'" not in policy


def test_what_is_wrong_is_said_as_page_or_as_data_and_never_becomes_markup(here: str) -> None:
    page = ask(here, "/<script>alert(1)</script>", Accept="text/html,*/*")
    assert page.status == 404
    assert "404 Not Found" in page.text
    assert "<script" not in page.text
    data = ask(here, "/nothing", Accept="application/json")
    assert data.headers["content-type"] == "application/json; charset=utf-8"
    assert data.text == '{"error":"There is nothing at this address.","remedy":"Go back, or to the first page."}'


def test_a_bug_is_printed_and_not_shown(here: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = ask(here, "/fail")
    assert answer.status == 500
    assert "42" not in answer.text
    assert "please report it" in answer.text.lower()
    assert "the secret is 42" in caplog.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert ask(here).status == 200


def test_without_controls_there_is_nothing_to_post_and_others_are_not_let_in() -> None:
    with served(Address(port=0), token=None) as url:
        assert ask(url).status == 200
        assert ask(url, "/?token=").status == 200
        assert ask(url, "/act", "POST", Authorization="Bearer ").status == 405
    with pytest.raises(ValueError, match="needs a token"):
        Guard(Address(host="0.0.0.0", port=0))
