"""Where runs are kept: a directory each under `.loadkit/runs`, named by the time so that names sort as the runs did."""

from __future__ import annotations

import fcntl
import re
import secrets
import time
from pathlib import Path

from loadkit.errors import UsageError

RUNS = Path(".loadkit/runs")
JOURNAL = "journal"
REPORT = "report.json"
HISTOGRAMS = "histograms.hlog"
SCENARIO = "scenario.yaml"
LOG = "log.txt"
PAGE = "report.html"
FILES = (REPORT, JOURNAL, HISTOGRAMS, SCENARIO, LOG, PAGE)
"""What loadkit writes into a run's directory. The report comes first where they are removed: without it no run is whole."""
LATEST = "latest"

LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
"""The letters of ids: 32 that nobody takes for another when they are read out."""

_ID = re.compile(r"\d{8}-\d{6}-[0-9a-z]{4}")
_SHOWN = 3


def new_run(root: Path) -> Path:
    """Make the directory of a run that begins now and return it. Raises OSError."""
    prepare(root)
    while True:
        made = root / new_id()
        try:
            made.mkdir()
            return made
        except FileExistsError:
            continue


def new_id() -> str:
    """Return an id for a run that begins now."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    return f"{stamp}-{''.join(secrets.choice(LETTERS) for _ in range(4))}"


def prepare(root: Path) -> None:
    """Make the directory of the runs if it is not there. Raises OSError."""
    shelter(root.parent)
    root.mkdir(exist_ok=True)


def shelter(place: Path) -> None:
    """Make a directory for what is kept, out of sight of Git: what was measured is nobody's source. Raises OSError."""
    place.mkdir(parents=True, exist_ok=True)
    ignored = place / ".gitignore"
    if not ignored.exists():
        ignored.write_text("*\n")


def runs(root: Path) -> list[Path]:
    """Return the directories of the runs that are kept, the oldest first."""
    return sorted(path for path in root.glob("*") if is_run(path) and path.is_dir())


def is_run(directory: Path) -> bool:
    """Say whether a directory has the name of a run."""
    return is_id(directory.name)


def is_id(text: str) -> bool:
    """Say whether a text has the form of a run's id."""
    return _ID.fullmatch(text) is not None


def size_of(directory: Path) -> int:
    """Return how many bytes a run's files take up; what others put there does not count."""
    return sum(file.stat().st_size for file in _files(directory))


def remove(directory: Path) -> int:
    """Remove the files that loadkit wrote, and the directory unless it holds others; return the bytes. Raises OSError."""
    freed = 0
    for file in _files(directory):
        freed += file.stat().st_size
        file.unlink(missing_ok=True)
    if not any(directory.iterdir()):
        directory.rmdir()
    return freed


def _files(directory: Path) -> list[Path]:
    torn = sorted(directory.glob(f".{REPORT}.*.tmp"))  # of a process that was killed while it wrote the report
    return [file for name in FILES if (file := directory / name).is_file()] + torn


def goes_on(journal: Path) -> bool:
    """Say whether a run is still writing its journal; it holds a lock for as long as its process lives."""
    try:
        with journal.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def find_journal(run: str, root: Path) -> Path:
    """Return the journal that a text means: a file, a run's directory, `latest`, an id or its beginning. Raises UsageError."""
    path = Path(run)
    if path.is_file():
        return path
    if (path / JOURNAL).is_file():
        return path / JOURNAL
    kept = [directory for directory in runs(root) if (directory / JOURNAL).is_file()]
    found = kept[-1:] if run == LATEST else [directory for directory in kept if run and directory.name.startswith(run)]
    if len(found) == 1:
        return found[0] / JOURNAL
    if found:
        raise UsageError(f"{run} may be each of {_names(found)}; write more of it")
    there = f"there are {_names(kept)}" if kept else f"no run is kept in {root}"
    raise UsageError(f"there is no run {run}: {there}")


def _names(directories: list[Path]) -> str:
    """Return some names, the newest first."""
    names = [directory.name for directory in reversed(directories)]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
