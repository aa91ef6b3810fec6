import fcntl
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from loadkit.cli.main import app
from loadkit.outputs.kept import KeptRun
from loadkit.report.baselines import Baselines
from loadkit.report.history import open_store
from loadkit.report.store import JOURNAL, REPORT, RUNS
from loadkit.slo.evaluate import Status
from tests.support.results import failing_second, interval, report_of, result, second, started, verdict

BEGAN = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def runs(*arguments: object, code: int = 0):
    shown = CliRunner().invoke(app, ["runs", *map(str, arguments)])
    assert shown.exit_code == code, shown.output
    return shown


def listed() -> list[str]:
    return [run["id"] for run in json.loads(runs("list", "--json").stdout)["runs"]]


def report(number: int = 0, **choices):
    made = report_of(result(started_at=(BEGAN + timedelta(minutes=number)).timestamp(), **choices))
    made["loadkit"]["run"] = f"20261121-09{number:02}00-aaaa"
    return made


def keep(number: int = 0, **choices) -> Path:
    """A run with a directory and a row."""
    made = report(number, **choices)
    directory = RUNS / made["loadkit"]["run"]
    directory.mkdir(parents=True)
    (directory / REPORT).write_bytes(msgspec.json.encode(made))
    (directory / JOURNAL).write_bytes(b"")
    with open_store() as store:
        store.add(made, directory)
    return directory


def cut_off() -> Path:
    kept = KeptRun(RUNS, pytest.fail)
    kept.start(started())
    kept.interval(interval(second(0)))
    kept.close()
    assert kept.directory
    return kept.directory


def test_a_list_is_a_table_with_the_newest_first():
    keep(0, tags={"team": "shop", "keep": ""})
    keep(1, verdicts=(verdict(Status.FAIL),), summary=failing_second(0), judged=failing_second(0))
    assert runs("list").stdout.splitlines() == [
        "id                    when (UTC)           name  verdict  requests   p95   errors  tags",
        "20261121-090100-aaaa  2026-11-21 09:01:00  shop  failed          2     -  100.00%",
        "20261121-090000-aaaa  2026-11-21 09:00:00  shop  passed         20  25ms       0%  keep, team:shop",
    ]


def test_a_list_is_filtered():
    keep(0, tags={"branch": "main"})
    keep(1)
    keep(2)
    assert "0900" in runs("list", "--tag", "branch:main").stdout
    assert len(runs("list", "--tag", "branch").stdout.splitlines()) == 2
    assert len(runs("list", "--limit", 2).stdout.splitlines()) == 3
    assert runs("list", "--name", "cart").stdout == "no run in sqlite:///.loadkit/history.db is like that\n"


def test_an_empty_history_says_so():
    assert runs("list").stdout == "no run in sqlite:///.loadkit/history.db yet\n"


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("runs list", 0, "no run in sqlite:///.loadkit/history.db yet"),
        ("runs show latest", 2, "there is no run latest: no run is kept in sqlite:///.loadkit/history.db"),
        ("runs gc", 0, "0 directories"),
        ("trend", 2, "there is no run latest: no run is kept in"),
        ("compare latest main", 2, "there is no run latest: no run is kept in"),
        ("baseline list", 0, "no baseline is set"),
        ("merge latest latest~1", 2, "no run is kept in"),
        ("run --baseline main quickstart.yaml", 2, "there is no baseline main: none is set"),
        ("runs list --store kept/history.db", 0, "no run in sqlite:///kept/history.db yet"),
    ],
)
def test_who_only_reads_leaves_nothing_behind(command: str, code: int, said: str, place: Path):
    (place / "quickstart.yaml").write_bytes(
        Path(__file__, "../../../../scenarios/quickstart.yaml").resolve().read_bytes()
    )
    shown = CliRunner().invoke(app, command.split())
    assert shown.exit_code == code, shown.output
    assert said in shown.output
    assert [path.name for path in place.iterdir()] == ["quickstart.yaml"]


def test_runs_that_go_on_or_were_cut_off_are_listed():
    directory = cut_off()
    shown = runs("list")
    assert "cut off" in shown.stdout
    assert f"note: {directory.name} is not in the history: loadkit runs import {directory}" in shown.output
    with (directory / JOURNAL).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert "running" in runs("list").output
        runs("import", directory, code=2)
        runs("rm", directory.name, code=2)


