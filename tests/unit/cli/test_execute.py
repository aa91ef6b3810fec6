import io
import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from loadkit.cli.bundles import Making
from loadkit.cli.execute import Choices, choose_screen, execute
from loadkit.engine.events import Finished, Interval, LogLine, Started
from loadkit.errors import Diagnostic, FleetError, Position, PreflightError, UsageError
from loadkit.fleet import session as module
from loadkit.outputs.json import JsonReport
from loadkit.outputs.text import LogOnly, PlainText
from loadkit.scenario.compile import compile_plan
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import read_document
from loadkit.slo.evaluate import Status
from tests.support.results import STARTED_AT, result, second, verdict

TEXT = """
config:
  target: http://127.0.0.1:9
scenarios:
  - flow:
      - get: {url: /}
"""


def events_of(made, plan):
    yield Started(plan=plan, workers=1, started_at=STARTED_AT, target=plan.target)
    for snapshot in [made.summary]:
        yield LogLine(text="bought 3", stream="stdout")
        yield Interval(snapshot=snapshot, summary=snapshot, draining=False)
    yield Finished(result=made)


class Worker:
    """A worker that does nothing."""

    def abandon(self) -> None:
        pass


class FakeFleet:
    """Stands in for the workers: the run comes to `result`."""

    result = result(second(0))
    plan = None

    def __init__(self, plan, options, stop, workers, *, control, observers) -> None:
        type(self).plan, type(self).options = plan, options
        self.stop = stop

    async def run(self):
        for event in events_of(self.result, self.plan):
            yield event

    async def close(self) -> None:
        pass

    def abandon(self) -> None:
        pass


@pytest.fixture
def fleet(monkeypatch):
    """Replaces the workers by a class of which each test has its own."""

    class Fleet(FakeFleet):
        pass

    monkeypatch.setattr(module, "Fleet", Fleet)
    return Fleet


def compiled(text: str = TEXT, **settings):
    return compile_plan(read_document(Path("shop.yaml"), text), Settings(**settings))


def run_it(text: str = TEXT, choices: Choices | None = None, **settings) -> int:
    return execute(compiled(text, **settings), choices or Choices(), [Worker()])


def test_a_run_shows_progress_on_stderr_and_results_on_stdout(fleet, capsys):
    assert run_it() == 0
    shown = capsys.readouterr()
    assert "response time p50" in shown.err
    assert shown.out.startswith("bought 3\n")
    assert "PASS: nothing was judged" in shown.out


def test_quiet_leaves_what_log_steps_say(fleet, capsys):
    assert run_it(choices=Choices(quiet=True)) == 0
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("bought 3\n", "")


def test_warnings_are_said_unless_quiet(fleet, capsys):
    warned = replace(
        compiled(), warnings=(Diagnostic(code="LK504", message="unknown", at=Position("shop.yaml", 1, 1)),)
    )
    for quiet in (False, True):
        execute(warned, Choices(quiet=quiet), [Worker()])
        assert ("LK504" in capsys.readouterr().err) is not quiet


def test_a_failed_threshold_is_exit_code_3(fleet, capsys):
    fleet.result = result(verdicts=(verdict(Status.FAIL),))
    assert run_it(choices=Choices(quiet=True)) == 3
    assert "FAIL" in capsys.readouterr().out


def test_the_report_is_written_and_named(fleet, tmp_path, capsys):
    path = tmp_path / "report.json"
    run_it(choices=Choices(output=str(path)))
    assert json.loads(path.read_text())["aggregate"]["counters"]["http.requests"] == 10
    assert f"\n  {path}\n" in capsys.readouterr().out


def test_nothing_runs_when_the_report_cannot_be_written(fleet, tmp_path):
    with pytest.raises(PreflightError, match="there is no directory"):
        run_it(choices=Choices(output=str(tmp_path / "absent" / "report.json")))
    assert fleet.plan is None


