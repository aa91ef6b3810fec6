"""One request at a time against servers that behave, and servers that do not."""

import asyncio
import gzip
import re
import tracemalloc
from typing import Any

import pytest

from loadkit.workload.closed import Closed
from loadkit.workload.count import Count
from tests.support.engine import Ran, S, on_loop, run_flow
from tests.support.raw_server import Handler, Peer, RawServer, always, raw_server, response

OK = response(b'{"id": 7}', "200 OK", "Content-Type: application/json")


def serve(handler: Handler, flow: list[Any], **options: Any) -> tuple[Ran, RawServer]:
    async def main() -> tuple[Ran, RawServer]:
        async with raw_server(handler) as server:
            return await run_flow(flow, server.url, **options), server

    ran: tuple[Ran, RawServer] = on_loop(main())
    return ran


def answer(*answers: bytes) -> tuple[Handler, list[bytes]]:
    log: list[bytes] = []
    return always(log, *answers), log


GET = [{"get": {"url": "/x"}}]


def test_a_response_is_counted_and_timed() -> None:
    ran, _ = serve(answer(OK)[0], GET)
    assert ran.count("http.requests") == ran.count("http.responses") == ran.count("http.codes.200") == 1
    assert ran.count("vusers.completed") == 1
    assert ran.errors == {}
    response_time, service_time = (ran.summary.histogram(f"http.{kind}_time", "/x") for kind in ("response", "service"))
    assert response_time.total == service_time.total == 1
    assert response_time.min_ns >= service_time.min_ns > 0
    assert ran.summary.histogram("http.connect").total == 1
    assert ran.count("http.downloaded_bytes") == len(OK)


def test_two_requests_share_one_connection() -> None:
    ran, server = serve(answer(OK)[0], [*GET, *GET])
    assert (ran.count("http.responses"), server.connections) == (2, 1)


def test_a_response_that_says_close_is_the_last_on_its_connection() -> None:
    closing = response(b"", "200 OK", "Connection: close")
    ran, server = serve(answer(closing)[0], [*GET, *GET])
    assert (ran.count("http.responses"), server.connections) == (2, 2)
    assert ran.count("http.retries") == 0


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", id="204"),
        pytest.param(b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", id="204 with a length"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", id="304 with a length"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + OK, id="100 first"),
        pytest.param(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + OK, id="103 three times"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", id="chunked"),
        pytest.param(b"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n", id="301 without Location"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", id="no body"),
    ],
)
def test_valid_responses_of_every_framing_keep_the_connection(data: bytes) -> None:
    ran, server = serve(answer(data)[0], [*GET, *GET])
    assert (ran.count("http.responses"), ran.errors, server.connections) == (2, {}, 1)


def test_the_response_to_head_has_no_body_whatever_its_length_says() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    handler, log = answer(head, OK)
    ran, server = serve(handler, [{"head": {"url": "/x"}}, {"get": {"url": "/x"}}])
    assert (ran.count("http.responses"), ran.errors, server.connections) == (2, {}, 1)
    assert log[0].startswith(b"HEAD /x HTTP/1.1\r\n")


@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/1.1"])
def test_a_body_may_end_with_the_connection(version: bytes) -> None:
    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(version + b" 200 OK\r\nContent-Type: application/json\r\n\r\n" + b'{"id":')
        await peer.send(b" 9}")

    flow = [{"get": {"url": "/", "capture": {"json": "$.id", "as": "id"}}}, {"log": "{{ id }}"}]
    ran, _ = serve(handle, flow)
    assert (ran.errors, ran.lines) == ({}, [("stdout", "9")])


# Trouble is data


