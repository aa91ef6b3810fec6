"""What `loadkit ab` refuses before anything is sent, and what for."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from loadkit.cli.main import app
from tests.support.command import scenario, write_yaml

TARGET = "http://127.0.0.1:9"


def refused(*arguments: object) -> str:
    done = CliRunner().invoke(app, ["ab", *map(str, arguments)])
    assert done.exit_code == 2
    return done.output


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_yaml(tmp_path, scenario(TARGET, [{"duration": 30, "arrivalRate": 20}], [{"get": "/"}]))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "one file is compared with itself at two targets: name B's with --against URL"),
        (["--against", TARGET, "--metric", "p97"], "--metric p97 is none of p50, p95, p99"),
        (["--against", TARGET, "--detect", "0"], "--detect 0 is no difference to look for"),
        (["--against", TARGET, "--detect", "much"], "--detect or --floor: 'much' is not a ratio"),
        (["--against", TARGET, "--block", "0.5s"], "--block 0.5s is not a number of whole seconds"),
        (["--against", TARGET, "--max-time", "20s"], "--max-time 20s has no room for a pair after the warm-up"),
        (["--against", TARGET, "--rate", "5", "--users", "5"], "--rate and --users exclude each other"),
        (["--against", TARGET, "--rate", "-5"], "--rate -5 is not a number of arrivals a second"),
        (
            ["--against", TARGET, "--max-rate", "10"],
            "20 arrivals/s of test make up to 20 requests/s, and only 10/s are allowed",
        ),
        (
            ["--against", TARGET, "--users", "3", "--max-rate", "10"],
            "3 users of test make as many requests as the target answers",
        ),
        (["--against", TARGET, "-o", "/nowhere/ab.json"], "there is no directory /nowhere"),
    ],
)
def test_what_makes_no_sense_is_refused(file: Path, options: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["ab", str(file), *options])
    assert done.exit_code in (2, 6)
    assert said in done.output


def test_two_files_with_different_loads_need_a_common_one(tmp_path: Path, file: Path) -> None:
    other = write_yaml(tmp_path, scenario(TARGET, [{"duration": 30, "users": 4}], [{"get": "/"}]), "b.yaml")
    assert "A plans 20 arrivals/s and B 4 users: say with --rate or --users" in refused(file, other)


def test_a_file_without_phases_needs_a_load(tmp_path: Path) -> None:
    data = scenario(TARGET, [], [{"get": "/"}])
    del data["config"]["phases"]
    said = refused(write_yaml(tmp_path, data), "--against", TARGET)
    assert "has no phases that say how much load a block is to make: use --rate or --users" in said


def test_three_files_are_too_many(file: Path) -> None:
    assert "ab compares two scenarios, and 3 files are given" in refused(file, file, file)


def test_faults_of_either_file_are_told(tmp_path: Path, file: Path) -> None:
    wrong = write_yaml(tmp_path, scenario(TARGET, [{"duration": 30, "arivalRate": 4}], [{"get": "/"}]), "b.yaml")
    assert "b.yaml" in refused(file, wrong)
