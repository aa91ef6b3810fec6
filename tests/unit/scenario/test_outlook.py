"""What a plan comes to, held against the arrivals it really makes."""

import pytest

from loadkit.scenario.merge import Overrides
from loadkit.scenario.outlook import foresee
from loadkit.scenario.plan import Plan
from loadkit.scenario.reading import read_plan
from loadkit.scenario.settings import Settings
from loadkit.workload.base import Shard

ONE = "scenarios: [{name: look, flow: [{get: /}, {think: 2}, {get: {url: /cart, timeout: 500ms}}]}]"
TWO = """
scenarios:
  - name: look
    weight: 3
    flow: [{get: /}]
  - name: buy
    weight: 1
    flow:
      - loop: [{get: {url: "/p/{{ $loopCount }}", name: product}}, {think: 1}]
        count: 4
      - post: {url: /cart}
"""


@pytest.fixture
def read(tmp_path):
    def read_text(phases: str, scenarios: str = ONE, config: str = "", environment: str | None = None) -> Plan:
        path = tmp_path / "shop.yaml"
        text = f"config:\n  target: http://127.0.0.1:9\n  phases: {phases}\n{config}\n{scenarios}\n"
        path.write_text(text)
        return read_plan([path], Overrides(environment=environment), Settings(seed=1, environment=environment))

    return read_text


def test_functions_of_the_processor_are_named_and_what_they_decide_is_uncertain(read, tmp_path):
    (tmp_path / "hooks.py").write_text("raise RuntimeError('nobody runs this')\ndef sign(): ...\ndef more(): ...\n")
    loop = "scenarios: [{name: look, beforeRequest: sign, flow: [{loop: [{get: /}], whileTrue: more, count: 9}]}]"
    outlook = foresee(read("[{duration: 10, arrivalRate: 1}]", loop, "  processor: ./hooks.py"))
    assert outlook.processor == str(tmp_path / "hooks.py")
    assert sorted(outlook.functions) == ["more", "sign"]
    assert (outlook.requests, outlook.scenarios[0].uncertain) == (10, True)


def test_requests_follow_from_loops_and_weights(read):
    outlook = foresee(read("[{duration: 10, arrivalRate: 8}]", TWO))
    assert (outlook.arrivals, outlook.requests_per_visit) == (80, 2.0)
    assert outlook.requests == 160
    assert [(one.name, one.share, one.visits, one.requests_per_visit) for one in outlook.scenarios] == [
        ("look", 0.75, 60, 1), ("buy", 0.25, 20, 5)
    ]  # fmt: skip
    assert {one.name: one.number for one in outlook.requests_by_name} == {"/": 60, "product": 80, "/cart": 20}
    assert outlook.peak_requests_per_s == 16


@pytest.mark.parametrize(
    ("phases", "arrivals"),
    [
        ("[{duration: 10, arrivalRate: 5}]", 50),
        ("[{duration: 10, arrivalRate: 0, rampTo: 10}]", 50),
        ("[{duration: 60, arrivalCount: 7}]", 7),
        ("[{pause: 5}, {duration: 10, arrivalRate: 5}]", 50),
        ("[{duration: 100, arrivalRate: 5, mode: poisson}]", 500),
        ("[{duration: 10, users: 5}]", None),
    ],
)
def test_arrivals_of_each_shape(read, phases, arrivals):
    assert foresee(read(phases)).arrivals == arrivals


@pytest.mark.parametrize(
    "phases",
    [
        "[{duration: 10, arrivalRate: 5}, {duration: 3, arrivalRate: 50}]",
        "[{duration: 8, arrivalRate: 0, rampTo: 40}, {pause: 4}, {duration: 8, arrivalRate: 40, rampTo: 3}]",
        "[{duration: 60, arrivalCount: 7}]",
        "[{duration: 20, arrivalRate: 0.3}]",
        "[{duration: 20, arrivalRate: 30, maxVusers: 4}, {duration: 5, arrivalRate: 1}]",
    ],
)
def test_no_run_has_more_users_than_the_bound(read, phases):
    """Each visit takes as long as it can: 2 s of thinking, and two requests that time out."""
    plan = read(phases)
    active: list[int] = []
    most = 0
    for phase in plan.phases:
        for _, at_ns in phase.workload.fire_times(Shard()):
            begun = phase.start_ns + at_ns
            active = [end for end in active if end > begun]
            if phase.max_vusers is None or len(active) < phase.max_vusers:
                active.append(begun + 12_500_000_000)
                most = max(most, len(active))
    bound = foresee(plan).users_most
    assert most <= bound <= most * 1.1 + 5