def break_with(data: bytes, *, reset: bool = False, read: bool = True) -> Handler:
    async def handle(peer: Peer) -> None:
        if read:
            await peer.request()
        if data:
            await peer.send(data)
        if reset:
            peer.reset()

    return handle


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        pytest.param(break_with(b""), "ERR_CONNECTION_CLOSED", id="closed without a response"),
        pytest.param(break_with(b"", reset=True), "ECONNRESET", id="reset before the response"),
        pytest.param(break_with(b"HTTP/1.1 200 OK\r\nConte"), "ERR_INCOMPLETE_BODY", id="cut off in the head"),
        pytest.param(
            break_with(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), "ERR_INCOMPLETE_BODY", id="short body"
        ),
        pytest.param(
            break_with(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
            "ERR_INCOMPLETE_BODY",
            id="short chunk",
        ),
        pytest.param(break_with(b"SSH-2.0-OpenSSH_9\r\n"), "ERR_PROTOCOL", id="not HTTP"),
        pytest.param(break_with(b"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n"), "ERR_PROTOCOL", id="NUL in a header"),
        pytest.param(
            break_with(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            "ERR_PROTOCOL",
            id="two lengths",
        ),
        pytest.param(
            break_with(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            "ERR_PROTOCOL",
            id="length and chunked",
        ),
        pytest.param(break_with(OK + b"garbage"), "ERR_PROTOCOL", id="garbage behind the body"),
        pytest.param(break_with(OK + b"HTTP/1.1 2"), "ERR_PROTOCOL", id="half a response behind the body"),
        pytest.param(break_with(b"HTTP/1.1 100 Continue\r\n\r\n" * 20), "ERR_PROTOCOL", id="flood of 1xx"),
        pytest.param(
            break_with(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
            "ERR_PROTOCOL",
            id="unasked upgrade",
        ),
        pytest.param(
            break_with(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 10 + b"B: " + b"x" * 300_000),
            "ERR_TOO_LARGE",
            id="endless head",
        ),
        pytest.param(
            break_with(b"HTTP/1.1 200 OK\r\n" + b"".join(b"A%d: b\r\n" % n for n in range(300)) + b"\r\n"),
            "ERR_TOO_LARGE",
            id="300 header fields",
        ),
    ],
)
def test_a_broken_response_is_an_error_of_its_kind_and_never_a_success(handler: Handler, error: str) -> None:
    ran, _ = serve(handler, GET)
    assert ran.errors == {error: 1}
    assert (ran.count("http.requests"), ran.count("http.responses")) == (1, 0)
    assert (ran.count("vusers.failed"), ran.count("vusers.completed")) == (1, 0)
    assert ran.summary.histogram("http.failure_time", "/x").total == 1
    assert ran.summary.histogram("http.response_time").total == 0
    assert ran.summary.examples[error][0][1].startswith("GET /x: ")


def test_a_refused_connection_is_counted() -> None:
    async def main() -> Ran:
        async with raw_server(break_with(b"")) as server:
            url = server.url
        return await run_flow(GET, url)

    assert on_loop(main()).errors == {"ECONNREFUSED": 1}


def test_an_unknown_host_is_counted() -> None:
    assert on_loop(run_flow(GET, "http://nowhere.invalid")).errors == {"ENOTFOUND": 1}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="silent"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na", id="stops in the body"),
    ],
)
def test_a_hanging_server_is_given_up_at_the_timeout(data: bytes) -> None:
    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(data)
        await asyncio.sleep(30)

    ran, _ = serve(handle, [{"get": {"url": "/x", "timeout": "200ms"}}])
    assert ran.errors == {"ETIMEDOUT": 1}
    assert 200e6 <= ran.summary.histogram("http.failure_time").min_ns < 2e9


def test_the_timeout_is_total_and_a_trickle_does_not_prolong_it() -> None:
    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            await peer.send(b"a")
            await asyncio.sleep(0.02)

    ran, _ = serve(handle, [{"get": {"url": "/x", "timeout": "200ms"}}])
    assert ran.errors == {"ETIMEDOUT": 1}


def test_an_idle_connection_that_the_server_closed_is_retried_once_and_counted() -> None:
    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.request()  # and close without an answer: the request crossed the end of the connection

    ran, server = serve(handle, [*GET, *GET])
    assert (ran.count("http.responses"), ran.errors, ran.count("http.retries"), server.connections) == (2, {}, 1, 2)


def test_a_post_is_not_retried() -> None:
    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.request()

    ran, _ = serve(handle, [*GET, {"post": {"url": "/x", "json": {}}}])
    assert ran.errors == {"ERR_CONNECTION_CLOSED": 1}
    assert ran.count("http.retries") == 0


