"""The scripts of `action.yml`, run by bash as GitHub's runner does it."""

import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.command import ROOT, scenario, write_yaml

STEPS: list[dict[str, Any]] = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
INPUTS: dict[str, dict[str, str]] = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
FLOW = [{"get": {"url": "/products"}}]


@dataclass
class Step:
    """How a script ended, and what it told the runner."""

    code: int
    said: str
    outputs: dict[str, str]
    summary: str


def bash(step: str, directory: Path, runner: Path, environment: dict[str, str]) -> Step:
    """Run the script of a step as GitHub does: `shell: bash` stands for these options."""
    (script,) = [one["run"] for one in STEPS if one["name"] == step]
    files = {name: directory / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.write_text("")
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script], cwd=directory, text=True, check=False,
        capture_output=True, timeout=120,
        env={
            "PATH": os.environ["PATH"], "HOME": str(directory), "RUNNER_TEMP": str(runner), "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT), "GITHUB_WORKSPACE": str(directory), "CI": "true",
            **{name: str(file) for name, file in files.items()}, **environment,
        },
    )  # fmt: skip
    lines = [line.partition("=") for line in files["GITHUB_OUTPUT"].read_text().splitlines()]
    outputs = {name: value for name, _, value in lines}
    return Step(done.returncode, done.stdout + done.stderr, outputs, files["GITHUB_STEP_SUMMARY"].read_text())


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runner's directory with loadkit as the action installs it; libraries are those that are here, without a network."""
    directory = tmp_path_factory.mktemp("runner")
    offline = {"PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "1"}
    here = {"PYTHON": sys.executable, "PYTHONPATH": sysconfig.get_path("purelib")}
    step = bash("Install loadkit", directory, directory, {**offline, **here})
    assert step.code == 0, step.said
    assert "loadkit 0." in step.said
    return directory


def make_load(directory: Path, runner: Path, **inputs: str) -> Step:
    """Run the step that makes load, with inputs by the names of their variables."""
    (step,) = [one for one in STEPS if one.get("id") == "load"]
    defaults = {name: INPUTS[name.lower().replace("_", "-")]["default"] for name in step["env"]}
    assert inputs.keys() <= defaults.keys()
    libraries = {"PYTHONPATH": sysconfig.get_path("purelib")}
    return bash("Make load", directory, runner, {**defaults, **inputs, **libraries})


def shop(directory: Path, *thresholds: str, name: str = "shop.yaml") -> str:
    data = scenario("demo://", [{"duration": 1, "arrivalRate": 5}], FLOW, thresholds=list(thresholds))
    directory.mkdir(exist_ok=True)
    return write_yaml(directory, data, name).name


def trusted(step: Step) -> Step:
    if step.outputs.get("verdict") in ("invalid", "no decision"):  # of a run, of a gate
        pytest.skip("this machine was too busy to keep the schedule")
    return step


def test_a_scenario_is_run_and_its_outputs_are_told(tmp_path: Path, runner: Path) -> None:
    files = f"{shop(tmp_path, 'http.error_rate < 50%')}\n"
    step = trusted(make_load(tmp_path, runner, SCENARIO=files, ARGS='--seed 1 --tag "why:a b"'))
    assert step.code == 0, step.said
    assert step.outputs["verdict"] == "pass"
    assert step.outputs["exit-code"] == "0"
    assert float(step.outputs["p95-ms"]) > 0
    report = json.loads((tmp_path / step.outputs["report"]).read_text())["loadkit"]
    assert (report["seed"], report["tags"]) == (1, {"why": "a b"})
    assert {path.name for path in (tmp_path / "loadkit-reports").iterdir()} == {
        "report.json",
        "junit.xml",
        "summary.md",
    }
    assert "http.error\\_rate" in step.summary or "http.error_rate" in step.summary


def test_a_profile_is_a_file_in_scenarios(tmp_path: Path, runner: Path) -> None:
    shop(tmp_path / "scenarios", "http.response_time.p95 < 1us", name="light.yaml")
    step = trusted(make_load(tmp_path, runner, PROFILE="light"))
    assert (step.code, step.outputs["verdict"]) == (3, "fail")
    assert "::error file=scenarios/light.yaml,line=" in step.said


def test_a_gate_tells_its_decision_and_health(tmp_path: Path, runner: Path) -> None:
    shop(tmp_path, "http.error_rate < 50%")
    write_yaml(tmp_path, {"runs": [{"scenario": "shop.yaml"}]}, "gate.yaml")
    step = trusted(make_load(tmp_path, runner, GATE="gate.yaml", ENVIRONMENT="staging"))
    assert step.code == 0, step.said
    assert (step.outputs["verdict"], step.outputs["health"]) == ("approved", "100")
    assert step.outputs["report"] == "loadkit-reports/recommendation.json"
    assert "Approved: health 100 of 100" in step.summary


def test_the_main_branch_makes_the_baseline_that_a_pull_request_is_compared_with(tmp_path: Path, runner: Path) -> None:
    files = shop(tmp_path, "http.error_rate < 50%")
    early = trusted(make_load(tmp_path, runner, SCENARIO=files, BASELINE="shop"))
    assert (early.code, "note: not compared: there is no baseline shop-" in early.said) == (0, True), early.said
    main = trusted(make_load(tmp_path, runner, SCENARIO=files, BASELINE="shop", UPDATE_BASELINE="true"))
    assert (main.code, "made of" in main.said) == (0, True), main.said
    later = trusted(make_load(tmp_path, runner, SCENARIO=files, BASELINE="shop"))
    report = json.loads((tmp_path / later.outputs["report"]).read_text())["loadkit"]
    assert report["comparison"]["baseline"].startswith("shop-")


@pytest.mark.parametrize("given", [{"SCENARIO": "nowhere.yaml"}, {"SCENARIO": "shop.yaml", "ARGS": "--no-such-option"}])
def test_what_cannot_be_run_is_an_error(tmp_path: Path, runner: Path, given: dict[str, str]) -> None:
    shop(tmp_path)
    step = make_load(tmp_path, runner, **given)
    assert (step.code, step.outputs) == (2, {"verdict": "error", "exit-code": "2", "report": ""})


def test_inputs_are_values_and_no_program(tmp_path: Path, runner: Path) -> None:
    hostile = "$(touch hacked); touch hacked `touch hacked`"
    make_load(tmp_path, runner, SCENARIO=hostile, TARGET=hostile, ARGS=hostile, BASELINE=hostile)
    assert not list(tmp_path.rglob("hacked"))