def test_a_visit_takes_between_its_think_times_and_its_timeouts(read):
    (one,) = foresee(read("[{duration: 10, arrivalRate: 5}]", config="  http: {timeout: 3}")).scenarios
    assert (one.shortest_visit_s, one.longest_visit_s) == (2, 5.5)


def test_what_only_a_visit_knows_is_said(read):
    flow = "scenarios: [{flow: [{think: '{{ pause }}'}, {get: {url: /, ifTrue: 'pause > 1'}}]}]"
    outlook = foresee(read("[{duration: 10, arrivalRate: 5}]", flow, "  variables: {pause: [1, 2]}"))
    assert outlook.scenarios[0].uncertain
    assert outlook.scenarios[0].longest_visit_s is None
    assert outlook.users_most == 50, "nobody is sure to have left"


def test_a_draw_is_known_only_to_a_visit(read):
    flow = "scenarios: [{flow: [{get: {url: /, probability: 20}}]}]"
    assert foresee(read("[{duration: 10, arrivalRate: 5}]", flow)).scenarios[0].uncertain


def test_closed_phases_tell_users_and_what_is_paced(read):
    outlook = foresee(read("[{duration: 10, users: 20}, {duration: 10, users: 0, rampTo: 20, throughput: 40}]"))
    free, paced = outlook.phases
    assert (free.requests, free.users_most, free.peak_requests_per_s) == (None, 20, None)
    assert paced.peak_requests_per_s == 40
    assert 180 <= paced.requests <= 220, "half of the users are there on average"
    assert (outlook.requests, outlook.arrivals) == (None, None)


def test_rows_that_do_not_suffice_come_again(read, tmp_path):
    (tmp_path / "users.csv").write_text("user\nann\nbob\ncid\n")
    config = "  payload: {path: users.csv, order: sequence}"
    (payload,) = foresee(read("[{duration: 1, arrivalRate: 4}]", config=config)).payloads
    assert (payload.rows, payload.needed, payload.repeats) == (3, 4, True)
    (payload,) = foresee(read("[{duration: 1, arrivalRate: 3}]", config=config)).payloads
    assert not payload.repeats


def test_environment_variables_and_secrets_are_named_and_never_told(read, monkeypatch):
    monkeypatch.setenv("SHOP_TOKEN", "hunter2hunter2")
    monkeypatch.delenv("SHOP_USER", raising=False)
    config = """
  # {{ $env.IN_A_COMMENT }} is not read
  environments: {staging: {variables: {a: "{{ $env.ONLY_STAGING }}"}}, other: {variables: {a: "{{ $env.NOT_USED }}"}}}
  variables: {user: "{{ $env.SHOP_USER }}", a: "x"}
  http: {defaults: {headers: {Authorization: "Bearer {{ $env.SHOP_TOKEN }}"}}}
"""
    outlook = foresee(read("[{duration: 1, arrivalRate: 4}]", config=config, environment="staging"))
    assert {one.name: one.set for one in outlook.environment} == {
        "ONLY_STAGING": False, "SHOP_TOKEN": True, "SHOP_USER": False
    }  # fmt: skip
    assert "SHOP_TOKEN" in outlook.secrets
    assert "hunter2" not in repr(outlook)


def test_the_timeline_follows_the_rate(read):
    outlook = foresee(read("[{duration: 30, arrivalRate: 0, rampTo: 60}, {pause: 30}]"))
    rates = [point.arrivals_per_s for point in outlook.timeline]
    assert rates[:30] == sorted(rates[:30])
    assert set(rates[30:]) == {0}
    assert rates[15] == pytest.approx(31)