def test_a_request_is_sent_again_once_and_no_more() -> None:
    """Two connections of the pool are idle when the third user comes, and both end with their second request."""

    async def handle(peer: Peer) -> None:
        await peer.request()
        await asyncio.sleep(0.7 if peer.number == 0 else 0.1)
        await peer.send(OK)
        await peer.request()

    spaced: dict[str, Any] = {"workload": Count(3, 3 * S // 2), "duration_ns": 3 * S // 2}
    ran, server = serve(handle, GET, config={"http": {"pool": 2}}, **spaced)
    assert (ran.count("http.responses"), ran.count("http.retries"), server.connections) == (2, 1, 2)
    assert ran.errors == {"ERR_CONNECTION_CLOSED": 1}


def test_a_connection_that_was_closed_while_idle_is_opened_anew() -> None:
    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)

    ran, server = serve(handle, [*GET, {"think": "50ms"}, *GET])
    assert (ran.count("http.responses"), ran.errors, server.connections) == (2, {}, 2)


# Redirects


def redirect(status: str, location: str) -> bytes:
    return response(b"", status, f"Location: {location}")


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        ("301 Moved", "post", b"GET"),
        ("302 Found", "post", b"GET"),
        ("303 See Other", "put", b"GET"),
        ("303 See Other", "head", b"HEAD"),
        ("307 Temporary", "post", b"POST"),
        ("308 Permanent", "put", b"PUT"),
        ("301 Moved", "delete", b"DELETE"),
    ],
)
def test_redirects_follow_the_method_rules(status: str, method: str, then: bytes) -> None:
    handler, log = answer(redirect(status, "/there?a=1"), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    step = {"url": "/x", "json": {"a": 1}} if method in ("post", "put") else {"url": "/x"}
    ran, _ = serve(handler, [{method: step}])
    assert ran.errors == {}
    assert log[1].startswith(then + b" /there?a=1 HTTP/1.1\r\n")
    assert (b'{"a":1}' in log[1]) == (then in (b"POST", b"PUT") and method in ("post", "put"))
    assert ran.count("http.requests") == 2
    assert ran.count("http.redirects") == 1


def test_ten_redirects_are_followed_and_the_eleventh_is_an_error() -> None:
    handler, log = answer(redirect("302 Found", "/again"))
    ran, _ = serve(handler, GET)
    assert ran.errors == {"ERR_TOO_MANY_REDIRECTS": 1}
    assert len(log) == 11


@pytest.mark.parametrize(("general", "own", "requests"), [(2, None, 3), (2, 1, 2), (None, 0, 1), (0, 12, 13)])
def test_the_step_or_else_the_configuration_says_how_many_redirects(general: Any, own: Any, requests: int) -> None:
    handler, log = answer(redirect("302 Found", "/again"))
    step = {"url": "/x"} if own is None else {"url": "/x", "maxRedirects": own}
    config = {} if general is None else {"http": {"maxRedirects": general}}
    ran, _ = serve(handler, [{"get": step}], config=config)
    assert (len(log), ran.errors) == (requests, {"ERR_TOO_MANY_REDIRECTS": 1})


def test_redirects_are_not_followed_when_the_step_says_so() -> None:
    handler, log = answer(redirect("302 Found", "/there"))
    ran, _ = serve(handler, [{"get": {"url": "/x", "followRedirect": False}}])
    assert (len(log), ran.count("http.codes.302")) == (1, 1)


def test_credentials_do_not_cross_origins() -> None:
    other_log: list[bytes] = []

    async def main() -> tuple[Ran, list[bytes]]:
        async with raw_server(always(other_log, OK)) as other:
            log: list[bytes] = []
            async with raw_server(always(log, redirect("302 Found", f"{other.url}/there"))) as server:
                headers = {"Authorization": "Bearer secret", "X-Plain": "1"}
                flow = [{"get": {"url": "/x", "headers": headers, "cookie": {"session": "secret"}}}]
                return await run_flow(flow, server.url), log

    ran, log = on_loop(main())
    assert ran.errors == {}
    assert b"Bearer secret" in log[0]
    assert b"session=secret" in log[0]
    assert b"X-Plain: 1" in other_log[0]
    # both servers are the same host to a cookie (RFC 6265 knows no ports), but credentials in headers stay at home
    assert b"Authorization" not in other_log[0]


# What is sent


def sent(step: dict[str, Any], **options: Any) -> bytes:
    handler, log = answer(OK)
    ran, _ = serve(handler, [step], **options)
    assert ran.errors == {}
    return log[0]


def test_a_json_body_is_rendered_and_typed() -> None:
    step = {"post": {"url": "/items/{{ id }}", "json": {"id": "{{ id }}", "text": "no {{ id }}"}}}
    data = sent(step, variables={"id": 5})
    head, body = data.split(b"\r\n\r\n")
    assert head.startswith(b"POST /items/5 HTTP/1.1\r\n")
    assert body == b'{"id":5,"text":"no 5"}'
    assert b"Content-Type: application/json" in head
    assert b"Content-Length: 22" in head


def test_a_form_is_encoded() -> None:
    data = sent({"post": {"url": "/", "form": {"a b": "c&d", "n": 1, "t": True}}})
    assert data.endswith(b"a+b=c%26d&n=1&t=true")
    assert b"application/x-www-form-urlencoded" in data


@pytest.mark.parametrize(
    ("step", "path"),
    [
        ({"url": "/s?x=1#top", "qs": {"q": "red shoes"}}, b"/s?q=red+shoes"),
        ({"url": "/s", "qs": {"a": ["{{ who }}", "y"], "n": None, "t": True, "l": []}}, b"/s?a=ann&a=y&n=&t=true"),
        ({"url": "/s?x=1", "qs": {}}, b"/s"),
        ({"url": "/s", "searchParams": {"q": "{{ who }}"}}, b"/s?q=ann"),
        ({"url": "/s", "searchParams": "?q=1&{{ who }}"}, b"/s?q=1&ann"),
        ({"url": "/s", "qs": {"a": 1}, "searchParams": {"b": 2}}, b"/s?a=1"),
        ({"url": "/no", "uri": "/yes"}, b"/yes"),
    ],
)
def test_query_parameters_take_the_place_of_the_urls(step: dict[str, Any], path: bytes) -> None:
    assert sent({"get": step}, variables={"who": "ann"}).split(b" ")[1] == path


@pytest.mark.parametrize("verb", ["trace", "purge", "propfind", "m-search", "query"])
def test_rarer_methods_are_sent(verb: str) -> None:
    data = sent({verb: {"url": "/x"}})
    assert data.startswith(f"{verb.upper()} /x HTTP/1.1\r\n".encode())
    assert (b"Content-Length: 0" in data) is (verb != "trace")


TRACEPARENT = re.compile(rb"\r\ntraceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])\r\n")


def test_each_request_has_ids_of_its_own_when_traced_and_keeps_them_over_redirects() -> None:
    handler, log = answer(OK, OK, response(b"", "302 Found", "Location: /next"), OK)
    ran, _ = serve(handler, [*GET, *GET, *GET], config={"http": {"distributedTracing": True}})
    assert ran.errors == {}
    found = [TRACEPARENT.search(head) for head in log]
    ids = [(one[1], one[2], one[3]) for one in found if one]
    assert len(ids) == 4
    assert len(set(ids)) == 3
    assert ids[2] == ids[3]
    assert all(trace.startswith(b"a9") and flags == b"01" for trace, _, flags in ids)


@pytest.mark.parametrize(
    ("given", "prefix", "flags"),
    [
        ({"sampled": False}, b"a9", b"00"),
        ({"enabled": True, "traceIdPrefix": "C0FFEE"}, b"c0ffee", b"01"),
        ({"traceIdPrefix": "xyz"}, b"a9", b"01"),
        ({"traceIdPrefix": "0123456789ab"}, b"01234567", b"01"),
    ],
)
def test_tracing_can_be_set(given: dict[str, Any], prefix: bytes, flags: bytes) -> None:
    found = TRACEPARENT.search(sent(GET[0], config={"http": {"distributedTracing": given}}))
    assert found is not None
    assert (found[1][: len(prefix)], found[3]) == (prefix, flags)


@pytest.mark.parametrize("given", [False, {"enabled": False}, None])
def test_nothing_is_traced_unless_asked(given: Any) -> None:
    assert b"traceparent" not in sent(GET[0], config={"http": {"distributedTracing": given}})


@pytest.mark.parametrize(("compat", "method"), [("artillery", b"POST"), (None, b"GET")])
def test_a_post_that_is_redirected_goes_on_as_get_unless_artillery_is_asked_for(compat: Any, method: bytes) -> None:
    handler, log = answer(response(b"", "302 Found", "Location: /next"), OK)
    ran, _ = serve(handler, [{"post": {"url": "/x", "json": 1}}], config={"compat": compat} if compat else {})
    assert log[1].split(b" ")[0] == method
    assert ran.count("http.redirects.post_to_get") == (method == b"GET")


@pytest.mark.parametrize(
    "step",
    [
        {"url": "/", "username": "{{ who }}", "password": "secret"},
        {"url": "/", "auth": {"user": "ann", "pass": "secret"}, "headers": {"Authorization": "Bearer x"}},
        {"url": "/", "auth": {"user": "ann", "pass": "secret"}, "username": "bob"},
    ],
)
def test_a_user_is_sent_as_basic_authentication_and_wins_over_a_header(step: dict[str, Any]) -> None:
    data = sent({"get": step}, variables={"who": "ann"})
    assert b"Authorization: Basic YW5uOnNlY3JldA==\r\n" in data
    assert data.lower().count(b"authorization") == 1


def test_the_user_of_a_url_and_of_the_target_is_sent() -> None:
    async def main() -> list[bytes]:
        log: list[bytes] = []
        async with raw_server(always(log, OK)) as server:
            place = f"127.0.0.1:{server.port}"
            await run_flow([*GET, {"get": {"url": f"http://bob:{{{{ word }}}}@{place}/b"}}], f"http://ann:p%40ss@{place}",
                           variables={"word": "pw"})  # fmt: skip
        return log

    first, second = on_loop(main())
    assert b"Authorization: Basic YW5uOnBAc3M=\r\n" in first
    assert b"Authorization: Basic Ym9iOnB3\r\n" in second


def test_basic_authentication() -> None:
    assert b"Authorization: Basic YW5uOnNlY3JldA==" in sent(
        {"get": {"url": "/", "auth": {"user": "ann", "pass": "secret"}}}
    )
    step = {"get": {"url": "/", "auth": {"user": "{{ who }}", "pass": "secret"}}}
    assert b"Authorization: Basic YW5uOnNlY3JldA==" in sent(step, variables={"who": "ann"})


def test_a_path_is_encoded_where_it_must_be() -> None:
    assert sent({"get": {"url": "/a b/{{ who }}#top"}}, variables={"who": "zoë\n"}).startswith(
        b"GET /a%20b/zo%C3%AB%0A HTTP/1.1"
    )


def test_default_headers_may_use_variables_and_a_step_overrides_them() -> None:
    config = {"http": {"defaults": {"headers": {"X-User": "{{ who }}", "User-Agent": "mine"}}}}
    data = sent({"get": {"url": "/", "headers": {"x-user": "other"}}}, config=config, variables={"who": "ann"})
    assert b"User-Agent: mine" in data
    assert b"x-user: other" in data
    assert b"X-User" not in data


def test_a_line_break_in_a_header_is_never_sent() -> None:
    handler, log = answer(OK)
    flow = [{"get": {"url": "/", "headers": {"X-A": "{{ evil }}"}}}]
    ran, _ = serve(handler, flow, variables={"evil": "a\r\nInjected: 1"})
    assert ran.errors == {"ERR_INVALID_REQUEST": 1}
    assert log == []


def test_cookies_come_back_in_the_same_visit() -> None:
    handler, log = answer(response(b"", "200 OK", "Set-Cookie: a=1; Path=/", "Set-Cookie: b=2; Path=/other"), OK)
    serve(handler, [*GET, *GET, {"get": {"url": "/other/x"}}])
    assert b"Cookie" not in log[0]
    assert b"Cookie: a=1\r\n" in log[1]
    assert b"Cookie: b=2; a=1\r\n" in log[2]


def test_the_options_of_the_jar_reach_it() -> None:
    for options, sent_back in (({}, False), ({"looseMode": True}, True)):
        handler, log = answer(response(b"", "200 OK", "Set-Cookie: bare; Path=/"), OK)
        ran, _ = serve(handler, [*GET, *GET], config={"http": {"cookieJarOptions": options}})
        assert (b"\r\nCookie: bare\r\n" in log[1]) is sent_back
        assert ("cookie_parse_error_invalid_cookie" in ran.errors) is not sent_back


# Captures and checks


def test_a_capture_feeds_the_next_request() -> None:
    handler, log = answer(response(b'{"id": 7}', "200 OK", "X-Token: t1"), OK)
    capture = [{"json": "$.id", "as": "id"}, {"header": "x-token", "as": "token"}]
    flow = [{"get": {"url": "/x", "capture": capture}}, {"get": {"url": "/{{ id }}/{{ token }}"}}]
    ran, _ = serve(handler, flow)
    assert ran.errors == {}
    assert log[1].startswith(b"GET /7/t1 ")


def test_a_failed_capture_ends_the_virtual_user_and_says_which() -> None:
    handler, log = answer(OK)
    ran, _ = serve(handler, [{"get": {"url": "/x", "capture": {"json": "$.nope", "as": "id"}}}, *GET])
    assert ran.errors == {"Failed capture or match": 1}
    assert "$.nope" in ran.summary.examples["Failed capture or match"][0][1]
    assert (len(log), ran.count("vusers.failed")) == (1, 1)


def test_a_failed_check_is_counted_and_the_virtual_user_goes_on() -> None:
    flow = [{"get": {"url": "/x", "expect": {"statusCode": 201, "hasProperty": "id"}}}, *GET]
    ran, _ = serve(answer(OK)[0], flow)
    assert (ran.count("checks.ok"), ran.count("checks.failed"), ran.count("vusers.completed")) == (1, 1, 1)
    assert ran.count("plugins.expect.failed.statusCode") == ran.count("plugins.expect.ok.hasProperty") == 1


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, br"])
def test_a_compressed_body_is_decoded_for_captures(coding: str) -> None:
    import zlib

    import brotli
    import zstandard

    encode = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstandard.compress}
    body = b'{"id": "' + b"x" * 5000 + b'"}'
    for name in coding.split(", "):
        body = encode[name](body)
    handler, log = answer(response(body, "200 OK", f"Content-Encoding: {coding}"))
    flow = [{"get": {"url": "/", "gzip": True, "capture": {"json": "$.id", "as": "id"}}}, {"log": "{{ id.length }}"}]
    ran, _ = serve(handler, flow)
    assert ran.errors == {}
    assert b"Accept-Encoding: gzip, deflate, br, zstd" in log[0]


