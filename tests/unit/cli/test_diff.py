import json
import subprocess

import pytest
from typer.testing import CliRunner

from loadkit.cli.main import app

OLD = """
extends: base.yaml
config:
  thresholds:
    - http.response_time.p95 < 200ms
scenarios:
  - flow: [{get: /}]
"""
BASE = "config: {target: 'http://127.0.0.1:9', http: {timeout: 5}, variables: {home: '{{ $dirname }}'}}\n"


def diff(*arguments: str):
    return CliRunner().invoke(app, ["diff", *arguments])


def git(*arguments: str) -> None:
    who = ["-c", "user.name=ann", "-c", "user.email=ann@shop.example", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with one commit; the working tree has looser thresholds and a longer timeout in the base."""
    place = tmp_path / "load tests"
    place.mkdir()
    monkeypatch.chdir(place)
    git("init", "-q", str(tmp_path))
    (place / "shop.yaml").write_text(OLD)
    (place / "base.yaml").write_text(BASE)
    git("add", ".")
    git("commit", "-qm", "one")
    (place / "shop.yaml").write_text(OLD.replace("200ms", "300ms"))
    (place / "base.yaml").write_text(BASE.replace("timeout: 5", "timeout: 8"))
    return place


@pytest.mark.parametrize("path", ["load tests/shop.yaml", "shop.yaml", "./shop.yaml"])
def test_a_revision_is_read_with_what_it_extends(repository, path):
    shown = diff(f"HEAD:{path}", "shop.yaml")
    assert shown.exit_code == 0, shown.output
    assert shown.output.splitlines() == [
        "threshold loosened: http.response_time.p95 < 200ms -> < 300ms",
        "config.http.timeout 5s -> 8s",
    ]


def test_what_a_revision_lacks_is_taken_from_the_working_tree_and_told(repository):
    git("rm", "-q", "--cached", "base.yaml")
    git("commit", "-qm", "two")
    shown = diff("HEAD:shop.yaml", "shop.yaml")
    assert "note: HEAD has no load tests/base.yaml; that of the working tree stands for it" in shown.output
    assert "timeout" not in shown.output


def test_looser_is_an_exit_code_of_its_own_when_asked_for(repository):
    assert diff("HEAD:shop.yaml", "shop.yaml", "--exit-code").exit_code == 4
    assert diff("shop.yaml", "HEAD:shop.yaml", "--exit-code").exit_code == 0


def test_json_has_the_changes(repository):
    found = json.loads(diff("HEAD:shop.yaml", "shop.yaml", "--format", "json").output)
    assert (found["format"], found["looser"], len(found["changes"])) == (1, True, 2)
    assert found["changes"][0] == {
        "kind": "loosened",
        "what": "threshold",
        "subject": "http.response_time.p95",
        "old": "http.response_time.p95 < 200ms",
        "new": "http.response_time.p95 < 300ms",
        "looser": True,
        "text": "threshold loosened: http.response_time.p95 < 200ms -> < 300ms",
    }


def test_options_hold_for_both_sides(repository):
    shown = diff("HEAD:shop.yaml", "shop.yaml", "--overrides", '{"config": {"thresholds": [], "http": {"timeout": 1}}}')
    assert (shown.exit_code, shown.output) == (0, "")


@pytest.mark.parametrize(
    ("old", "words"),
    [
        ("HEAD:nothing.yaml", "HEAD has no file nothing.yaml"),
        ("nowhere:shop.yaml", "there is no revision nowhere"),
        ("--output=x:shop.yaml", "is not a revision"),
        ("missing.yaml", "LK001"),
    ],
)
def test_what_is_not_there_is_named(repository, old, words):
    shown = diff("--", old, "shop.yaml")
    assert shown.exit_code == 2
    assert words in shown.output


def test_faults_of_a_revision_name_the_revision(repository):
    (repository / "shop.yaml").write_text(OLD.replace("http.response_time", "http.response_tim"))
    git("commit", "-qam", "bad")
    shown = diff("HEAD:shop.yaml", "shop.yaml")
    assert shown.exit_code == 2
    assert "HEAD:load tests/shop.yaml:5:7: error LK302" in shown.output


def test_more_files_are_put_on_both_versions(repository):
    (repository / "more.yaml").write_text("config: {thresholds: [http.error_rate < 1%]}\n")
    shown = diff("HEAD:shop.yaml", "shop.yaml", "-i", "more.yaml")
    assert shown.exit_code == 0, shown.output
    assert "note: HEAD has no more.yaml; that of the working tree stands for it" in shown.output
    assert "error_rate" not in shown.output
    git("add", "more.yaml")
    git("commit", "-qm", "two")
    (repository / "more.yaml").write_text("config: {timeout: 9}\n")
    assert "config.timeout added: 9s" in diff("HEAD:shop.yaml", "shop.yaml", "-i", "more.yaml").output


def test_arrivals_to_replay_are_those_of_the_revision(repository):
    once = "config: {target: 'http://127.0.0.1:9', phases: [{replay: once.csv}]}\nscenarios: [{flow: [{get: /}]}]\n"
    (repository / "once.yaml").write_text(once)
    (repository / "once.csv").write_text("1\n2\n")
    git("add", ".")
    git("commit", "-qm", "two")
    (repository / "once.csv").write_text("1\n2\n9\n")
    shown = diff("HEAD:once.yaml", "once.yaml")
    assert shown.output.splitlines() == [
        "phase 1 lasts 3s -> 10s",
        "planned visits 2 -> 3",
        "the run lasts 3s -> 10s",
    ]
