"""Several branches of a virtual user at once, against servers that notice."""

import asyncio
from fractions import Fraction
from typing import Any

import pytest

from loadkit.workload.closed import Closed
from tests.support.engine import Ran, S, build_for, on_loop, run_flow
from tests.support.raw_server import Handler, Peer, RawServer, raw_server, response

OK = response(b'{"id": 7}', "200 OK", "Content-Type: application/json")
Seen = list[tuple[int, str, bytes]]


def get(path: str, **keys: Any) -> dict[str, Any]:
    return {"get": {"url": path, **keys}}


def path_of(request: bytes) -> str:
    return request.split(b" ", 2)[1].decode()


def serve(handler: Handler, flow: list[Any], **options: Any) -> tuple[Ran, RawServer]:
    async def main() -> tuple[Ran, RawServer]:
        async with raw_server(handler) as server:
            return await run_flow(flow, server.url, **options), server

    ran: tuple[Ran, RawServer] = on_loop(main())
    return ran


def noting(seen: Seen, *, headers: tuple[str, ...] = ()) -> Handler:
    async def handle(peer: Peer) -> None:
        while request := await peer.request():
            seen.append((peer.number, path_of(request), request))
            await peer.send(response(b'{"id": 7}', "200 OK", "Content-Type: application/json", *headers))

    return handle


def meeting(number: int, met: list[int]) -> Handler:
    """Return a handler that answers nobody before so many requests are under way; `met` tells of each time they were."""
    waiting: list[asyncio.Future[None]] = []

    async def handle(peer: Peer) -> None:
        while await peer.request():
            future = asyncio.get_running_loop().create_future()
            waiting.append(future)
            if len(waiting) == number:
                met.append(number)
                for one in waiting:
                    one.set_result(None)
                waiting.clear()
            await future
            await peer.send(OK)

    return handle


def test_branches_are_under_way_at_the_same_time_each_on_its_own_connection() -> None:
    met: list[int] = []
    ran, server = serve(meeting(3, met), [{"parallel": [get("/a"), get("/b"), [get("/c")]]}])
    assert (met, server.connections, ran.errors, ran.count("vusers.completed")) == ([3], 3, {}, 1)


def test_connections_are_kept_for_the_next_time_and_the_user_goes_on_with_its_own() -> None:
    met: list[int] = []
    flow = [{"loop": [{"parallel": [get("/a"), get("/b")]}], "count": 5}]
    ran, server = serve(meeting(2, met), flow)
    assert (len(met), server.connections, ran.count("http.responses")) == (5, 2, 10)
    seen: Seen = []
    _, server = serve(noting(seen), [get("/first"), {"parallel": [get("/a")]}, get("/last")])
    assert (server.connections, [path for _, path, _ in seen]) == (1, ["/first", "/a", "/last"])


@pytest.mark.parametrize("limit", [2, "{{ most }}"])
def test_no_more_than_the_limit_are_under_way(limit: Any) -> None:
    met: list[int] = []
    flow = [{"parallel": [get(f"/{index}") for index in range(6)], "limit": limit}]
    ran, server = serve(meeting(2, met), flow, variables={"most": 2})
    assert (met, server.connections, ran.count("http.responses")) == ([2, 2, 2], 2, 6)


def test_branches_nest_and_their_loops_count_for_themselves() -> None:
    seen: Seen = []
    rounds = [get(f"/{name}/{{{{ $loopCount }}}}/{step}") for name, step in (("a", 1), ("a", 2))]
    others = [get("/b/{{ $loopCount }}")]
    flow = [
        {"parallel": [{"loop": rounds, "count": 2}, {"parallel": [{"loop": others, "count": 3}, get("/c")]}]},
        get("/end"),
    ]
    ran, _ = serve(noting(seen), flow)
    paths = [path for _, path, _ in seen]
    assert [path for path in paths if path[1] == "a"] == ["/a/0/1", "/a/0/2", "/a/1/1", "/a/1/2"]
    assert [path for path in paths if path[1] == "b"] == ["/b/0", "/b/1", "/b/2"]
    assert (paths[-1], "/c" in paths, ran.errors) == ("/end", True, {})


def test_branches_share_variables_and_cookies() -> None:
    seen: Seen = []
    flow = [
        {"parallel": [get("/a", capture={"json": "$.id", "as": "id"}), {"set": {"color": "red"}}]},
        {"parallel": [get("/b"), get("/c")]},
        get("/{{ id }}/{{ color }}"),
    ]
    ran, _ = serve(noting(seen, headers=("Set-Cookie: sid=12345678",)), flow)
    assert ran.errors == {}
    assert seen[-1][1] == "/7/red"
    assert all(b"Cookie: sid=12345678" in request for _, path, request in seen if path != "/a")


def test_the_next_step_is_due_at_the_end_of_the_last_branch() -> None:
    ran, _ = serve(noting([]), [{"parallel": [{"think": "80ms"}, get("/a"), {"think": "40ms"}]}, get("/end")])
    response_time = ran.summary.histogram("http.response_time", "/end")
    assert response_time.total == 1
    assert response_time.min_ns < 60_000_000  # its own time alone, not that of the thinking
    assert ran.summary.histogram("vusers.session_length").min_ns >= 80_000_000


