"""How a file is written: whole or not at all, and checked before any load is made."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from loadkit.errors import PreflightError

_PROBE_BYTES = 1_000_000  # room for the report of some hours


def check_writable(path: Path, option: str) -> None:
    """Raise PreflightError when a file cannot be written; `option` says where another place can be chosen."""
    folder = path.parent
    if not os.path.isdir(folder):
        raise PreflightError(f"cannot write {path}: there is no directory {folder}; create it first")
    if os.path.isdir(path):
        raise PreflightError(f"cannot write {path}: it is a directory; name a file in it with {option}")
    if os.path.exists(path) and not os.access(path, os.W_OK):
        raise PreflightError(f"cannot write {path}: the file is write-protected; choose another one with {option}")
    if is_special(path):
        return
    probe = _beside(path)
    try:
        try:
            probe.write_bytes(bytes(_PROBE_BYTES))
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise PreflightError(f"cannot write {path}: {reason}; choose another place with {option}") from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old one or the whole new one. Raises OSError."""
    with replacing(path) as file:
        file.write(data)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write into, which takes the place of the one at `path` when all went well. Raises OSError."""
    if is_special(path):
        # /dev/stdout or a pipe: nothing to replace. A pipe that nobody reads is an error, and nothing to wait for.
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CREAT, 0o666)
        with open(descriptor, "wb") as file:
            os.set_blocking(descriptor, True)
            yield file
        return
    beside = _beside(path)
    try:
        with beside.open("wb") as file:
            yield file
        os.replace(beside, path.resolve())
    finally:
        beside.unlink(missing_ok=True)


def is_special(path: Path) -> bool:
    """Say whether a path is there and is no file, such as a terminal or a pipe."""
    return os.path.exists(path) and not os.path.isfile(path)


def _beside(path: Path) -> Path:
    target = path.resolve()  # a symbolic link stays one
    return target.with_name(f".{target.name}.{os.getpid()}.tmp")
