import json
import socket
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from loadkit.cli.main import app
from loadkit.fleet.demand import forecast_schema

ROOT = Path(__file__).parents[3]
FILES = sorted(path for path in (ROOT / "scenarios").glob("*.yaml") if path.name not in ("base.yaml", "gate.yaml"))


def invoke(*arguments: str):
    return CliRunner().invoke(app, ["plan", *arguments])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_json_is_what_the_schema_says(path):
    shown = invoke(str(path), "-t", "demo://", "--json")
    assert shown.exit_code == 0, shown.output
    jsonschema.Draft202012Validator(forecast_schema()).validate(json.loads(shown.output))


def test_text_names_phases_scenarios_requests_and_needs():
    shown = invoke(str(ROOT / "scenarios/csv-driven.yaml"))
    assert shown.exit_code == 0, shown.output
    for words in ("customers", "log in", "/cart", "users.csv: 10 rows, 50 needed", "password", "open files", "ports"):
        assert words in shown.output


def test_nothing_is_sent(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        path = tmp_path / "shop.yaml"
        port = server.getsockname()[1]
        path.write_text(f"config: {{target: 'http://127.0.0.1:{port}'}}\nscenarios: [{{flow: [{{get: /}}]}}]\n")
        assert invoke(str(path)).exit_code == 0
        with pytest.raises(BlockingIOError):
            server.accept()


def test_options_are_those_of_run(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text("scenarios: [{name: a, flow: [{get: /}]}, {name: b, flow: [{get: /b}]}]\n")
    phases = '{"config": {"phases": [{"duration": 3, "arrivalRate": 7}]}}'
    shown = invoke(str(path), "-t", "demo://", "--overrides", phases, "--scenario-name", "b", "--json")
    found = json.loads(shown.output)["plan"]
    assert (found["arrivals"], [one["name"] for one in found["scenarios"]]) == (21, ["b"])


def test_the_longest_visit_is_that_of_the_timeouts_that_a_run_would_have(tmp_path, monkeypatch):
    path = tmp_path / "shop.yaml"
    path.write_text(
        "config: {target: demo://, http: {timeout: 3}}\n"
        "scenarios: [{flow: [{think: 1}, {get: /}, {parallel: [{get: /a}, {loop: [{get: /b}], count: 2}]}]}]\n"
    )

    def longest() -> float:
        (one,) = json.loads(invoke(str(path), "--json").output)["plan"]["scenarios"]
        return one["longest_visit_s"]

    assert longest() == 1 + 3 + 6
    monkeypatch.setenv("LOADKIT_TIMEOUT_MULTIPLIER", "2")
    assert longest() == 1 + 2 * (3 + 6)


def test_secrets_are_not_shown(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text(
        "config: {target: demo://, phases: [{name: hunter2hunter2, duration: 1, arrivalRate: 1}]}\n"
        "scenarios: [{flow: [{get: {url: /x-hunter2hunter2, headers: {Authorization: Bearer hunter2hunter2}}}]}]\n"
    )
    for more in ([], ["--json"]):
        shown = invoke(str(path), *more)
        assert shown.exit_code == 0
        assert "hunter2" not in shown.output


def test_a_wrong_file_is_told_as_by_run(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text("scenarios: [{flow: [{gett: /}]}]\n")
    shown = invoke(str(path))
    assert shown.exit_code == 2


def test_a_plan_that_is_too_small_to_prove_an_objective_says_so(tmp_path):
    slices = "method: timeslices, timeSliceTarget: 95%, timeSliceWindow: 2s"
    path = tmp_path / "shop.yaml"
    path.write_text(
        "config:\n"
        "  target: 'http://127.0.0.1:9'\n"
        "  phases: [{duration: 10, arrivalRate: 30}]\n"
        "  slos:\n"
        "    - {name: two nines, sli: {availability: true}, target: 99%}\n"
        "    - {name: three nines, sli: {availability: true}, target: 99.9%}\n"
        f"    - {{name: slices, sli: {{availability: true}}, target: 50%, {slices}}}\n"
        "scenarios: [{flow: [{get: /}]}]\n"
    )
    shown = invoke(str(path))
    assert "two nines: target 99%, 300 events, 299 without a bad one prove it\n" in shown.output
    assert "three nines: target 99.9%, 300 events, 2,995 without a bad one prove it: too few" in shown.output
    assert "slices: target 50%, 5 slices, 5 without a bad one prove it\n" in shown.output
    data = json.loads(invoke(str(path), "--json").output)
    jsonschema.Draft202012Validator(forecast_schema()).validate(data)
    assert [(one["planned"], one["to_prove"]) for one in data["objectives"]] == [(300, 299), (300, 2995), (5, 5)]
