"""What CI services read from us: the action, the workflow, the hook, and the recipes in the guides."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.command import ROOT

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
GUIDES = ROOT / "docs" / "guides"


def refusal(schema: str, file: Path, *options: str) -> str:
    """Return what a service's own schema has against a file."""
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *options, file],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr if done.returncode else ""


def yaml_blocks(guide: str) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```$", (GUIDES / guide).read_text(), re.MULTILINE | re.DOTALL)


def uses_of_the_action(value: Any) -> list[dict[str, Any]]:
    """Return the steps in a workflow that use our action."""
    if isinstance(value, dict):
        own = [value] if re.fullmatch(r"\./|your-organisation/loadkit@\w+", str(value.get("uses", ""))) else []
        return own + [step for item in value.values() for step in uses_of_the_action(item)]
    return [step for item in value for step in uses_of_the_action(item)] if isinstance(value, list) else []


def test_the_action_is_one() -> None:
    assert refusal("github-actions", ROOT / "action.yml") == ""


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_one(path: Path) -> None:
    assert refusal("github-workflows", path) == ""
    steps = uses_of_the_action(yaml.safe_load(path.read_text()))
    assert steps
    assert all(step["with"].keys() <= ACTION["inputs"].keys() for step in steps)


def test_the_workflow_runs_light_on_pull_requests_and_stress_at_night() -> None:
    (path,) = [path for path in WORKFLOWS if path.name == "load.yml"]
    workflow = yaml.safe_load(path.read_text())
    events, jobs = workflow[True], workflow["jobs"]  # YAML 1.1 reads `on` as true
    assert {"pull_request", "schedule"} <= events.keys()
    for name, event in (("light", "pull_request"), ("stress", "schedule")):
        assert f"github.event_name == '{event}'" in jobs[name]["if"]
        assert name in uses_of_the_action(jobs[name])[0]["with"]["profile"]


def test_every_input_of_the_action_is_used_and_every_expression_names_one() -> None:
    text = (ROOT / "action.yml").read_text()
    named = set(re.findall(r"\binputs\.([\w-]+)", text))
    assert named == ACTION["inputs"].keys()
    made = set(re.findall(r"steps\.load\.outputs\.([\w-]+)", text))
    assert made == ACTION["outputs"].keys()


def test_scripts_of_the_action_hold_no_expression() -> None:
    """What stands in an expression is put into the script as it is: an input would be a part of the program."""
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_the_guide_knows_the_inputs_and_outputs_of_the_action() -> None:
    text = (GUIDES / "github-actions.md").read_text()
    table = dict(re.findall(r"^\| `([\w-]+)` \| (?:`([^`]*)`)? ?\|", text, re.MULTILINE))
    assert table == {name: str(given["default"]) for name, given in ACTION["inputs"].items()}
    assert all(f"`{name}`" in text for name in ACTION["outputs"])


@pytest.mark.parametrize("text", yaml_blocks("github-actions.md"))
def test_recipes_for_github_are_workflows(text: str, tmp_path: Path) -> None:
    data = yaml.safe_load(text)
    steps = data if isinstance(data, list) else None
    if steps is not None:
        text = yaml.safe_dump({"on": "push", "jobs": {"load": {"runs-on": "ubuntu-latest", "steps": steps}}})
    (tmp_path / "workflow.yml").write_text(text)
    assert refusal("github-workflows", tmp_path / "workflow.yml") == ""
    used = uses_of_the_action(data)
    assert used
    assert all(step["with"].keys() <= ACTION["inputs"].keys() for step in used)


@pytest.mark.parametrize("text", yaml_blocks("gitlab.md"))
def test_recipes_for_gitlab_are_pipelines(text: str, tmp_path: Path) -> None:
    (tmp_path / ".gitlab-ci.yml").write_text(text)
    assert refusal("gitlab-ci", tmp_path / ".gitlab-ci.yml", "--data-transform", "gitlab-ci") == ""


def git(directory: Path, *arguments: str) -> None:
    who = ["-c", "user.name=me", "-c", "user.email=me@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=directory, check=True, capture_output=True)


def test_the_hook_refuses_a_commit_with_a_fault(tmp_path: Path) -> None:
    """The real pre-commit, with the hook as we publish it but for its installation, which would need a network."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    command, _, options = hook["entry"].partition(" ")
    local = {**hook, "language": "system", "entry": f"{Path(sys.executable).parent / command} {options}"}
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": [local]}]}))
    (tmp_path / "scenarios").mkdir()
    scenario = "config: {target: 'http://shop.example'}\nscenarios: [{flow: [{get: {url: /}}]}]\n"
    (tmp_path / "scenarios" / "shop.yaml").write_text(scenario)
    (tmp_path / "scenarios" / "gate.yaml").write_text("runs: [{scenario: shop.yaml}]\n")
    (tmp_path / "elsewhere.yaml").write_text("no: scenario\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")

    def run_hooks() -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "pre_commit", "run", "--all-files", "--verbose"], cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PRE_COMMIT_HOME": str(tmp_path / ".cache")},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    code, said = run_hooks()
    assert (code, "ok: scenarios/gate.yaml" in said, "elsewhere" in said) == (0, True, False), said
    (tmp_path / "scenarios" / "shop.yaml").write_text(scenario.replace("flow", "flwo"))
    code, said = run_hooks()
    assert (code, "scenarios/shop.yaml:2:14: error LK" in said) == (1, True), said
