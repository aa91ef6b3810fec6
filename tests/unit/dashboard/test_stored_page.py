"""`loadkit view`: the live page on a run that is kept, and on one of which there is only a journal so far."""

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from loadkit.dashboard.kept import Seen
from loadkit.dashboard.stored_run import stored_run
from loadkit.outputs.kept import KeptRun
from loadkit.report.facts import facts
from loadkit.report.store import REPORT
from tests.support.histories import run_id, run_report
from tests.support.pages import ask
from tests.support.results import interval, second, started
from tests.support.site import history_in, served_run


def run_at(url: str) -> dict[str, Any]:
    found = json.loads(ask(url, "/api/run").body)
    assert isinstance(found, dict)
    return found


def test_a_stored_run_is_over_and_nobody_can_control_it(tmp_path: Path) -> None:
    report = run_report(0)
    with history_in(tmp_path) as store:
        store.add(report)
    with served_run(run_id(0), tmp_path) as url:
        page, run = ask(url), run_at(url)
        assert "live.js" in page.text
        assert "script-src 'sha" in page.headers["content-security-policy"]
        assert (run["run"], run["may_control"]) == (run_id(0), False)
        assert run["over"]["report"]["loadkit"]["verdicts"] == report["loadkit"]["verdicts"]
        made = sum(name["requests"] for name in report["loadkit"]["requests"])
        assert sum(name["requests"] for name in run["requests"]) == made
        assert ask(url, "/api/control", "POST", body=b"{}").status in (403, 404, 405)
        assert json.loads(ask(url, "/report.json").body)["loadkit"]["run"] == run_id(0)
        assert ask(url, "/report.html").text.startswith("<!DOCTYPE html>")


def test_a_report_that_lacks_what_was_added_later_is_shown(tmp_path: Path) -> None:
    report = run_report(0)
    for key in ("heat", "source", "interventions", "observe", "slos", "calls", "exports"):
        report["loadkit"].pop(key, None)
    shown = stored_run(Seen(facts(report), report))
    assert (shown["heat"], shown["source"], shown["observe"]["rows"], shown["slos"]) == (None, None, [], [])


def next_event(stream: http.client.HTTPResponse) -> str:
    while True:
        line = stream.readline().decode().strip()
        if line.startswith("event: ") and line != "event: beat":
            return line.removeprefix("event: ")


def test_a_run_that_goes_on_is_followed_by_its_journal_to_its_report(tmp_path: Path) -> None:
    kept = KeptRun(tmp_path / "runs", print)
    kept.start(started())
    kept.interval(interval(second(0)))
    try:
        with served_run("latest", tmp_path) as url:
            before = run_at(url)
            assert (before["over"], before["status"]["state"], before["run"]) == (None, "running", kept.run)
            place = urlsplit(url)
            assert place.hostname is not None
            connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
            connection.request("GET", f"/api/events?after={before['id']}")
            stream = connection.getresponse()
            kept.interval(interval(second(1)))
            assert next_event(stream) == "reset"
            assert len(run_at(url)["timeline"]["rows"]) == 2
            assert kept.directory is not None
            (kept.directory / REPORT).write_bytes(msgspec.json.encode(run_report(3)))
            assert next_event(stream) == "reset"
            assert run_at(url)["over"]["report"]["loadkit"]["run"] == run_id(3)
            connection.close()
    finally:
        kept.close()