def test_a_history_out_of_reach_is_exit_code_6():
    shown = runs("list", "--store", "postgresql://ann:hidden@127.0.0.1:1/runs", code=6)
    assert "error: the history postgresql://ann:***@127.0.0.1:1/runs cannot be used" in shown.output
    assert "hidden" not in shown.output


def test_the_variable_names_the_history(monkeypatch: pytest.MonkeyPatch, place: Path):
    monkeypatch.setenv("LOADKIT_STORE", str(place / "elsewhere.db"))
    keep(0)
    assert (place / "elsewhere.db").exists()
    assert listed() == ["20261121-090000-aaaa"]
    assert "20261121-090000-aaaa is not in the history" in runs("list", "--store", "third.db").output


def test_a_run_is_shown_from_its_report():
    keep(0, tags={"keep": ""}, verdicts=(verdict(Status.FAIL, reason="too slow"),))
    shown = runs("show", "latest").stdout
    for text in (
        "shop against http://shop.example\n  20261121-090000-aaaa, 2026-11-21 09:00:00 UTC, ran 2s",
        "it is not removed by itself: it is tagged keep",
        "    response time        20      25ms      25ms      25ms      25ms      25ms",
        "fail        http.response_time.p95 < 250ms: 25ms (too slow)",
        "failed (exit code 3)",
    ):
        assert text in shown
    assert json.loads(runs("show", "latest", "--json").stdout)["loadkit"]["run"] == "20261121-090000-aaaa"


def test_a_run_that_was_compared_says_with_what():
    made = report()
    slower = {"verdict": "regression", "text": "p95 /cart is 61 % slower"}
    made["loadkit"]["comparison"] = {
        "baseline": "main", "runs": ["a"], "verdict": "regression", "severity": "critical", "reason": "",
        "series": [slower, {"verdict": "pass", "text": "as before"}], "errors": [],
    }  # fmt: skip
    with open_store() as store:
        store.add(made)
    assert "\n  with main: regression (critical)\n  p95 /cart is 61 % slower\n\n" in runs("show", "latest").stdout


def test_removed_runs_are_gone_with_their_directories():
    first, second_one = keep(0), keep(1)
    shown = runs("rm", "20261121-0900", "latest").stdout
    assert f"removed {first.name} from the history and {first.absolute()}" in shown
    assert not first.exists()
    assert not second_one.exists()
    assert listed() == []


def test_what_is_relied_on_is_not_removed_without_force():
    keep(0)
    keep(1)
    with open_store() as store:
        Baselines(store).set("main", [store.find("latest")])
    message = (
        "error: 20261121-090100-aaaa: baseline main holds it; nothing was removed, --force removes it all the same"
    )
    assert message in runs("rm", "latest~1", "latest", code=2).output
    assert len(listed()) == 2
    runs("rm", "latest", "--force")
    assert listed() == ["20261121-090000-aaaa"]


def test_a_run_that_was_cut_off_can_be_removed():
    directory = cut_off()
    assert runs("rm", directory.name).stdout.startswith(f"removed {directory.name} and {directory}")
    assert not directory.exists()


def test_tags_are_set_shown_and_removed():
    keep(0, tags={"team": "shop"})
    assert runs("tag", "latest", "keep", "release:2.4").stdout == "20261121-090000-aaaa: keep, release:2.4, team:shop\n"
    assert runs("tag", "latest", "--remove", "keep", "--remove", "team").stdout == "20261121-090000-aaaa: release:2.4\n"
    assert runs("tag", "latest").stdout == "20261121-090000-aaaa: release:2.4\n"
    assert "is not KEY or KEY:VALUE" in runs("tag", "latest", ":x", code=2).output


def test_room_is_made_and_the_history_keeps_the_reports():
    directories = [keep(number) for number in range(4)]
    runs("tag", directories[0].name, "keep")
    shown = runs("gc", "--keep", 1, "--dry-run").stdout
    assert f"would remove {directories[1]}, " in shown
    assert all(directory.exists() for directory in directories)
    shown = runs("gc", "--keep", 1).stdout
    assert f"kept {directories[0]}: it is tagged keep" in shown
    assert [directory.exists() for directory in directories] == [True, False, False, True]
    assert len(listed()) == 4
    assert "the history alone has it; its directory is gone" in runs("show", directories[1].name).stdout


@pytest.mark.parametrize("option", [("--max-size", "lots"), ("--older-than", "soon"), ("--keep", "0")])
def test_limits_that_are_none_are_refused(option):
    runs("gc", *option, code=2)


