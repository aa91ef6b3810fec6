import fcntl
import os
from pathlib import Path

import pytest

from loadkit.errors import UsageError
from loadkit.report.store import FILES, JOURNAL, REPORT, find_journal, goes_on, new_run, remove, runs, size_of


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


def test_what_others_put_into_a_run_stays(root: Path) -> None:
    old = keep(root, "20261121-090200-aaaa", 10)
    (old / "notes.txt").write_text("mine")
    (old / f".{REPORT}.4711.tmp").write_text("torn")
    assert size_of(old) == remove(old) == 14
    assert os.listdir(old) == ["notes.txt"]


def test_a_run_that_holds_nothing_else_is_removed_whole(root: Path) -> None:
    old = keep(root, "20261121-090200-aaaa")
    for name in FILES:
        (old / name).write_text("x")
    remove(old)
    assert not old.exists()


def test_a_run_goes_on_while_its_journal_is_locked(root: Path) -> None:
    old = keep(root, "20261121-090200-aaaa")
    with (old / JOURNAL).open("ab") as writing:
        fcntl.flock(writing, fcntl.LOCK_EX)
        assert goes_on(old / JOURNAL)
    assert not goes_on(old / JOURNAL)


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
