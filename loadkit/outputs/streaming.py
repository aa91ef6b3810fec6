"""A file that gets a row for each second while the run goes on; each second is in the file before the next one begins."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loadkit.errors import PreflightError
from loadkit.outputs.exporter import ExportedRun, Held, OptionFault, Options, Second
from loadkit.outputs.seconds import second_of
from loadkit.outputs.writing import check_writable, is_special

Row = Callable[[Mapping[str, Any]], bytes]


class Streamed:
    """Writes rows to a file, which is begun anew. `head` comes first; `row` makes the bytes of a row."""

    def __init__(self, path: Path, kind: str, *, head: bytes, row: Row) -> None:
        self.to = str(path)
        self.every_s = 0.0
        self._path = path
        self._kind = kind
        self._head = head
        self._row = row
        self._file: int | None = None
        self._size = 0
        self._run: ExportedRun | None = None

    def check(self) -> None:
        """Open the file. Raises PreflightError when that cannot be done."""
        check_writable(self._path, f"--out {self._kind}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        try:
            if is_special(self._path):  # a pipe that nobody reads is an error, and nothing to wait for
                self._file = os.open(self._path, flags | os.O_NONBLOCK)
                os.set_blocking(self._file, True)
            else:
                self._file = os.open(self._path, flags | os.O_TRUNC, 0o666)
            self._write(self._head)
        except OSError as error:
            raise PreflightError(f"cannot write {self._path}: {error.strerror or error}") from error

    def start(self, run: ExportedRun) -> None:
        """Note the run."""
        self._run = run

    def take(self, seconds: Sequence[Second]) -> None:
        """Write a row for each second."""
        if self._run is not None:
            self._write(b"".join(self._row(self._values(self._run, second)) for second in seconds))

    def end(self) -> None:
        """Do nothing: everything is written."""

    def waiting(self) -> bool:
        """Say no: nobody comes here."""
        return False

    def close(self) -> None:
        """Close the file."""
        held, self._file = self._file, None
        if held is not None:
            os.close(held)

    def _values(self, run: ExportedRun, second: Second) -> Mapping[str, Any]:
        phases = [(phase.name, phase.start_ns / 1e9, phase.end_ns / 1e9) for phase in run.phases]
        began = datetime.fromtimestamp(run.started_at, UTC)
        return second_of(second.snapshot, run=run.run, name=run.test, began=began, phases=phases)

    def _write(self, data: bytes) -> None:
        """Write all of it or nothing: a row that a full disk cut off is taken back. Raises OSError."""
        if self._file is None:
            return
        try:
            written = os.write(self._file, data)
            if written != len(data):
                raise OSError(0, "the disk took only a part of it")
        except OSError:
            if not is_special(self._path):
                os.ftruncate(self._file, self._size)
                os.lseek(self._file, self._size, os.SEEK_SET)
            raise
        self._size += len(data)


def read_file(options: Options) -> Path:
    """Return the path of the option `file`. Raises OptionFault."""
    text = str(options["file"])
    if text == "-":
        raise OptionFault("file", "standard output is taken by the summary", hint="name a file or a named pipe")
    if "\0" in text:
        raise OptionFault("file", "the name of no file has a zero byte", hint="name a file or a named pipe")
    return Path(text)


def held_file(options: Options) -> Held | None:
    """Return the file that an output writes; a pipe, a terminal and other devices several may write."""
    if is_special(Path(options["file"])):
        return None
    path = os.path.realpath(options["file"])
    return Held(path, f"write {options['file']}", "give each its own file", stays=True)


def file_schema(what: str, example: str) -> dict[str, Any]:
    """Return the options of an exporter that writes a file."""
    return {
        "file": {
            "type": "string",
            "minLength": 1,
            "title": "File",
            "description": f"Where the {what} go; a file that is there is begun anew.",
            "examples": [example],
        }
    }