def test_a_report_that_cannot_be_written_in_the_end_is_said_after_the_summary(fleet, tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert run_it(choices=Choices(output=str(tmp_path / "report.json"))) == 5
    shown = capsys.readouterr()
    assert "PASS" in shown.out
    assert "No space left on device" in shown.err


def test_choices_reach_the_plan_and_the_workers(fleet):
    run_it(choices=Choices(making=Making(graceful_stop="90s", debug=True)), seed=7, name="nightly", tags={"team": "a"})
    assert (fleet.plan.seed, fleet.plan.name, dict(fleet.plan.tags)) == (7, "nightly", {"team": "a"})
    assert (fleet.options.graceful_stop_ns, fleet.options.debug) == (90 * 10**9, True)


def test_a_graceful_stop_that_is_no_time_is_refused(fleet):
    with pytest.raises(UsageError, match="--graceful-stop: 'soon' is not a duration"):
        run_it(choices=Choices(making=Making(graceful_stop="soon")))


def test_a_signal_asks_the_run_to_stop_and_says_what_happens(fleet, capsys):
    async def run(self):
        yield Started(plan=self.plan, workers=1, started_at=STARTED_AT, target=self.plan.target)
        for expected in (1, 2):
            os.kill(os.getpid(), signal.SIGTERM)
            assert await self.stop.asked() == expected
        yield Finished(result=result(signal=self.stop.signal))

    fleet.run = run
    before = signal.getsignal(signal.SIGTERM)
    assert run_it() == 143
    assert signal.getsignal(signal.SIGTERM) == before
    shown = capsys.readouterr()
    assert "SIGTERM: no new virtual users; those that run have 30s to finish" in shown.err
    assert "SIGTERM again: ending now" in shown.err
    assert "INTERRUPTED by SIGTERM" in shown.out


def test_a_lost_report_changes_nothing_about_a_signal(fleet, capsys):
    fleet.result = replace(fleet.result, signal="SIGTERM")
    assert run_it(choices=Choices(output="/dev/full")) == 143
    assert "cannot be written to /dev/full: No space left" in capsys.readouterr().err


def test_a_signal_while_the_report_is_written_does_not_cost_it(fleet, tmp_path, monkeypatch):
    def interrupted(self, made):
        os.kill(os.getpid(), signal.SIGINT)
        return finish(self, made)

    finish = JsonReport.finish
    monkeypatch.setattr(JsonReport, "finish", interrupted)
    assert run_it(choices=Choices(output=str(tmp_path / "report.json"))) == 0
    assert (tmp_path / "report.json").exists()


def test_workers_that_vanish_are_an_error(fleet):
    async def run(self):
        return
        yield

    fleet.run = run
    with pytest.raises(FleetError):
        run_it()


def test_the_demo_runs_for_as_long_as_the_run(fleet, monkeypatch):
    class Demo:
        pid = 4711
        url = "http://127.0.0.1:54321"
        stopped = False

        def stop(self) -> None:
            self.stopped = True

    demo = Demo()

    async def start(options):
        return demo

    monkeypatch.setattr(module, "start_demo", start)
    run_it(TEXT.replace("http://127.0.0.1:9", '"demo://"'))
    assert fleet.plan.target == demo.url
    assert fleet.plan.settings.seed == fleet.plan.seed
    assert demo.stopped


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("choices", "out", "err", "screen"),
    [
        (Choices(), Terminal(), Terminal(), "LiveView"),
        (Choices(), io.StringIO(), Terminal(), "PlainText"),
        (Choices(), Terminal(), io.StringIO(), "PlainText"),
        (Choices(making=Making(debug=True)), Terminal(), Terminal(), "PlainText"),
        (Choices(quiet=True), Terminal(), Terminal(), "LogOnly"),
    ],
)
def test_a_live_view_is_for_terminals(choices, out, err, screen, monkeypatch):
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr("sys.stderr", err)
    monkeypatch.setenv("TERM", "xterm")
    assert type(choose_screen(choices)).__name__ == screen


def test_a_dumb_terminal_gets_lines(monkeypatch):
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setattr("sys.stderr", Terminal())
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(choose_screen(Choices()), PlainText)
    assert not isinstance(choose_screen(Choices()), LogOnly)
