"""Names as Artillery 2.0.34 gave them to the same requests."""

from typing import Any

import pytest

from loadkit.flow.plugins import EndpointOptions
from loadkit.protocols.endpoint import endpoint_name, server_timing_ns
from tests.support.engine import Ran, on_loop, run_flow
from tests.support.raw_server import raw_server, response

TARGET = "http://127.0.0.1:8080"
BY = "plugins.metrics-by-endpoint"


@pytest.mark.parametrize(
    ("url", "name", "endpoint"),
    [
        ("/json", "", "/json"),
        ("/json?x=1", "", "/json"),
        ("/json?x=1", "json req", "/json (json req)"),
        ("/a/{{ id }}?q={{ id }}#frag", "", "/a/{{ id }}"),
        ("/a/{{ id }}", "post {{ id }}", "/a/{{ id }} (post {{ id }})"),
        ("/caf%C3%A9 x", "", "/café x"),
        ("{{ target }}/whole", "", "{{ target }}/whole"),
        ("http://localhost:8080/other/{{ id }}", "", "localhost/other/{{ id }}"),
        ("http://127.0.0.1:81/x", "", ":81/x"),
        ("https://other.example.com:444", "", "other.example.com:444/"),
        ("http://{{ host }}/x", "", "{{ host }}/x"),
        ("http://user:secret@127.0.0.1:8080/x", "", "/x"),
        ("http://127.0.0.1:8080?a=1", "", "/"),
        ("", "", ""),
    ],
)
def test_an_endpoint_is_the_url_without_the_target_and_the_name_behind_it(url: str, name: str, endpoint: str) -> None:
    assert endpoint_name(TARGET, url, name, EndpointOptions()) == endpoint


@pytest.mark.parametrize(
    ("name", "options", "endpoint"),
    [
        ("n", EndpointOptions(only_names=True), "n"),
        ("", EndpointOptions(only_names=True), "/x"),
        ("", EndpointOptions(ignore_unnamed=True), ""),
        ("n", EndpointOptions(ignore_unnamed=True), "/x (n)"),
        ("", EndpointOptions(strip_query=False), "/x?a=b&c={{ d }}"),
    ],
)
def test_options_change_the_name(name: str, options: EndpointOptions, endpoint: str) -> None:
    assert endpoint_name(TARGET, "/x?a=b&c={{ d }}#e", name, options) == endpoint


def test_the_path_of_the_target_is_part_of_the_endpoint() -> None:
    assert endpoint_name("http://127.0.0.1:8080/base", "/x", "", EndpointOptions()) == "/base/x"


@pytest.mark.parametrize(
    ("field", "timing_ns"),
    [
        ("db;dur=53, total;dur=123.4", 123_400_000),
        ("TOTAL;DUR=2, total;dur=3", 2_000_000),
        ("db;dur=53", None),
        ("total;dur=1.2.3", None),
        ("total;dur=" + "9" * 400, 86_400_000_000_000),
    ],
)
def test_the_first_total_of_server_timing_is_read(field: str, timing_ns: int | None) -> None:
    assert server_timing_ns(field) == timing_ns


def run(flow: list[Any], *answers: bytes, **options: Any) -> Ran:
    left = list(answers)

    async def main() -> Ran:
        async def handler(peer: Any) -> None:
            while await peer.request():
                await peer.send(left.pop(0) if left else OK)

        async with raw_server(handler) as server:
            return await run_flow(flow, server.url, **options)

    ran: Ran = on_loop(main())
    return ran


OK = response(b"", "200 OK")


def test_requests_with_templates_are_counted_by_what_was_sent() -> None:
    config = {"plugins": {"metrics-by-endpoint": {"groupDynamicURLs": False}}}
    flow = [{"loop": [{"get": {"url": "/p/{{ $loopCount }}", "name": "n{{ $loopCount }}"}}], "count": 2}]
    ran = run(flow, config=config)
    expected = {f"{BY}./p/0 (n0).codes.200": 1, f"{BY}./p/1 (n1).codes.200": 1}
    assert {name: count for name, count in ran.counters.items() if name.startswith(BY)} == expected
    assert f"{BY}.response_time./p/1 (n1)" in ran.summaries