def test_a_failure_ends_the_step_when_the_others_are_done_and_is_the_only_error() -> None:
    async def handle(peer: Peer) -> None:
        while request := await peer.request():
            if b"/close" in request:
                return
            await peer.send(OK)

    failing = get("/a", capture={"json": "$.nothing", "as": "x"})
    others = {"loop": [{"think": "20ms"}, get("/l")], "count": 3}
    ran, _ = serve(handle, [{"parallel": [failing, others, [{"think": "30ms"}, get("/close")]]}, get("/never")])
    assert ran.errors == {"Failed capture or match": 1}
    assert (ran.count("http.requests"), ran.count("http.responses")) == (5, 4)
    assert (ran.count("vusers.failed"), ran.count("vusers.completed")) == (1, 0)


def test_after_a_failure_no_branch_is_begun() -> None:
    seen: Seen = []
    failing = get("/a", capture={"json": "$.nothing", "as": "x"})
    serve(noting(seen), [{"parallel": [failing, get("/never"), get("/never")], "limit": 1}])
    assert [path for _, path, _ in seen] == ["/a"]


def test_a_fault_of_a_branch_is_counted_once() -> None:
    ran, _ = serve(
        noting([]), [{"parallel": [{"log": "{{ $randomNumber(9, low) }}"}, get("/a")]}], variables={"low": 1}
    )
    assert ran.errors == {"ERR_INVALID_REQUEST": 1}


def test_each_branch_has_its_own_deadline() -> None:
    async def handle(peer: Peer) -> None:
        while request := await peer.request():
            if b"/slow" not in request:
                await peer.send(OK)

    ran, _ = serve(handle, [{"parallel": [get("/slow", timeout="100ms"), get("/a")]}])
    assert (ran.errors, ran.count("http.responses")) == ({"ETIMEDOUT": 1}, 1)


@pytest.mark.parametrize("waits", [get("/slow"), {"think": 60}])
def test_the_end_of_the_run_cuts_off_every_branch(waits: dict[str, Any]) -> None:
    async def handle(peer: Peer) -> None:
        while await peer.request():
            await asyncio.sleep(60)

    flow = [{"parallel": [waits, {"parallel": [get("/slower"), {"think": 50}]}]}]
    ran, _ = serve(handle, flow, duration_ns=S // 10, graceful_stop_ns=S // 10)
    assert sum(ran.errors.values()) == 1
    assert (ran.count("vusers.failed"), ran.count("vusers.created")) == (1, 1)


def test_a_paced_user_sends_one_request_a_slot_in_all_its_branches() -> None:
    seen: Seen = []
    workload = Closed(1, 1, S, Fraction(20))
    ran, _ = serve(noting(seen), [{"parallel": [get("/a"), get("/b")]}], workload=workload, duration_ns=S)
    assert 18 <= ran.count("http.responses") <= 20
    assert ran.errors == {}


def test_a_user_that_comes_again_has_fresh_cookies_in_every_branch() -> None:
    seen: Seen = []
    flow = [{"parallel": [get("/a"), [{"think": "5ms"}, get("/b")]]}]
    ran, server = serve(
        noting(seen, headers=("Set-Cookie: sid=12345678",)),
        flow,
        workload=Closed(1, 1, S // 5, None),
        duration_ns=S // 5,
    )
    firsts = [b"Cookie" in request for _, path, request in seen if path == "/a"]
    assert len(firsts) > 1
    assert not any(firsts)
    assert (server.connections, ran.errors) == (2, {})


def test_with_a_pool_branches_share_its_connections() -> None:
    met: list[int] = []
    flow = [{"parallel": [get(f"/{index}") for index in range(4)]}]
    ran, server = serve(meeting(2, met), flow, config={"http": {"pool": 2}})
    assert (met, server.connections, ran.errors) == ([2, 2], 2, {})


def test_as_in_artillery_branches_stand_in_line_for_one_connection() -> None:
    seen: Seen = []
    flow = [get("/first"), {"parallel": [get("/a"), get("/b"), [get("/c"), get("/d")]]}, get("/end")]
    ran, server = serve(noting(seen), flow, config={"compat": "artillery"})
    assert ([path for _, path, _ in seen], server.connections) == (["/first", "/a", "/b", "/c", "/d", "/end"], 1)
    assert ran.errors == {}


def test_debug_tells_of_every_branch() -> None:
    ran, _ = serve(noting([]), [{"parallel": [get("/a"), get("/b", capture={"json": "$.id", "as": "id"})]}], debug=True)
    told = [text for stream, text in ran.lines if stream == "stderr"]
    assert all(any(path in text for text in told) for path in ("/a", "/b"))


@pytest.mark.parametrize(
    ("config", "flow", "codes"),
    [
        ({}, [{"parallel": [get("/a"), get("/b")]}], ["LK506"]),
        ({}, [{"parallel": [get("/a")]}], []),
        ({"http": {"pool": 5}}, [{"parallel": [get("/a"), get("/b")]}], []),
        ({"compat": "artillery"}, [{"parallel": [get("/a"), get("/b")]}], []),
        ({"compat": "artillery"}, [{"parallel": [get("/a"), get("/{{ x }}")]}], ["LK201"]),
    ],
)
def test_what_is_said_of_a_step(config: dict[str, Any], flow: list[Any], codes: list[str]) -> None:
    build = build_for({"target": "http://127.0.0.1:9", **config})
    build.steps(flow, ("flow",))
    assert [found.code for found in build.diagnostics] == codes


def test_what_another_branch_captures_may_not_be_there_yet() -> None:
    build = build_for({"target": "http://127.0.0.1:9", "http": {"pool": 5}})
    build.later = {"id": ("flow",)}
    capturing = get("/a", capture={"json": "$.id", "as": "id"})
    build.steps([{"parallel": [capturing, get("/{{ id }}")]}, get("/{{ id }}")], ("flow",))
    assert [(found.code, found.severity.value) for found in build.diagnostics] == [("LK202", "warning")]