def test_a_run_travels_in_one_file(place: Path):
    directory = keep(0)
    (directory / "log.txt").write_text("12:00:00Z hello\n")
    shown = runs("export", "latest")
    assert shown.stdout == "20261121-090000-aaaa.zip: 20261121-090000-aaaa, journal, log.txt, report.json, tags.json\n"
    before = json.loads(runs("show", "latest", "--json").stdout)
    runs("rm", "latest")
    assert runs("import", f"{directory.name}.zip").stdout == f"imported {directory.name}: shop, passed\n"
    assert runs("import", f"{directory.name}.zip").stdout == f"had already {directory.name}: shop, passed\n"
    assert json.loads(runs("show", "latest", "--json").stdout) == before
    assert (directory / "log.txt").read_text() == "12:00:00Z hello\n"
    assert not list(RUNS.glob(".import-*"))


def test_tags_travel_with_a_run_and_stay_where_it_is_known():
    directory = keep(0)
    runs("tag", "latest", "release:2.4", "keep")
    runs("export", "latest")
    runs("rm", "latest", "--force")
    runs("import", f"{directory.name}.zip")
    assert runs("tag", "latest").stdout == f"{directory.name}: keep, release:2.4\n"
    assert not (directory / "tags.json").exists()
    runs("tag", "latest", "--remove", "keep")
    runs("import", f"{directory.name}.zip")
    assert runs("tag", "latest").stdout == f"{directory.name}: release:2.4\n"


def test_an_archive_whose_tags_are_none_is_refused():
    with zipfile.ZipFile("run.zip", "w") as made:
        made.writestr("20261121-090000-aaaa/report.json", msgspec.json.encode(report()))
        made.writestr("20261121-090000-aaaa/tags.json", b'{"keep": 1}')
    assert "run.zip is not an archive of a run: tags.json holds no tags" in runs("import", "run.zip", code=2).output
    assert listed() == []


def test_a_run_without_a_directory_is_exported_as_its_report():
    directory = keep(0)
    keep(1)
    runs("gc", "--keep", 1)
    assert runs("export", directory.name).stdout.endswith(": " + f"{directory.name}, report.json, tags.json\n")
    runs("export", directory.name, "-o", "report.json")
    assert json.loads(Path("report.json").read_text())["loadkit"]["run"] == directory.name
    assert "cannot write nowhere/run.zip" in runs("export", directory.name, "-o", "nowhere/run.zip", code=6).output


def test_a_report_is_imported_once_though_it_has_no_id():
    made = report()
    made["loadkit"]["run"] = "../../elsewhere"
    Path("report.json").write_bytes(msgspec.json.encode(made))
    shown = runs("import", "report.json").stdout
    assert runs("import", "report.json").stdout == shown.replace("imported", "had already")
    (run_id,) = listed()
    assert run_id.startswith("20261121-090000-")


def test_a_directory_from_elsewhere_is_copied(place: Path):
    directory = keep(0)
    (place / "mine").mkdir()
    directory.rename(place / "mine" / directory.name)
    with open_store() as store:
        store.remove(directory.name)
    runs("import", place / "mine" / directory.name)
    assert (directory / REPORT).exists()
    assert (place / "mine" / directory.name / REPORT).exists()


def test_names_from_elsewhere_do_not_steer_the_terminal():
    made = report(tags={"a": "\x1b[31m"})
    made["loadkit"]["name"] = "\x1b]0;title\x07"
    Path("report.json").write_bytes(msgspec.json.encode(made))
    shown = [runs("import", "report.json"), runs("list"), runs("show", "latest"), runs("tag", "latest")]
    assert not any("\x1b" in one.output or "\x07" in one.output for one in shown)


def test_what_is_no_run_is_refused_and_the_rest_is_imported():
    Path("artillery.json").write_text('{"aggregate": {}, "intermediate": []}')
    Path("report.json").write_bytes(msgspec.json.encode(report()))
    Path("empty").mkdir()
    shown = runs("import", "artillery.json", "empty", "nothing", "report.json", code=2)
    for text in (
        "artillery.json is not a report of loadkit: it is one of Artillery's, which holds no histograms",
        "empty is not the directory of a run: it holds neither report.json nor journal",
        "there is no file or directory nothing to import a run from",
        "imported 20261121-090000-aaaa",
    ):
        assert text in shown.output


@pytest.mark.parametrize("command", ["list", "show", "rm", "tag", "gc", "export", "import"])
def test_each_command_teaches_with_an_example(command: str):
    assert f"  loadkit runs {command}" in runs(command, "--help").output