def test_only_the_last_response_of_a_redirect_is_counted() -> None:
    ran = run([{"get": {"url": "/old"}}], response(b"", "302 Found", "Location: /new"), OK)
    assert {name: count for name, count in ran.counters.items() if name.startswith(BY)} == {f"{BY}./old.codes.200": 1}


def test_server_timing_is_kept_by_endpoint() -> None:
    timed = response(b"", "200 OK", "Server-Timing: total;dur=20")
    ran = run([{"get": {"url": "/x", "name": "n"}}, {"get": {"url": "/y"}}], timed, OK)
    assert ran.summaries[f"{BY}.server-timing./x (n)"]["max"] == 20
    assert f"{BY}.server-timing./y" not in ran.summaries


def test_apdex_counts_the_last_response_of_each_request() -> None:
    config = {"plugins": {"apdex": {"threshold": 60_000}}}
    flow = [{"get": {"url": "/x"}}, {"get": {"url": "/y"}}]
    ran = run(flow, response(b"", "302 Found", "Location: /new"), response(b"", "500 Oops"), OK, config=config)
    assert ran.summary.count("apdex.satisfied") == 2
    ran = run(flow, config={"plugins": {"apdex": {"threshold": 0.000001}}})
    assert ran.summary.count("apdex.frustrated") == 2


def test_a_check_that_ends_the_visit_hides_the_response_from_plugins_behind_it() -> None:
    expect, apdex = {"reportFailuresAsErrors": True}, {"threshold": 60_000}
    flow = [{"get": {"url": "/x?a=1", "name": "n", "expect": {"statusCode": 500}}}]
    ran = run(flow, config={"plugins": {"expect": expect, "apdex": apdex}})
    (error,) = ran.errors
    assert error.startswith("Failed expectations for request http://127.0.0.1:")
    assert error.endswith("/x?a=1")
    assert not [name for name in (*ran.counters, *ran.summaries) if name.startswith((BY, "apdex"))]
    ran = run(flow, config={"plugins": {"metrics-by-endpoint": {}, "apdex": apdex, "expect": expect}})
    assert ran.counters[f"{BY}./x?a=1 (n).codes.200"] == ran.counters["apdex.satisfied"] == 1


def test_an_error_of_checks_names_the_request_by_its_name_if_asked_to() -> None:
    config = {"plugins": {"expect": {"reportFailuresAsErrors": True, "useOnlyRequestNames": True}}}
    ran = run(
        [{"get": {"url": "/x", "name": "n {{ id }}", "expect": {"statusCode": 500}}}],
        config=config,
        variables={"id": 5},
    )
    assert ran.errors == {"Failed expectations for request n 5": 1}


def test_a_failed_check_comes_before_a_failed_capture() -> None:
    config = {"plugins": {"expect": {"reportFailuresAsErrors": True}}}
    ran = run(
        [{"get": {"url": "/x", "capture": {"json": "$.a", "as": "a"}, "expect": {"statusCode": 500}}}], config=config
    )
    assert [name.split(" http")[0] for name in ran.errors] == ["Failed expectations for request"]


def test_checks_are_printed_as_the_plugin_says() -> None:
    config = {"plugins": {"expect": {"outputFormat": "prettyError", "expectDefault200": True}}}
    ran = run(
        [{"get": {"url": "/x"}}, {"get": {"url": "/y"}}], OK, response(b"token=abcdef", "500 Oops"), config=config
    )
    ((stream, text),) = ran.lines
    assert stream == "stdout"
    assert text.startswith("* GET /y\n\n  not ok statusCode 500\n  expected: 200\n       got: 500")
    assert "abcdef" not in text


def test_a_capture_that_failed_is_no_error_of_its_endpoint() -> None:
    ran = run([{"get": {"url": "/x", "capture": {"json": "$.id", "as": "id"}}}])
    assert ran.counters["errors.Failed capture or match"] == 1
    assert {name: count for name, count in ran.counters.items() if name.startswith(BY)} == {f"{BY}./x.codes.200": 1}
