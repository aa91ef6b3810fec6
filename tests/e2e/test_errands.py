"""`before` and `after` from the outside: once a run, outside of its figures, with their failures told."""

import asyncio
import json
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import loadkit
from tests.e2e.test_run import serving
from tests.support.command import ends_with, finish, run, start, write_yaml
from tests.support.raw_server import Peer, response

TOKEN = "tok-4711-secret-value"
LOGIN = {"post": {"url": "/login", "capture": [{"json": "$.token", "as": "token"}, {"json": "$.shop", "as": "shop"}]}}
USE = [{"get": {"url": "/use/{{ shop.id }}", "headers": {"authorization": "Bearer {{ token }}"}}}]


class Shop:
    """A server that notes requests and answers logins; `/hang` is never answered."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.tokens: set[str] = set()
        self.hanging = threading.Event()

    async def serve(self, peer: Peer) -> None:
        body = json.dumps({"token": TOKEN, "shop": {"id": 7}}).encode()
        while request := await peer.request():
            head = request.decode()
            self.seen.append(" ".join(head.split(" ", 2)[:2]))
            self.tokens |= {
                line.split(" ")[-1] for line in head.splitlines() if line.lower().startswith("authorization")
            }
            if "/hang" in head:
                self.hanging.set()
                await asyncio.sleep(60)
            status = "500 Oh" if "/broken" in head else "200 OK"
            await peer.send(response(body, status, "Content-Type: application/json"))


def script(
    url: str, *, flow: list[Any] = USE, phases: list[dict[str, Any]] | None = None, **top: Any
) -> dict[str, Any]:
    config = {"target": url, "phases": phases or [{"duration": 1, "arrivalCount": 4}]}
    return {"config": config, "scenarios": [{"name": "it", "flow": flow}], **top}


def test_they_run_once_for_all_workers_and_are_in_no_figure(tmp_path: Path) -> None:
    shop = Shop()
    with serving(shop.serve) as url:
        before = {"flow": [{"log": "signing in"}, LOGIN, {"get": "/broken"}]}
        after = {"flow": [{"delete": {"url": "/shop/{{ shop.id }}"}}, {"log": "the token was {{ token }}"}]}
        result = run(tmp_path, script(url, before=before, after=after), "--workers", "2")
    assert ends_with(result, 0), result.err
    assert shop.seen == ["POST /login", "GET /broken", *["GET /use/7"] * 4, "DELETE /shop/7"]
    assert shop.tokens == {TOKEN}
    assert result.counters["http.requests"] == result.counters["http.codes.200"] == 4
    assert "http.codes.500" not in result.counters
    assert "signing in" in result.out
    assert "the token was ***" in result.out
    assert TOKEN not in result.out + result.err + json.dumps(result.report)
    assert result.report is not None
    assert result.report["loadkit"]["after_failed"] is None


def test_a_before_that_fails_ends_the_run_before_any_load(tmp_path: Path) -> None:
    shop = Shop()
    with serving(shop.serve) as url:
        failing = {"get": {"url": "/shop", "name": "the shop", "capture": {"json": "$.nothing", "as": "x"}}}
        result = run(
            tmp_path, script(url, flow=[{"get": "/"}], before={"flow": [LOGIN, failing]}, after={"flow": [LOGIN]})
        )
    assert result.code == 6
    assert shop.seen == ["POST /login", "GET /shop"]
    for words in (
        "`before` failed in step 2 of 2 (GET the shop)",
        "Failed capture or match",
        "$.nothing",
        "test.yaml:",
    ):
        assert words in result.err
    assert "Traceback" not in result.err


def test_an_after_that_fails_is_told_when_the_report_is_written(tmp_path: Path) -> None:
    shop = Shop()
    with serving(shop.serve) as url:
        after = {"flow": [{"loop": [{"get": "http://127.0.0.1:1/"}], "count": 2}, LOGIN]}
        two = [{"duration": 1, "arrivalCount": 2}]  # too few to be late
        result = run(tmp_path, script(url, flow=[{"get": "/"}], phases=two, after=after))
    assert result.code == 3
    assert result.counters["http.responses"] == 2
    assert result.report is not None
    told = result.report["loadkit"]["after_failed"]
    assert "`after` failed in step 1 of 2 (loop): ECONNREFUSED" in told
    assert told in result.out
    assert "FAIL: `after` failed (exit code 3)" in result.out


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_signal_ends_them(tmp_path: Path, when: str) -> None:
    shop = Shop()
    with serving(shop.serve) as url:
        item = {"flow": [{"get": {"url": "/hang", "timeout": "50s"}}]}
        path = write_yaml(tmp_path, script(url, flow=[{"get": "/"}], **{when: item}))
        process = start("run", path, cwd=tmp_path)
        assert shop.hanging.wait(30)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        result = finish(process)
    assert (result.code, time.monotonic() - began < 40) == (130, True)
    assert f"`{when}` failed in step 1 of 1 (GET /hang): it was interrupted" in result.err
    assert shop.seen == ["GET /hang"] if when == "before" else ["GET /"] * 4 + ["GET /hang"]


def test_after_runs_when_the_load_was_interrupted(tmp_path: Path) -> None:
    shop = Shop()
    with serving(shop.serve) as url:
        phases = [{"duration": 60, "arrivalRate": 10}]
        after = {"flow": [{"get": "/last"}]}
        path = write_yaml(tmp_path, script(url, flow=[{"get": "/"}], phases=phases, after=after))
        process = start("run", path, cwd=tmp_path)
        deadline = time.monotonic() + 20
        while "GET /" not in shop.seen and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        result = finish(process)
    assert (result.code, shop.seen[-1]) == (130, "GET /last")


def test_they_do_not_go_on_for_ever(tmp_path: Path) -> None:
    before = {"timeout": "300ms", "flow": [{"think": "1h"}]}
    result = run(tmp_path, script("http://127.0.0.1:1", before=before, flow=[{"get": "/"}]))
    assert result.code == 6
    assert "`before` failed in step 1 of 1 (think): it took longer than 300ms (`timeout`)" in result.err


def test_solo_and_the_demo_have_them_too(tmp_path: Path) -> None:
    before = {
        "flow": [
            {"get": {"url": "/products", "capture": {"json": "$..id", "all": False, "as": "first"}}},
            {"set": {"n": 3}},
        ]
    }
    flow = [{"log": "{{ first }} and {{ n }}"}]
    result = run(tmp_path, script("demo://", flow=flow, before=before), "--solo")
    assert (result.code, " and 3" in result.out) == (0, True), result.out + result.err


def test_they_call_the_functions_of_the_processor(tmp_path: Path) -> None:
    (tmp_path / "hooks.py").write_text(
        "import asyncio\n\nasync def make(user):\n    await asyncio.sleep(0.01)\n    user.vars['shop'] = {'id': 'made'}\n"
    )
    shop = Shop()
    with serving(shop.serve) as url:
        parallel = {"parallel": [[{"get": "/a"}, {"function": "make"}], {"get": "/b"}]}
        data = script(url, flow=[{"get": "/{{ shop.id }}"}], before={"flow": [parallel]})
        data["config"]["processor"] = "./hooks.py"
        result = run(tmp_path, data)
    assert ends_with(result, 0)
    assert (sorted(shop.seen[:2]), set(shop.seen[2:])) == (["GET /a", "GET /b"], {"GET /made"})


def test_programs_have_them_too(tmp_path: Path) -> None:
    shop = Shop()
    with serving(shop.serve) as url:
        path = write_yaml(tmp_path, script(url, before={"flow": [LOGIN]}, after={"flow": [{"get": "/{{ nobody }}"}]}))
        result = loadkit.run_sync(loadkit.load(path))
        failing = write_yaml(
            tmp_path, script(url, before={"flow": [{"get": "http://127.0.0.1:1/"}]}, flow=[{"get": "/"}])
        )
        with pytest.raises(loadkit.PreflightError, match="before` failed in step 1 of 1"):
            loadkit.run_sync(loadkit.load(failing))
    assert (result.passed, shop.seen[0], shop.seen[-1]) == (True, "POST /login", "GET /")
