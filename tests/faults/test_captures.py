"""Responses and expressions that would keep the event loop busy, and values that try to be templates."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.faults.case import MB, Case, assert_invariants, load, run_case
from tests.faults.server import Target
from tests.support.command import ends_with

_DEEP = 80


def nested() -> Any:
    made: Any = {}
    for _ in range(_DEEP):
        made = {"a": made, "b": {"a": {}}}
    return made


BODIES = {
    "/x": b"x" * 1_000_000,
    "/words": b"a " * 400_000 + b"!",
    "/list": json.dumps([{"id": n, "n": "x" * 30} for n in range(15_000)]).encode(),
    "/deep": json.dumps(nested()).encode(),
    "/deeper": b"[" * 400_000 + b"]" * 400_000,
    "/large": b"x" * 1_100_000,
    "/template": json.dumps({"v": "{{ secret }}", "w": "{{ $randomNumber(1, 9) }}", "c": "x.__class__"}).encode(),
}


class Answers(ThreadingHTTPServer):
    """Serves BODIES and remembers what was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: Counter[str] = Counter()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece
    server: Answers

    def do_GET(self) -> None:
        self.server.asked[self.path] += 1
        body = BODIES.get(self.path, b"{}")
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def answers() -> Iterator[Answers]:
    server = Answers()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


BOMBS: list[tuple[str, dict[str, Any], str]] = [
    ("/x", {"capture": {"regexp": "(x+x+)+y", "as": "v"}}, 'capture "v" (regexp (x+x+)+y): the search took longer than 50 ms'),
    ("/words", {"capture": {"regexp": r"(\w+\s?)*$", "as": "v"}}, "the search took longer than 50 ms"),
    ("/words", {"match": {"regexp": r"(\w+\s?)*$", "value": 1}}, "match (regexp (\\w+\\s?)*$): the search took longer than 50 ms"),
    ("/list", {"capture": {"json": "$[?search(@.n, '(x+x+)+y')].id", "as": "v"}}, "it took longer than 50 ms"),
    ("/list", {"capture": {"json": "$..[?@.n == 'y'].id", "as": "v"}}, "it took longer than 50 ms"),
    ("/deep", {"capture": {"json": "$..a..a..a..b..q", "as": "v"}}, "it took longer than 50 ms"),
    ("/deeper", {"capture": {"json": "$..v", "as": "v"}}, "the body is not JSON"),
    ("/large", {"capture": {"regexp": "y", "as": "v"}}, "the body has 1100000 bytes, captures and checks read 1048576"),
]  # fmt: skip


def test_captures_that_look_too_long_fail_and_keep_nobody_waiting(answers: Answers, good: Case, tmp_path: Path) -> None:
    """Every half second one virtual user sets off a bomb; the others must hardly notice."""
    kinds = [f"bomb{n // 25}" if n % 25 == 0 else "good" for n in range(25 * len(BOMBS))]
    (tmp_path / "kinds.csv").write_text("\n".join(["kind", *kinds]))
    flow = [{"get": {"url": "/ok", "ifTrue": 'kind == "good"'}}]
    for number, (path, check, _) in enumerate(BOMBS):
        flow.append({"get": {"url": path, "name": f"bomb {number}", "ifTrue": f'kind == "bomb{number}"', **check}})
    phases = [{"duration": 4, "arrivalCount": len(kinds)}]
    config = {"payload": {"path": "kinds.csv", "order": "sequence"}}
    case = run_case(tmp_path, load(answers.url, flow, phases=phases, config=config), "--workers", 1)
    # 50 ms for the search, the rest to read a megabyte
    assert_invariants(case, exit_code=0, good=good, blocked_ms=100, rss_growth=100 * MB)
    assert case.errors == {"Failed capture or match": len(BOMBS)}
    assert case.report is not None
    examples = case.report["loadkit"]["examples"]["Failed capture or match"]
    assert len(examples) == 5
    for example, (_, _, said) in zip(examples, BOMBS, strict=False):
        assert said in example["text"]


@pytest.mark.parametrize(("path", "check", "said"), BOMBS[5:])
def test_what_cannot_be_captured_says_why(
    answers: Answers, good: Case, tmp_path: Path, path: str, check: dict[str, Any], said: str
) -> None:
    flow = [{"get": {"url": path, **check}}]
    case = run_case(tmp_path, load(answers.url, flow, phases=[{"duration": 1, "arrivalCount": 1}]), "--workers", 1)
    assert_invariants(case, exit_code=0, good=good)
    assert said in case.texts


def test_a_check_that_looks_too_long_fails_with_its_reason(answers: Answers, good: Case, tmp_path: Path) -> None:
    flow = [{"get": {"url": "/x", "expect": {"matchesRegexp": "(x+x+)+y"}}}]
    case = run_case(tmp_path, load(answers.url, flow, phases=[{"duration": 1, "arrivalCount": 3}]))
    assert_invariants(case, exit_code=3, good=good)
    assert "the search took longer than 50 ms" in case.texts


def test_what_a_response_holds_is_never_a_template(answers: Answers, good: Case, tmp_path: Path) -> None:
    captures = [{"json": f"$.{name}", "as": name} for name in "vwc"]
    flow = [
        {"get": {"url": "/template", "capture": captures}},
        {"set": {"copy": "{{ v }}", "key": "{{ c }}"}},
        {"log": "got {{ v }} {{ w }} {{ copy }}"},
        {"get": {"url": "/next?{{ copy }}", "name": "next"}},
        {"log": "attributes [{{ v.__class__ }}] [{{ v.upper }}] [{{ captures.__len__ }}]"},
    ]
    config = {"variables": {"secret": "hunter2", "captures": ["x"]}}
    case = run_case(tmp_path, load(answers.url, flow, phases=[{"duration": 1, "arrivalCount": 2}], config=config))
    assert_invariants(case, exit_code=0, good=good)
    assert case.out.count("got {{ secret }} {{ $randomNumber(1, 9) }} {{ secret }}") == 2
    assert case.out.count("attributes [] [] []") == 2
    assert answers.asked["/next?{{%20secret%20}}"] == 2  # the URL Standard leaves braces in a query
    assert "hunter2" not in case.out + case.err


def test_a_million_addresses_are_one_name(faults: Target, good: Case, tmp_path: Path) -> None:
    flow = [{"get": {"url": "/item/{{ $randomNumber(1, 1000000000) }}"}}]
    case = run_case(tmp_path, load(faults.http, flow, phases=[{"duration": 3, "users": 4}]), "--workers", 1)
    assert_invariants(case, exit_code=0, good=good, rss_growth=10 * MB)
    assert case.report is not None
    assert case.count("http.requests") > 500
    names = [row["name"] for row in case.report["loadkit"]["requests"]]
    assert names == ["/item/{{ $randomNumber(1, 1000000000) }}"]


def test_names_beyond_two_hundred_are_one(faults: Target, tmp_path: Path) -> None:
    flow = [{"get": {"url": "/ok", "name": f"page {n}"}} for n in range(300)]
    case = run_case(tmp_path, load(faults.http, flow, phases=[{"duration": 1, "arrivalCount": 1}]), "--workers", 1)
    assert ends_with(case, 0), case.err
    assert ("Traceback" in case.err, case.left) == (False, ())
    assert case.report is not None
    names = [row["name"] for row in case.report["loadkit"]["requests"]]
    assert len(names) == 201
    assert "_other_" in names
    assert "warning LK509" in case.err
    assert case.count("http.requests") == 300
