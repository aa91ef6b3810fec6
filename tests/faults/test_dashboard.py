"""Row 27 of what may go wrong: a page with as many viewers as there may be, one of which never reads. The load does not notice."""

import http.client
import json
import re
import socket
import time
from pathlib import Path
from subprocess import Popen
from threading import Thread

from loadkit.dashboard.events import MOST_VIEWERS
from tests.support.command import ends_with, finish, scenario, start, write_yaml

SECONDS = 6
RATE = 100


class Viewer:
    """Reads all events, in a thread, until the server ends the stream."""

    def __init__(self, port: int) -> None:
        self.text = ""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/api/events")
        self._answer = connection.getresponse()
        self.status = self._answer.status
        self._connection = connection
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        self.text = self._answer.read().decode()
        self._connection.close()

    def kinds(self) -> list[str]:
        self._thread.join(60)
        return re.findall(r"^event: (\w+)$", self.text, re.MULTILINE)


def port_of(process: Popen[str], said: list[str]) -> int:
    """Return the port of the page; what is printed after its URL goes to `said`."""
    assert process.stderr
    for line in process.stderr:
        said.append(line)
        found = re.search(r"dashboard: http://127\.0\.0\.1:(\d+)/", line)
        if found:
            Thread(target=lambda: said.extend(process.stderr or ()), daemon=True).start()
            return int(found[1])
    raise AssertionError(f"no page was served: {said}")


def test_thirty_two_viewers_and_a_dead_one_cost_the_load_nothing(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    data = scenario("demo://", [{"duration": SECONDS, "arrivalRate": RATE}], [{"get": {"url": "/products"}}])
    process = start("run", write_yaml(tmp_path, data), "-o", report, "--dashboard", "0", "--hold")
    said: list[str] = []
    port = port_of(process, said)
    token = re.search(r"token=(\S+)", said[-1])
    assert token
    viewers = [Viewer(port) for _ in range(MOST_VIEWERS - 1)]
    with socket.create_connection(("127.0.0.1", port)) as dead:
        dead.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        dead.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert dead.recv(12) == b"HTTP/1.1 200"
        one_more = Viewer(port)
        begin(port, token[1])
        began = time.monotonic()
        result = finish(process, report)
        took_s = time.monotonic() - began
    assert one_more.status == 503
    assert {viewer.status for viewer in viewers} == {200}
    assert ends_with(result, 0), result.out
    assert not any("Traceback" in line for line in said)
    for viewer in viewers:
        kinds = viewer.kinds()
        assert (kinds[0], kinds[-1]) == ("begin", "end")
        assert kinds.count("second") >= SECONDS
    assert result.report
    found = result.report["loadkit"]
    assert result.counters["arrivals.started"] == SECONDS * RATE
    assert (
        found["health"]["coordinator"]["cpu"]["mean"] < 0.7
    )  # of a core, on a busy machine; the workers have their own
    assert took_s < SECONDS + 40  # two seconds for the viewer that never reads; the rest is a busy machine's


def begin(port: int, token: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request("POST", "/api/control", json.dumps({"action": "begin"}), headers)
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())) == (200, {"action": "begin", "effect": True})
    connection.close()
