"""What importers make runs as it is: against the demo, whose shop the recorded traffic is about."""

import json
import re
from pathlib import Path

import pytest

from tests.support.command import ends_with, finish, loadkit, start
from tests.support.traffic import access_log, har, openapi

CURL = """curl 'https://shop.example/login' -H 'content-type: application/json' \\
  --data-raw '{"user":"user1","password":"secret1"}' --compressed
curl https://shop.example/products/17 && curl -G https://shop.example/search --data-urlencode 'q=red shoes'
"""
RECORDINGS = (
    Path(__file__).parent.parent / "support" / "recordings"
)  # what a browser exported of the demo, and what describes it
SHORT = json.dumps({"config": {"phases": [{"duration": 1, "arrivalRate": 10}], "thresholds": []}})
ONE_SECOND = json.dumps({"config": {"phases": [{"duration": 1, "arrivalRate": 20}]}})


def made(kind: str, text: str, directory: Path) -> Path:
    given, path = directory / f"given.{kind}", directory / "made.yaml"
    given.write_text(text)
    result = loadkit("import", kind, given, "-t", "demo://", "-o", path)
    assert result.code == 0, result.err
    return path


@pytest.mark.parametrize(
    ("kind", "text", "requests"),
    [("har", har(), 5), ("curl", CURL, 3), ("openapi", json.dumps(openapi()), 1)],
    ids=["har", "curl", "openapi"],
)
def test_one_visitor_does_what_was_recorded(kind: str, text: str, requests: int, tmp_path: Path) -> None:
    """Whether the answers are what they were is up to the target: the demo knows other users."""
    path, report = made(kind, text, tmp_path), tmp_path / "report.json"
    path.write_text(re.sub(r"think: [\d.]+", "think: 0.1", path.read_text()))
    secrets = tmp_path / ".env"
    secrets.write_text("".join(f"{name}=something\n" for name in re.findall(r"\$env\.(\w+)", path.read_text())))
    result = finish(start("run", path, "--solo", "-o", report, "--dotenv", secrets), report)
    assert result.code == 0, result.out + result.err
    assert result.counters["http.requests"] >= requests
    assert not [name for name in result.counters if name.startswith("errors.E")]
    assert result.counters["vusers.completed"] == 1


@pytest.mark.parametrize(
    ("kind", "name", "password"),
    [
        ("har", "shop.har", "wonderland"),
        ("openapi", "shop.openapi.yaml", "wonderland"),
        ("openapi", "shop.swagger.json", "builder"),
    ],
)
def test_what_is_made_of_the_demo_runs_against_it(kind: str, name: str, password: str, tmp_path: Path) -> None:
    """Its tokens and identifiers are those of the new visits: the demo knows no others."""
    path, report = made(kind, (RECORDINGS / name).read_text(), tmp_path), tmp_path / "report.json"
    path.write_text(re.sub(r"think: [\d.]+", "think: 0.01", path.read_text()))
    (tmp_path / ".env").write_text(f"PASSWORD={password}\n")
    result = finish(start("run", path, "-o", report, "--dotenv", tmp_path / ".env", "--overrides", ONE_SECOND), report)
    assert ends_with(result, 0), result.out + result.err
    assert result.counters["vusers.completed"] == 20
    assert {name for name in result.counters if name.startswith(("http.codes.4", "http.codes.5", "errors."))} == set()


def test_the_visitors_of_a_log_come_again(tmp_path: Path) -> None:
    path, report = made("access-log", access_log(500)[0], tmp_path), tmp_path / "report.json"
    path.write_text(re.sub(r"think: [\d.]+", "think: 0.1", path.read_text()))
    result = finish(start("run", path, "-o", report, "--overrides", SHORT, "--seed", 1), report)
    assert result.code in (0, 5), result.out + result.err
    assert result.counters["http.codes.200"] > 10
    assert "http.codes.404" not in result.counters
