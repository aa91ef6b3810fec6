"""The package root, and `load`; tests/e2e/test_api.py runs what is loaded."""

import subprocess
import sys
from pathlib import Path

import pytest

import loadkit
from loadkit.scenario.merge import Overrides
from loadkit.scenario.reading import read_plan
from loadkit.scenario.settings import Settings
from loadkit.slo.evaluate import Status
from tests.support.results import result, second, verdict

TEXT = """
config:
  target: http://127.0.0.1:9
  variables: {path: /}
  environments:
    staging: {target: "http://127.0.0.1:10"}
scenarios:
  - name: look
    flow:
      - get: {url: "{{ path }}"}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(TEXT)
    return path


def test_importing_the_package_imports_nothing_else():
    heavy = "{'numpy', 'uvloop', 'yaml', 'msgspec', 'asyncio', 'loadkit.api'}"
    program = f"import loadkit, sys; found = {heavy} & set(sys.modules); assert not found, found"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_public_name_is_there_and_no_other():
    assert {name for name in loadkit.__all__ if not hasattr(loadkit, name)} == set()
    assert set(loadkit.__all__) <= set(dir(loadkit))
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        _ = loadkit.lod


def test_every_public_name_is_documented():
    assert {name for name in loadkit.__all__ if not (getattr(loadkit, name).__doc__)} == set()


def test_the_package_says_that_it_is_typed():
    assert Path(loadkit.__file__).with_name("py.typed").exists()


def test_load_gives_the_plan_of_the_command(shop: Path):
    plan = loadkit.load(shop, seed=1)
    assert isinstance(plan, loadkit.Plan)
    assert plan.digest == read_plan([shop], Overrides(), Settings(seed=1)).digest
    assert (plan.target, plan.seed, plan.document.files) == ("http://127.0.0.1:9", 1, (str(shop),))


def test_arguments_of_load_mean_what_the_options_do(shop: Path):
    plan = loadkit.load(
        [str(shop)],
        environment="staging",
        variables={"path": "/cart"},
        overrides={"config": {"thresholds": ["http.error_rate < 1%"]}},
        name="nightly",
        tags={"team": "a"},
    )
    assert (plan.target, plan.name, plan.tags) == ("http://127.0.0.1:10", "nightly", {"team": "a"})
    assert [objective.text for objective in plan.objectives] == ["http.error_rate < 1%"]
    assert plan.config["variables"] == {"path": "/cart"}
    assert loadkit.load(shop, target="demo://").target == "demo://"
    assert loadkit.load(shop, solo=True).solo


def test_load_reports_every_fault_at_once(shop: Path):
    shop.write_text(TEXT.replace("flow", "flw").replace("http://127.0.0.1:9", "nowhere:80"))
    with pytest.raises(loadkit.ScenarioError) as caught:
        loadkit.load(shop)
    assert {fault.code for fault in caught.value.diagnostics} == {"LK101", "LK212"}
    assert f"{shop}:" in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"workers": 0}, "is not a number of workers"),
        ({"workers": "many"}, "is not a number of workers"),
        ({"graceful_stop": "soon"}, "'soon' is not a duration"),
        ({"on_worker_loss": "weep"}, "weep"),
    ],
)
def test_arguments_that_mean_nothing_are_refused_before_anything_starts(arguments, what, shop: Path):
    with pytest.raises(loadkit.UsageError, match=what):
        loadkit.run(loadkit.load(shop), **arguments)


def test_a_report_that_cannot_be_written_is_refused_before_anything_starts(shop: Path, tmp_path: Path):
    with pytest.raises(loadkit.PreflightError, match="there is no directory"):
        loadkit.run(loadkit.load(shop), output=tmp_path / "absent" / "report.json")


def test_a_result_can_be_read_and_described():
    made = result(second(0, ms=20))
    assert made.passed
    assert made.valid
    assert made.failures == ()
    assert made.summary.histogram("http.response_time").percentile_ms(95) == pytest.approx(25, rel=0.01)
    assert loadkit.describe(made).startswith("shop against http://shop.example\n")
    failed = verdict(Status.FAIL)
    assert (result(verdicts=(failed,)).passed, result(verdicts=(failed,)).failures) == (False, (failed,))
