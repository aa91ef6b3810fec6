import fcntl
import os
from pathlib import Path

import pytest

from loadkit.report.collecting import KEPT, Policy, choose, collect
from loadkit.report.store import JOURNAL, REPORT, runs


def keep(root: Path, number: int, size: int = 10) -> Path:
    directory = root / f"20261121-0902{number:02}-aaaa"
    directory.mkdir(parents=True)
    for file in (JOURNAL, REPORT):
        with (directory / file).open("wb") as made:
            made.truncate(size // 2)
    return directory


def left(root: Path) -> list[int]:
    return [int(directory.name[13:15]) for directory in runs(root)]


class Everything:
    """A history that has every run."""

    def __contains__(self, _: object) -> bool:
        return True


def make_room(root: Path, policy: Policy = Policy(), held=(), stored=Everything()) -> dict[str, str]:  # noqa: B008
    choices = choose(root, policy, held=dict(held), stored=stored)
    collect(choices)
    return {choice.directory.name[11:15]: choice.held for choice in choices if choice.held}


def test_the_newest_runs_are_kept(tmp_path: Path) -> None:
    for number in range(KEPT + 3):
        keep(tmp_path, number)
    (tmp_path / "mine").mkdir()
    make_room(tmp_path)
    assert left(tmp_path) == list(range(3, KEPT + 3))
    assert (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    ("sizes", "kept"),
    [((100, 900, 600, 400), [2, 3]), ((100, 200), [0, 1]), ((100, 5000), [1]), ((5000, 100), [1])],
)
def test_runs_that_take_up_too_much_go_but_the_newest_stays(sizes, kept, tmp_path: Path) -> None:
    for number, size in enumerate(sizes):
        keep(tmp_path, number, size)
    make_room(tmp_path, Policy(bytes=1000))
    assert left(tmp_path) == kept


def test_runs_that_are_too_old_go_but_the_newest_stays(tmp_path: Path) -> None:
    for number in range(3):
        os.utime(keep(tmp_path, number), (1000, 1000))
    keep(tmp_path, 3)
    make_room(tmp_path, Policy(age_s=3600))
    assert left(tmp_path) == [3]
    os.utime(tmp_path / "20261121-090203-aaaa", (1000, 1000))
    make_room(tmp_path, Policy(age_s=3600))
    assert left(tmp_path) == [3]


def test_what_somebody_relies_on_stays_and_is_told(tmp_path: Path) -> None:
    for number in range(3):
        keep(tmp_path, number)
    held = {"20261121-090200-aaaa": "it is tagged keep"}
    assert make_room(tmp_path, Policy(runs=1), held) == {"0200": "it is tagged keep"}
    assert left(tmp_path) == [0, 2]


def test_a_run_that_the_history_has_not_stays(tmp_path: Path) -> None:
    old = keep(tmp_path, 0)
    keep(tmp_path, 1)
    told = f"it is not in the history: loadkit runs import {old}"
    assert make_room(tmp_path, Policy(runs=1), stored=()) == {"0200": told}
    assert left(tmp_path) == [0, 1]


def test_a_run_that_was_cut_off_goes_when_it_is_old(tmp_path: Path) -> None:
    (keep(tmp_path, 0) / REPORT).unlink()
    keep(tmp_path, 1)
    make_room(tmp_path, Policy(runs=1), stored=())
    assert left(tmp_path) == [1]


def test_a_run_that_goes_on_stays(tmp_path: Path) -> None:
    old = keep(tmp_path, 0)
    keep(tmp_path, 1)
    with (old / JOURNAL).open("ab") as writing:
        fcntl.flock(writing, fcntl.LOCK_EX)
        assert make_room(tmp_path, Policy(runs=1)) == {"0200": "it still goes on"}
    assert left(tmp_path) == [0, 1]
    make_room(tmp_path, Policy(runs=1))
    assert left(tmp_path) == [1]
