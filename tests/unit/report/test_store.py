import fcntl
import os
from pathlib import Path

import pytest

from loadkit.errors import UsageError
from loadkit.report import store
from loadkit.report.store import JOURNAL, KEPT, REPORT, find_journal, goes_on, new_run, prune, runs


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path(".loadkit/runs")


def keep(root: Path, name: str, size: int = 10) -> Path:
    directory = root / name
    directory.mkdir(parents=True)
    for file in (JOURNAL, REPORT):
        with (directory / file).open("wb") as made:
            made.truncate(size // 2)
    return directory


def names(root: Path) -> list[str]:
    return [directory.name for directory in runs(root)]


def test_runs_have_directories_whose_names_sort_by_time(root: Path) -> None:
    made = [new_run(root) for _ in range(3)]
    assert len({directory.name for directory in made}) == 3
    assert sorted(names(root)) == names(root)
    assert sorted(made) == sorted(runs(root))
    assert (root.parent / ".gitignore").read_text() == "*\n"


def test_only_runs_are_runs(root: Path) -> None:
    keep(root, "20261121-090255-k3f9")
    keep(root, "mine")
    (root / "20261121-090255-file").write_text("")
    assert names(root) == ["20261121-090255-k3f9"]


def test_the_newest_runs_are_kept(root: Path) -> None:
    for index in range(KEPT + 3):
        keep(root, f"20261121-0902{index:02}-aaaa")
    keep(root, "mine")
    prune(root)
    assert names(root) == [f"20261121-0902{index:02}-aaaa" for index in range(3, KEPT + 3)]
    assert (root / "mine" / JOURNAL).exists()


def test_runs_that_take_up_too_much_go_but_the_newest_stays(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "KEPT_BYTES", 1000)
    for index, size in enumerate((100, 900, 600, 400)):
        keep(root, f"20261121-09020{index}-aaaa", size)
    prune(root)
    assert names(root) == ["20261121-090202-aaaa", "20261121-090203-aaaa"]
    keep(root, "20261121-090204-aaaa", 5000)
    prune(root)
    assert names(root) == ["20261121-090204-aaaa"]


def test_what_others_put_into_a_run_stays(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "KEPT", 1)
    old = keep(root, "20261121-090200-aaaa")
    (old / "notes.txt").write_text("mine")
    keep(root, "20261121-090201-aaaa")
    prune(root)
    assert os.listdir(old) == ["notes.txt"]


def test_a_run_that_goes_on_stays(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "KEPT", 1)
    old = keep(root, "20261121-090200-aaaa")
    keep(root, "20261121-090201-aaaa")
    with (old / JOURNAL).open("ab") as writing:
        fcntl.flock(writing, fcntl.LOCK_EX)
        assert goes_on(old / JOURNAL)
        prune(root)
        assert len(runs(root)) == 2
    assert not goes_on(old / JOURNAL)
    prune(root)
    assert len(runs(root)) == 1


def test_a_journal_is_found_by_what_people_call_it(root: Path) -> None:
    old, new = keep(root, "20261120-090200-aaaa"), keep(root, "20261121-090200-bbbb")
    for called in ("latest", "20261121", "20261121-090200-bbbb", str(new), str(new / JOURNAL)):
        assert find_journal(called, root) == new / JOURNAL, called
    assert find_journal("20261120", root) == old / JOURNAL


@pytest.mark.parametrize(
    ("called", "what"),
    [
        ("2026", "2026 may be each of 20261121-090200-bbbb, 20261120-090200-aaaa; write more of it"),
        ("2027", "there is no run 2027: there are 20261121-090200-bbbb, 20261120-090200-aaaa"),
        ("", "there is no run"),
    ],
)
def test_a_journal_that_is_not_found_is_said(called: str, what: str, root: Path) -> None:
    keep(root, "20261120-090200-aaaa")
    keep(root, "20261121-090200-bbbb")
    with pytest.raises(UsageError, match=what):
        find_journal(called, root)


def test_without_runs_that_is_said(root: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no run latest: no run is kept in \.loadkit/runs"):
        find_journal("latest", root)
