"""The plan of a trial: the user's scenario under one steady load."""

from pathlib import Path

import pytest

from loadkit.flow.tracer import traced_share
from loadkit.scenario.merge import Overrides
from loadkit.scenario.plan import Plan
from loadkit.scenario.reading import read_plan
from loadkit.scenario.settings import Settings
from loadkit.scenario.trial import SETTLE, SPARE_S, TRIAL, Load, TrialShape, trial_plan
from loadkit.units import NS_PER_S
from loadkit.workload.base import WHOLE, ClosedWorkload
from loadkit.workload.poisson import Poisson

SHOP = """
config:
  target: http://127.0.0.1:9
  phases: {phases}
  thresholds: ["http.response_time.p99 < 200ms", "http.error_rate < 1%"]
  plugins: {{ensure: {{}}}}
  ensure: {{maxErrorRate: 1}}
scenarios: [{{name: look, flow: [{{get: /}}, {{get: /cart}}]}}]
"""
STEADY = "[{name: peak, duration: 60, arrivalRate: 5}, {duration: 9, users: 3}]"


def plan_of(directory: Path, phases: str = STEADY) -> Plan:
    path = directory / "shop.yaml"
    path.write_text(SHOP.format(phases=phases))
    return read_plan([path], Overrides(), Settings(seed=5))


def shape(number: int = 0, *, settle_s: int = 5, keeps_ensure: bool = True, **load: object) -> TrialShape:
    return TrialShape(load=Load(**load), settle_s=settle_s, most_s=30, number=number, keeps_ensure=keeps_ensure)


def test_one_load_is_in_place_of_the_phases_and_settles_as_a_warm_up(tmp_path: Path) -> None:
    made = trial_plan(plan_of(tmp_path), shape(rate=160.0), ())
    assert [(phase.name, phase.warmup, phase.duration_ns // NS_PER_S) for phase in made.phases] == [
        (SETTLE, True, 5),
        (TRIAL, False, 30 + SPARE_S),
    ]
    assert [phase.workload.planned for phase in made.phases] == [5 * 160, 32 * 160]
    assert [scenario.visit_requests for scenario in made.scenarios] == [2]


def test_a_number_of_users_makes_a_closed_trial(tmp_path: Path) -> None:
    made = trial_plan(plan_of(tmp_path), shape(users=7), ())
    assert all(isinstance(phase.workload, ClosedWorkload) and phase.workload.users == 7 for phase in made.phases)


def test_without_time_to_settle_there_is_no_warm_up(tmp_path: Path) -> None:
    assert [phase.name for phase in trial_plan(plan_of(tmp_path), shape(rate=1, settle_s=0), ()).phases] == [TRIAL]


def test_criteria_of_the_caller_are_in_place_of_thresholds(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    made = trial_plan(plan, shape(rate=1), plan.objectives[:1])
    assert [objective.text for objective in made.objectives] == ["http.response_time.p99 < 200ms"]
    assert made.ensure is not None
    assert trial_plan(plan, shape(rate=1, keeps_ensure=False), ()).ensure is None


def test_each_trial_has_arrivals_of_its_own_and_the_same_again_with_the_same_number(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "[{duration: 60, arrivalRate: 5, mode: poisson}]")
    first, second, again = (trial_plan(plan, shape(number, rate=50), ()).phases[1].workload for number in (1, 2, 1))
    assert isinstance(first, Poisson)
    assert isinstance(second, Poisson)
    assert list(first.fire_times(WHOLE)) == list(again.fire_times(WHOLE)) != list(second.fire_times(WHOLE))


@pytest.mark.parametrize("mode", ["uniform", "poisson"])
def test_arrivals_are_spread_as_the_file_says(tmp_path: Path, mode: str) -> None:
    made = trial_plan(plan_of(tmp_path, f"[{{duration: 60, arrivalRate: 5, mode: {mode}}}]"), shape(rate=50), ())
    assert isinstance(made.phases[0].workload, Poisson) is (mode == "poisson")


def test_no_output_is_told_of_a_trial_and_nothing_traced_for_one(tmp_path: Path) -> None:
    text = SHOP.format(phases=STEADY).replace(
        "plugins: {ensure: {}}",
        "outputs: [{type: otlp, url: http://127.0.0.1:9, traces: true}]\n"
        "  plugins: {ensure: {}, publish-metrics: [{type: datadog, host: 127.0.0.1, traces: {sampleRate: 1}}]}",
    )
    (tmp_path / "shop.yaml").write_text(text)
    plan = read_plan([tmp_path / "shop.yaml"], Overrides(), Settings(seed=5))
    assert [export.kind for export in plan.exports] == ["otlp", "dogstatsd", "otlp"]
    made = trial_plan(plan, shape(rate=160.0), ())
    assert made.exports == ()
    assert (traced_share(plan.config), traced_share(made.config)) == (1, 0)
    assert made.ensure is not None


def test_the_users_plan_stays_as_it_is(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    trial_plan(plan, shape(rate=9), ())
    assert [phase.name for phase in plan.phases] == ["peak", "phase 2"]
    assert len(plan.document.data["config"]["phases"]) == 2
