"""Files of a revision of git: `main:scenarios/shop.yaml` becomes a file on disk, with those that it extends."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadkit.errors import UsageError
from loadkit.scenario.source import read_source

_MOST_FILES = 50
_LONGEST_S = 30


@dataclass(slots=True)
class Checkout:
    """Some files of one revision below a directory; `missing` are those that the revision does not have."""

    revision: str
    top: Path
    into: Path
    missing: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def file(self, path: str) -> Path:
        """Return a file of the revision, written out with what it extends. Raises UsageError where there is none."""
        found = self._take(path) or self._take(self._from_here(path))
        if found is None:
            raise UsageError(
                f"{self.revision} has no file {path}; write REV:PATH with the path from the top of the repository"
            )
        return found

    def find(self, path: Path) -> Path | None:
        """Return a file of the revision, named from the current directory; None where it has no such file."""
        return self._take(self._from_here(str(path)))

    def _from_here(self, path: str) -> str:
        """Return a path from the current directory as one from the top of the repository."""
        here = Path.cwd().resolve()
        return os.path.relpath(here / path, self.top.resolve())

    def _take(self, path: str) -> Path | None:
        target = self.into / path
        if path in self.taken:
            return target
        shown = git("show", f"{self.revision}:{path}", directory=self.top)
        if shown.returncode:
            return None
        self.taken.add(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(shown.stdout)
        for name in _needed(target):
            self._take_beside(path, name)
        return target

    def _take_beside(self, path: str, name: str) -> None:
        """Take a file that another needs; one that the revision lacks is linked from the working tree, and told."""
        where = (self.top / path).parent / name
        try:
            inside = where.resolve().relative_to(self.top.resolve()).as_posix()
        except ValueError:
            return  # outside of the repository: it is read where it is, if the path leads there
        if len(self.taken) < _MOST_FILES and self._take(inside) is None and where.is_file():
            copy = self.into / inside
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(where.read_bytes())
            self.missing.append(inside)


def _needed(path: Path) -> list[str]:
    """Return the files beside a scenario file that say what it means: those that it extends, and arrivals to replay."""
    read = read_source(path).document
    data: dict[str, Any] = read.data if read else {}
    extended, config = data.get("extends"), data.get("config")
    phases = config.get("phases") if isinstance(config, dict) else None
    replays = [item.get("replay") for item in phases if isinstance(item, dict)] if isinstance(phases, list) else []
    names: list[Any] = [*(extended if isinstance(extended, list) else [extended])]
    names += [replay.get("path") if isinstance(replay, dict) else replay for replay in replays]
    return [name for name in names if isinstance(name, str)]


def split_revision(text: str) -> tuple[str, str] | None:
    """Return (revision, path) of `REV:path`; None for what is a file, or has no colon."""
    revision, colon, path = text.partition(":")
    if not colon or not revision or not path or Path(text).exists() or (len(revision) == 1 and "\\" in path):
        return None
    return revision, path


def open_revision(revision: str, path: str, into: Path) -> Checkout:
    """Return a checkout of a revision. Raises UsageError when git or the revision is missing."""
    top = git("rev-parse", "--show-toplevel", directory=Path.cwd())
    if top.returncode:
        raise UsageError(f"{revision}:{path} names a revision of git, and {Path.cwd()} is in no repository")
    if git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", directory=Path.cwd()).returncode:
        raise UsageError(f"there is no revision {revision}; `git log --oneline` shows those there are")
    return Checkout(revision, Path(top.stdout.decode().strip()), into)


def git(*arguments: str, directory: Path) -> subprocess.CompletedProcess[bytes]:
    """Run git and return what came of it. Raises UsageError where there is no git."""
    if any(argument.startswith("-") and argument not in _OPTIONS for argument in arguments[1:]):
        raise UsageError(f"{' '.join(arguments[1:])} is not a revision")
    try:
        return subprocess.run(["git", *arguments], cwd=directory, capture_output=True, check=False, timeout=_LONGEST_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"git cannot be run: {error}") from error


_OPTIONS = {"--show-toplevel", "--verify", "--quiet"}
