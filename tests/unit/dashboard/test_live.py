"""The page of a run as an output: what it passes on, and that its troubles stay its own."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from loadkit.dashboard import live
from loadkit.dashboard.address import Address
from loadkit.dashboard.controls import Order, read_order
from loadkit.dashboard.live import Dashboard
from loadkit.dashboard.problem import Problem
from loadkit.engine.events import LogLine
from loadkit.errors import PreflightError
from tests.support.pages import ask
from tests.support.results import interval, plan, report_of, result, second, started

TOKEN = "t0ken"


class Session:
    """Notes what it is told to do, in the loop that it belongs to."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.threads: set[int] = set()
        self.rate = 1.0

    def _note(self, *what: Any) -> bool:
        self.done.append(what)
        self.threads.add(threading.get_ident())
        return len(self.done) == 1

    def begin(self, *, by: str) -> bool:
        return self._note("begin", by)

    def pause(self, *, by: str) -> bool:
        return self._note("pause", by)

    def resume(self, *, by: str) -> bool:
        return self._note("resume", by)

    def stop(self, *, by: str) -> bool:
        return self._note("stop", by)

    def set_rate(self, factor: float, *, by: str) -> bool:
        if factor > 10:
            raise ValueError("a rate is 0.01 to 10 times the planned one, not 99")
        return self._note("rate", factor, by)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def dashboard(said: list[str]) -> Iterator[Dashboard]:
    made = Dashboard(plan(), Address(port=0), TOKEN, run_id=lambda: "20261121-090255-k3f9", say=said.append)
    yield made
    made.close()


def settled(url: str, true: Any) -> dict[str, Any]:
    """Return the run so far once something is true of it."""
    for _ in range(2000):
        found: dict[str, Any] = json.loads(ask(url, "/api/run").body)
        if true(found):
            return found
        threading.Event().wait(0.005)
    raise AssertionError(found)


def test_seconds_and_lines_reach_the_page(dashboard: Dashboard) -> None:
    url = dashboard.open()
    assert url.endswith(f"/?token={TOKEN}")
    assert json.loads(ask(url, "/api/run").body)["status"]["state"] == "starting"
    dashboard.start(started())
    dashboard.log(LogLine(text="hello", stream="stdout"))
    for index in range(3):
        dashboard.interval(interval(second(index)))
    found = settled(url, lambda run: len(run["timeline"]["rows"]) == 3)
    assert found["run"] == "20261121-090255-k3f9"
    assert found["lines"] == [{"t_s": 1.0, "text": "hello"}]
    assert found["id"].endswith(".4")  # it began, and three seconds


def test_the_page_may_run_our_scripts_and_nothing_else(dashboard: Dashboard) -> None:
    url = dashboard.open()
    answer = ask(url)
    policy = answer.headers["content-security-policy"]
    assert (answer.status, "default-src 'none'" in policy, "unsafe-eval" in policy) == (200, True, False)
    for name in ("live.js", "live_parts.js", "charts.js", "bokeh.min.js", "page.css", "live.css"):
        assert ask(url, f"/static/{name}").status == 200


def test_a_second_too_many_is_left_out_and_counted(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    url = dashboard.open()
    monkeypatch.setattr(live, "WAITING", 2)
    held, go_on = threading.Event(), threading.Event()
    dashboard._serving.call(lambda: (held.set(), go_on.wait(30)))
    assert held.wait(30)
    for index in range(5):
        dashboard.interval(interval(second(index)))
    go_on.set()
    settled(url, lambda run: len(run["timeline"]["rows"]) == 2)
    dashboard.interval(interval(second(5)))
    assert settled(url, lambda run: len(run["timeline"]["rows"]) == 3)["missed"] == 3


def test_a_fault_of_the_page_is_a_warning_and_costs_nothing_else(
    dashboard: Dashboard, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard.open()

    def fail(second: Any) -> None:
        raise RuntimeError("out of ideas")

    monkeypatch.setattr(dashboard._page, "add", fail)
    for index in range(1000):
        dashboard.interval(interval(second(index)))
        if said:
            break
        threading.Event().wait(0.005)
    dashboard.interval(interval(second(1001)))
    dashboard.finish({})
    assert said == ["warning: the dashboard has stopped, the run goes on without it: RuntimeError: out of ideas"]


def test_the_end_brings_the_report(dashboard: Dashboard) -> None:
    url = dashboard.open()
    report = report_of(result())
    dashboard.finish(report, ".loadkit/runs/x")
    over = json.loads(ask(url, "/api/run").body)["over"]
    assert (over["kept"], over["whole"], over["report"]["loadkit"]["exit_code"]) == (".loadkit/runs/x", True, 0)


def test_a_large_report_comes_without_what_the_page_has_already(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loadkit.dashboard.live_page.LARGEST_END", 100)
    url = dashboard.open()
    dashboard.finish(report_of(result()))
    over = json.loads(ask(url, "/api/run").body)["over"]
    found = over["report"]["loadkit"]
    assert (over["whole"], "timeline" in found, "verdicts" in found) == (False, False, True)
    assert ("rows" in found["observe"], found["observe"]["columns"]) == (False, [])


def test_a_port_that_is_taken_is_said(said: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        made = Dashboard(plan(), Address(port=taken.getsockname()[1]), TOKEN, say=said.append)
        with pytest.raises(PreflightError, match="is taken"):
            made.open()
    made.interval(interval(second(0)))
    made.close()


def control(url: str, body: bytes, **headers: str) -> tuple[int, Any]:
    answer = ask(url, "/api/control", "POST", body=body, Authorization=f"Bearer {TOKEN}", **headers)
    return answer.status, json.loads(answer.body)


def test_orders_are_carried_out_in_the_loop_of_the_run(dashboard: Dashboard) -> None:
    url, session = dashboard.open(), Session()
    orders = [
        b'{"action": "begin"}', b'{"action": "pause"}', b'{"action": "resume"}', b'{"action": "rate", "factor": 0.5}',
        b'{"action": "stop"}', b'{"action": "rate", "factor": 99}',
    ]  # fmt: skip

    async def run() -> list[tuple[int, Any]]:
        dashboard.attend(session)
        return [await asyncio.to_thread(control, url, order) for order in orders]

    answers = asyncio.run(run())
    assert session.done == [
        ("begin", "dashboard"), ("pause", "dashboard"), ("resume", "dashboard"), ("rate", 0.5, "dashboard"), ("stop", "dashboard"),
    ]  # fmt: skip
    assert session.threads == {threading.get_ident()}
    assert [status for status, _ in answers] == [200] * 5 + [400]
    assert [told["effect"] for _, told in answers[:2]] == [True, False]
    assert "0.01 to 10 times" in answers[-1][1]["error"]


def test_without_a_run_nothing_is_controlled(dashboard: Dashboard) -> None:
    url = dashboard.open()
    assert control(url, b'{"action": "stop"}')[0] == 409
    assert ask(url, "/api/control", "POST", body=b'{"action": "stop"}').status in (401, 403)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{", b'{"action": "kill"}', b'{"action": "rate"}', b'{"action": "stop", "factor": 2}',
        b'{"action": "stop", "x": 1}', b'{"action": "rate", "factor": "2"}', b"\xff\xfe",
    ],
)  # fmt: skip
def test_an_order_that_makes_no_sense_is_refused(body: bytes) -> None:
    with pytest.raises(Problem) as refused:
        read_order(body)
    assert refused.value.status == 400


def test_an_order_is_read() -> None:
    assert read_order(b'{"action": "rate", "factor": 2}') == Order(action="rate", factor=2.0)
