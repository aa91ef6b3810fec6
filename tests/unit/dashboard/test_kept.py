import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from loadkit.dashboard.kept import find_kept
from loadkit.errors import UsageError
from loadkit.outputs.kept import KeptRun
from loadkit.report.history import Store
from loadkit.report.store import JOURNAL, REPORT
from tests.support.histories import run_id, run_report
from tests.support.pages import ask
from tests.support.results import interval, second, started
from tests.support.site import history_in, served_history


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with history_in(tmp_path) as store:
        store.add(run_report(0))
        yield store


@pytest.fixture
def going_on(tmp_path: Path, store: Store) -> Iterator[KeptRun]:
    kept = KeptRun(store.directories, pytest.fail)
    kept.start(started())
    kept.interval(interval(second(0)))
    yield kept
    kept.close()


def requests_of(found: object) -> int:
    return found.see().run.requests  # type: ignore[attr-defined]


def test_a_stored_run_is_found_as_everywhere(store: Store) -> None:
    assert find_kept(store, run_id(0)[:8]).see().run.id == run_id(0)
    with pytest.raises(UsageError, match="there is no run nothing"):
        find_kept(store, "nothing")


def test_a_run_that_goes_on_is_the_latest_and_grows(store: Store, going_on: KeptRun) -> None:
    for text in ("latest", str(going_on.run), str(going_on.directory), str(going_on.directory / JOURNAL)):
        found = find_kept(store, text)
        seen = found.see()
        assert (seen.run.id, seen.runs) == (going_on.run, True)
        assert found.see() is seen  # it is not read again where nothing was added
    before, deadline = requests_of(found), time.monotonic() + 30
    going_on.interval(interval(second(1)))
    while requests_of(found) == before:  # a journal is left alone for some times as long as it took to read it
        assert time.monotonic() < deadline


def test_a_run_that_has_ended_meanwhile_is_shown_by_its_report(store: Store, going_on: KeptRun) -> None:
    found = find_kept(store, "latest")
    assert found.see().runs
    assert "cut off" not in str(found.see().report["loadkit"]["measurement"])
    going_on.close()
    assert not found.see().runs
    assert "cut off" in str(found.see().report["loadkit"]["measurement"])  # as it seems
    assert going_on.directory is not None
    (going_on.directory / REPORT).write_bytes(msgspec.json.encode(run_report(3)))
    assert (found.see().run.id, found.see().runs) == (run_id(3), False)


def test_its_page_is_loaded_again_until_it_is_over_or_somebody_says_no(store: Store, going_on: KeptRun) -> None:
    with served_history(store) as url:
        place = f"/runs/{going_on.run}"
        assert '<meta http-equiv="refresh" content="5">' in ask(url, place).text
        assert "goes on" in ask(url, place).text
        assert "http-equiv" not in ask(url, f"{place}?stay=1").text
        going_on.close()
        assert "http-equiv" not in ask(url, place).text


def test_the_list_of_runs_leads_to_one_that_goes_on(store: Store, going_on: KeptRun) -> None:
    with served_history(store) as url:
        page = ask(url).text
        assert "Not in the history" in page
        assert f'href="/runs/{going_on.run}"' in page
        assert "goes on" in ask(url, f"/runs/{going_on.run}").text
        for path in (f"/runs/{going_on.run}/report.json", f"/compare?run={going_on.run}&run={run_id(0)}"):
            assert "goes on, so" in ask(url, path).text
            assert ask(url, path).status == 409
        going_on.close()
        assert "cut off" in ask(url).text