def test_a_compression_bomb_is_refused() -> None:
    bomb = gzip.compress(b"\0" * 200_000_000)
    handler, _ = answer(response(bomb, "200 OK", "Content-Encoding: gzip"))
    ran, _ = serve(handler, [{"get": {"url": "/", "capture": {"json": "$.id", "as": "id"}}}])
    assert ran.errors == {"ERR_TOO_LARGE": 1}


def test_an_endless_body_ends_at_the_deadline() -> None:
    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await peer.send(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")

    ran, _ = serve(handle, [{"get": {"url": "/x", "timeout": "300ms"}}])
    assert ran.errors == {"ETIMEDOUT": 1}


def test_who_is_still_at_work_when_the_graceful_stop_has_passed_is_cut_off_and_counted() -> None:
    async def handle(peer: Peer) -> None:
        await peer.request()
        await asyncio.sleep(30)

    soon: dict[str, Any] = {"graceful_stop_ns": S // 10, "workload": Count(1, S // 2), "duration_ns": S // 2}
    ran, _ = serve(handle, GET, **soon)
    assert ran.errors == {"CANCELLED": 1}
    assert (ran.count("vusers.created"), ran.count("vusers.failed"), ran.count("http.requests")) == (1, 1, 1)
    ran, _ = serve(handle, [{"think": 30}], **soon)
    assert ran.errors == {"CANCELLED": 1}


def test_a_pool_is_shared_by_all_virtual_users() -> None:
    async def handle(peer: Peer) -> None:
        while await peer.request():
            await asyncio.sleep(0.05)
            await peer.send(OK)

    ran, server = serve(handle, GET, config={"http": {"pool": 3}}, workload=Count(30, S // 2))
    assert (ran.count("http.responses"), ran.errors, server.connections) == (30, {}, 3)


def test_the_trace_masks_secrets() -> None:
    handler, _ = answer(response(b'{"token": "canary1"}', "200 OK", "Set-Cookie: s=canary2"))
    step = {
        "url": "/x?api_key=canary3",
        "headers": {"Authorization": "canary4", "X-Plain": "seen"},
        "json": {"password": "canary5", "user": "ann"},
        "capture": {"json": "$.token", "as": "t"},
    }
    ran, _ = serve(handler, [{"post": step}], debug=True)
    text = "\n".join(line for _, line in ran.lines)
    assert "canary" not in text
    assert "X-Plain: seen" in text
    assert '"user":"ann"' in text
    assert "<- 200" in text


# What once went wrong


def test_a_turn_in_a_pool_that_came_too_late_resumes_nobody() -> None:
    """Several users' deadlines expire in one sweep while they wait for the only connection."""

    async def handle(peer: Peer) -> None:
        await peer.request()
        await asyncio.sleep(30)

    config = {"http": {"pool": 1, "timeout": "200ms"}}
    workload = Closed(4, 4, S, None)
    ran, _ = serve(handle, GET, config=config, workload=workload, duration_ns=S, graceful_stop_ns=S)
    assert ran.errors.keys() == {"ETIMEDOUT"}
    assert ran.count("http.requests") == ran.count("vusers.created") == ran.count("vusers.failed") >= 8


def test_a_pool_hands_every_connection_on_and_records_true_responses_only() -> None:
    async def handle(peer: Peer) -> None:
        while await peer.request():
            await asyncio.sleep(0.03)
            await peer.send(OK)

    config = {"http": {"pool": 2, "timeout": "100ms"}}
    workload = Closed(12, 12, S, None)
    ran, _ = serve(handle, GET, config=config, workload=workload, duration_ns=S)
    assert ran.count("http.responses") == ran.count("http.codes.200")
    assert ran.count("http.requests") == ran.count("http.responses") + ran.errors.get("ETIMEDOUT", 0)
    assert ran.errors.keys() <= {"ETIMEDOUT"}
    assert ran.summary.histogram("http.receive").max_ns < 1e9


def test_the_connect_timeout_holds_in_a_pool_too() -> None:
    import socket

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(listening.getsockname())
        config = {"http": {"pool": 2, "connectTimeout": "200ms", "timeout": 20}}
        ran = on_loop(run_flow(GET, f"http://127.0.0.1:{listening.getsockname()[1]}", config=config))
        for sock in waiting:
            sock.close()
    assert ran.errors == {"ETIMEDOUT_CONNECT": 1}


def test_a_closed_user_whose_request_cannot_be_sent_leaves_room_for_others() -> None:
    flow = [{"get": {"url": "/", "headers": {"X": "{{ evil }}"}}}]
    options: dict[str, Any] = {
        "variables": {"evil": "a\nb"},
        "workload": Closed(2, 2, S // 3, None),
        "duration_ns": S // 3,
    }
    ran, _ = serve(answer(OK)[0], flow, **options)
    assert ran.errors.keys() == {"ERR_INVALID_REQUEST"}
    assert ran.summary.end_ns < 5 * S


def test_a_cookie_cannot_smuggle_a_request() -> None:
    handler, log = answer(OK)
    flow = [{"get": {"url": "/", "cookie": {"sid": "{{ evil }}"}}}]
    ran, _ = serve(handler, flow, variables={"evil": "x\r\nX-Evil: 1\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n"})
    assert (ran.errors, log) == ({"ERR_INVALID_REQUEST": 1}, [])


def test_cookies_come_back_byte_for_byte_and_with_any_max_age() -> None:
    set_cookie = "Set-Cookie: name=Jürgen; Path=/; Max-Age=99999999999999999999999999"
    handler, log = answer(response(b"", "200 OK", set_cookie), OK)
    ran, _ = serve(handler, [*GET, *GET])
    assert ran.errors == {}
    assert "Cookie: name=Jürgen\r\n".encode() in log[1]


def test_a_location_in_utf8_is_followed() -> None:
    handler, log = answer(redirect("302 Found", "/café"), OK)
    serve(handler, GET)
    assert log[1].startswith(b"GET /caf%C3%A9 ")


def test_a_host_header_of_the_step_stays_on_its_origin() -> None:
    handler, log = answer(redirect("302 Found", "/there"), OK)
    serve(handler, [{"get": {"url": "/x", "headers": {"Host": "shop.example"}}}])
    assert all(b"Host: shop.example\r\n" in request and request.count(b"Host:") == 1 for request in log)


@pytest.mark.parametrize("status", ["000", "099"])
def test_a_status_below_100_is_no_interim_response(status: str) -> None:
    ran, _ = serve(break_with(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()), GET)
    assert ran.errors == {"ERR_PROTOCOL": 1}


def test_endless_trailers_are_refused() -> None:
    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
        for number in range(100_000):
            await peer.send(b"T%d: x\r\n" % number)

    ran, _ = serve(handle, GET)
    assert ran.errors == {"ERR_TOO_LARGE": 1}


def test_half_a_character_from_the_target_does_not_stop_the_run() -> None:
    import base64

    surrogate = b"+" + base64.b64encode("\ud800".encode("utf-16-be", "surrogatepass")).rstrip(b"=") + b"-"
    body = response(b"token=" + surrogate, "200 OK", "Content-Type: text/plain; charset=utf-7")
    flow = [{"get": {"url": "/", "capture": {"regexp": "token=(.*)", "group": 1, "as": "t"}}}, {"log": "got {{ t }}"}]
    ran, _ = serve(answer(body)[0], flow)
    assert [text.encode() for _, text in ran.lines] == [b"got ?"]


def test_what_a_hop_across_origins_has_lost_no_later_hop_gets_back() -> None:
    log: list[bytes] = []

    async def main() -> Ran:
        async def second(peer: Peer) -> None:
            while request := await peer.request():
                log.append(request)
                await peer.send(OK if b"/end" in request else redirect("302 Found", "/end"))

        async with (
            raw_server(second) as other,
            raw_server(always([], redirect("302 Found", f"{other.url}/"))) as server,
        ):
            step = {
                "url": "/x",
                "auth": {"user": "ann", "pass": "secret"},
                "headers": {"Cookie": "c=1", "X-Plain": "1"},
            }
            return await run_flow([{"get": step}], server.url)

    assert on_loop(main()).errors == {}
    assert len(log) == 2
    assert all(b"Authorization" not in request and b"Cookie" not in request for request in log)
    assert all(b"X-Plain: 1" in request for request in log)


def test_a_request_that_became_a_get_stays_without_its_body() -> None:
    handler, log = answer(redirect("302 Found", "/a"), redirect("307 Temporary", "/b"), OK)
    serve(handler, [{"post": {"url": "/x", "json": {"a": 1}}}])
    assert [request.split(b" ")[0] for request in log] == [b"POST", b"GET", b"GET"]
    assert all(b"Content-Type" not in request for request in log[1:])


def test_checks_count_also_when_a_capture_fails() -> None:
    step = {"url": "/x", "capture": {"json": "$.id", "as": "id"}, "expect": {"statusCode": 200}}
    ran, _ = serve(answer(response(b"oops", "500 Internal Server Error"))[0], [{"get": step}])
    assert (ran.count("checks.failed"), ran.count("vusers.failed")) == (1, 1)
    assert ran.errors == {"Failed capture or match": 1}


@pytest.mark.parametrize(("condition", "requests"), [(True, 1), (False, 0), ("a == 1", 1), ("a == 2", 0)])
def test_a_condition_may_be_an_expression_or_a_boolean(condition: Any, requests: int) -> None:
    ran, _ = serve(answer(OK)[0], [{"get": {"url": "/x", "ifTrue": condition}}], variables={"a": 1})
    assert ran.count("http.requests") == requests


@pytest.mark.parametrize(
    ("percent", "least", "most"),
    [(0, 0, 0), (30, 200, 400), (100, 1000, 1000), ("25", 150, 350), ("{{ percent }}", 400, 600), ("often", 0, 0)],
)
def test_a_probability_is_drawn_by_each_visit(percent: Any, least: int, most: int) -> None:
    step = {"url": "/x", "probability": percent}
    ran, _ = serve(answer(OK)[0], [{"loop": [{"get": step}], "count": 1000}], variables={"percent": 50})
    assert least <= ran.count("http.requests") <= most
    assert ran.count("vusers.completed") == 1


def test_a_seed_repeats_the_draws_and_nothing_is_drawn_for_a_condition_that_is_false() -> None:
    drawn: dict[str, Any] = {"get": {"url": "/x", "probability": 50}}
    never = {"get": {"url": "/x", "name": "never", "probability": 50, "ifTrue": False}}
    sent = [
        serve(answer(OK)[0], [{"loop": steps, "count": 100}])[0].count("http.requests")
        for steps in ([drawn], [drawn], [never, drawn])
    ]
    assert sent[0] == sent[1] == sent[2]
    assert 20 < sent[0] < 80


def test_a_form_with_files_goes_over_the_wire_with_its_own_content_type() -> None:
    handler, log = answer(OK)
    form = {"user": "{{ who }}", "list": {"value": "a,b", "contentType": "text/csv"}}
    ran, _ = serve(handler, [{"post": {"url": "/x", "formData": form}}], variables={"who": "ann"})
    assert ran.errors == {}
    head, _, body = log[0].partition(b"\r\n\r\n")
    boundary = head.partition(b"Content-Type: multipart/form-data; boundary=")[2].partition(b"\r\n")[0]
    assert body.split(b"--" + boundary) == [
        b"",
        b'\r\nContent-Disposition: form-data; name="user"\r\n\r\nann\r\n',
        b'\r\nContent-Disposition: form-data; name="list"\r\nContent-Type: text/csv\r\n\r\na,b\r\n',
        b"--\r\n",
    ]


def test_default_cookies_go_with_each_request_that_does_not_set_them_itself() -> None:
    handler, log = answer(response(b"", "200 OK", "Set-Cookie: a=server; Path=/"), OK, OK)
    own = {"get": {"url": "/", "cookie": {"a": "own"}}}
    serve(handler, [*GET, own, *GET], config={"http": {"defaults": {"cookie": {"a": "default"}}}})
    sent_cookies = [line for request in log for line in request.split(b"\r\n") if line.startswith(b"Cookie")]
    assert sent_cookies == [b"Cookie: a=default", b"Cookie: a=own", b"Cookie: a=default"]


@pytest.mark.parametrize(("answered", "later"), [((), []), (("Set-Cookie: s=1; Path=/",), [b"Cookie: mine=1; s=1"])])
def test_a_steps_cookie_goes_with_later_requests_once_the_server_sets_one(answered: Any, later: list[bytes]) -> None:
    handler, log = answer(response(b"", "200 OK", *answered), OK)
    serve(handler, [{"get": {"url": "/", "cookie": {"mine": "1"}}}, *GET])
    assert b"Cookie: mine=1\r\n" in log[0]
    assert [line for line in log[1].split(b"\r\n") if line.startswith(b"Cookie")] == later


def test_the_default_expectation_of_a_status() -> None:
    config = {"plugins": {"expect": {"expectDefault200": True}}}
    ran, _ = serve(answer(response(b"", "500 Internal Server Error"))[0], GET, config=config)
    assert ran.count("checks.failed") == 1


def test_a_pool_serves_those_who_wait_in_order() -> None:
    """A fast user that gives the only connection back does not take it again before those who wait."""

    async def handle(peer: Peer) -> None:
        while await peer.request():
            await asyncio.sleep(0.005)
            await peer.send(OK)

    config = {"http": {"pool": 1, "timeout": 1}}
    ran, server = serve(handle, GET, config=config, workload=Closed(4, 4, 2 * S, None), duration_ns=2 * S)
    assert (ran.errors, server.connections) == ({}, 1)
    assert ran.summary.histogram("http.response_time").percentile_ns(50) > 15e6  # four in turn, five milliseconds each


def test_default_cookies_go_to_every_origin() -> None:
    other_log: list[bytes] = []

    async def main() -> tuple[Ran, list[bytes]]:
        log: list[bytes] = []
        async with raw_server(always(other_log, OK)) as other, raw_server(always(log, OK)) as server:
            flow = [{"get": {"url": f"{other.url.replace('127.0.0.1', 'localhost')}/login"}}, *GET]
            config = {"http": {"defaults": {"cookie": {"consent": "yes"}}}}
            return await run_flow(flow, server.url, config=config), log

    ran, log = on_loop(main())
    assert ran.errors == {}
    assert b"Cookie: consent=yes" in other_log[0]
    assert b"Cookie: consent=yes" in log[0]


def test_a_body_in_tiny_pieces_costs_what_its_bytes_cost() -> None:
    """Half a million chunks of two bytes: as objects of their own they would be thirty megabytes."""
    chunks = b"2\r\nab\r\n" * 500_000

    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")

    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        ran, _ = serve(
            handle, [{"get": {"url": "/x", "capture": {"regexp": "b(a)b", "as": "a"}}}], config={"timeout": 60}
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ran.count("http.responses") == 1
    assert (peak - before) / 1e6 < 16  # half of it are the server's


def test_a_server_that_speaks_first_breaks_the_protocol() -> None:
    ran, _ = serve(break_with(b"220 mail ready\r\n", read=False), GET)
    assert ran.errors.keys() <= {"ERR_PROTOCOL"}


def test_values_are_taken_out_of_html_that_comes_compressed() -> None:
    page = gzip.compress(b'<a class=next href="/page/2">On</a><i id=user>  Ann </i>')
    html = response(page, "200 OK", "Content-Type: text/html", "Content-Encoding: gzip")
    handler, log = answer(html, OK)
    capture = [
        {"selector": "a.next", "attr": "href", "as": "on"},
        {"xpath": "//i[@id='user']", "transform": ["trim", "upper"], "as": "who"},
    ]
    flow = [{"get": {"url": "/", "gzip": True, "capture": capture}}, {"get": {"url": "{{ on }}?by={{ who }}"}}]
    ran, _ = serve(handler, flow)
    assert ran.errors == {}
    assert b"GET /page/2?by=ANN " in log[1]
