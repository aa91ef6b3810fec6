import signal
from typing import Any

import pytest

from loadkit.analysis.standing import State, stand
from loadkit.cli.gating import Gating
from loadkit.errors import PreflightError
from loadkit.scenario.gate import read_gate
from loadkit.units import NS_PER_S
from tests.support.results import invalid, phase, plan, report_of, result, verdict

FINE = report_of(result(verdicts=(verdict(),)))
INVALID = report_of(result(verdicts=(verdict(),), measurement=invalid()))
STOPPED = report_of(result(verdicts=(verdict(),), signal="SIGINT"))


class Runs:
    """Runs that never happen: each takes the time of its phases and 1 s, and ends with the next of the reports."""

    def __init__(self, *reports: Any) -> None:
        self.reports = list(reports)
        self.now_ns = 0
        self.names: list[str] = []

    def __call__(self, run, plan):
        self.names.append(run.name)
        self.now_ns += plan.duration_ns + NS_PER_S
        report = self.reports.pop(0)
        if isinstance(report, Exception):
            raise report
        return report


@pytest.fixture
def gated(tmp_path, monkeypatch):
    """Return what makes a gate of runs of 20 s each."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.yaml").touch()

    def make(runs: Runs, *, count: int = 1, budget: str = "60s", **changes: Any) -> tuple[Gating, list[str], list[Any]]:
        listed = [{"scenario": "shop.yaml", "name": f"run {number}", **changes} for number in range(1, count + 1)]
        (tmp_path / "gate.yaml").write_text(str({"environments": {"ci": {"budget": budget}}, "runs": listed}))
        said: list[str] = []
        gating = Gating(gate=read_gate("gate.yaml"), run_once=runs, now_ns=lambda: runs.now_ns, say=said.append)
        return gating, said, gating.attempts([plan(phase(duration_s=20))] * count)

    return make


def test_runs_are_made_in_order_and_announced(gated):
    runs = Runs(FINE, FINE)
    _, said, attempts = gated(runs, count=2)
    assert runs.names == ["run 1", "run 2"]
    assert said == ["[1/2] run 1, 20s; 1m of 1m left", "[2/2] run 2, 20s; 39s of 1m left"]
    assert [(one.tries, one.planned_s, one.at.line) for one in attempts] == [(1, 20.0, 1)] * 2


def test_a_run_that_no_longer_fits_is_not_started(gated):
    runs = Runs(FINE, FINE)
    _, _, attempts = gated(runs, count=3)
    assert runs.names == ["run 1", "run 2"]
    last = stand(attempts[2])
    assert last.state is State.NOT_RUN
    assert last.reasons[0].text == "not run: 18s was left of the budget of 1m, and it takes 20s"
    assert "larger `budget`" in last.reasons[0].remedy


@pytest.mark.parametrize(
    ("reports", "tries", "state"),
    [([INVALID, FINE], 2, State.PASSED), ([INVALID, INVALID, FINE], 2, State.INVALID), ([FINE], 1, State.PASSED)],
)
def test_an_invalid_measurement_is_made_again(gated, reports, tries, state):
    _, _, (attempt,) = gated(Runs(*reports), retries=1)
    assert (attempt.tries, stand(attempt).state) == (tries, state)


def test_nothing_is_made_again_without_the_time_for_it(gated):
    runs = Runs(INVALID, FINE)
    _, _, (attempt,) = gated(runs, retries=1, budget="40s")
    assert (runs.names, attempt.tries) == (["run 1"], 1)
    assert stand(attempt).state is State.INVALID


def test_what_cannot_be_attempted_does_not_keep_the_others_from_being_run(gated):
    _, _, (first, second) = gated(Runs(PreflightError("`before` failed: no answer"), FINE), count=2)
    assert stand(first).reasons[0].text == "not run: `before` failed: no answer"
    assert stand(second).state is State.PASSED


def test_a_signal_during_a_run_ends_the_gate(gated):
    gating, _, attempts = gated(Runs(STOPPED), count=2, retries=2)
    assert gating.halt.signal == "SIGINT"
    assert [stand(one).state for one in attempts] == [State.INTERRUPTED, State.NOT_RUN]
    assert "ended by SIGINT" in stand(attempts[1]).reasons[0].text


def test_a_signal_between_runs_ends_the_gate(gated, monkeypatch):
    gating, _, _ = gated(Runs(FINE))
    before = signal.getsignal(signal.SIGTERM)
    with gating.halt.watched():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
    assert gating.halt.signal == "SIGTERM"
