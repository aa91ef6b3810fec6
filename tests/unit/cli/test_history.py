from pathlib import Path
from typing import Any

import pytest

from loadkit.cli.history import HistoryWriter, Keeper
from loadkit.report.history import open_store
from loadkit.report.store import RUNS, runs
from tests.support.results import interval, report_of, result, second, started

NOWHERE = "postgresql://ann:hidden@127.0.0.1:1/runs"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ended(history: HistoryWriter, say) -> tuple[Keeper, dict[str, Any]]:
    """A run of one second that has ended and is not added yet."""
    keeper = Keeper(RUNS, history, say)
    keeper.start(started())
    keeper.interval(interval(second(0)))
    made = result(second(0))
    report = report_of(made)
    report["loadkit"]["run"] = keeper.run
    keeper.finish(made, report)
    return keeper, report


def test_a_run_is_added_with_its_directory_and_what_follows_is_done() -> None:
    followed = []
    history = HistoryWriter(None, pytest.fail, [lambda store, run: followed.append((store.name, run.id))])
    keeper, report = ended(history, pytest.fail)
    keeper.add(report)
    keeper.close()
    with open_store() as store:
        (run,) = store.runs()
    assert run.directory == keeper.directory.absolute()
    assert followed == [("sqlite:///.loadkit/history.db", keeper.run)]


def test_room_is_made_for_what_nobody_relies_on() -> None:
    with open_store() as store:
        for number in range(53):
            directory = RUNS / f"20251121-0902{number:02}-aaaa"
            directory.mkdir(parents=True)
            (directory / "report.json").write_text("{}")
            if number != 1:
                report = report_of(result(second(0)))
                report["loadkit"] |= {"run": directory.name, "tags": {"keep": ""} if number == 0 else {}}
                store.add(report, directory)
    keeper, report = ended(HistoryWriter(None, pytest.fail), pytest.fail)
    keeper.add(report)
    keeper.close()
    left = [directory.name for directory in runs(RUNS)]
    expected = [0, 1, *range(4, 53)]  # tagged, not in the history, and the newest fifty with the one that ended
    assert left == [*(f"20251121-0902{number:02}-aaaa" for number in expected), keeper.run]
    with open_store() as store:
        assert len(store.runs()) == 53


def test_a_history_out_of_reach_is_said_and_costs_nothing_else() -> None:
    said: list[str] = []
    history = HistoryWriter(NOWHERE, said.append)
    history.check()
    keeper, report = ended(history, said.append)
    keeper.add(report)
    keeper.close()
    early, late = said
    assert early.endswith(
        "the run will be kept in its directory, and `loadkit runs import RUN` brings it into the history later"
    )
    assert f"it is kept in {keeper.directory}; `loadkit runs import {keeper.directory}` brings it" in late
    assert "hidden" not in early + late


def test_a_history_that_came_back_gets_the_run(place: Path) -> None:
    said: list[str] = []
    (place / "in-the-way").write_text("")
    history = HistoryWriter(str(place / "in-the-way" / "history.db"), said.append)
    history.check()
    keeper, report = ended(history, said.append)
    (place / "in-the-way").unlink()
    keeper.add(report)
    keeper.close()
    assert len(said) == 1
    with open_store(str(place / "in-the-way" / "history.db")) as store:
        assert [run.id for run in store.runs()] == [keeper.run]
