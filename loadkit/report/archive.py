"""A run in one file, to be taken elsewhere: a zip archive of what its directory holds, below the run's id.

Archives come from anywhere. Only the files that loadkit writes are taken out of one, whatever else it names, and only as far as
the limits below; nothing is written outside of the place that is given.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from zlib import error as ZlibError

from loadkit.errors import UsageError
from loadkit.report.store import FILES, JOURNAL, is_id
from loadkit.units import format_bytes

TAGS = "tags.json"
"""What the archive holds beside the files of the directory: the tags as the history has them, which may be others than then."""
MAX_FILE = 4 * 1024**3
MAX_TOTAL = 8 * 1024**3
_CHUNK = 1024 * 1024


def pack(file: BinaryIO, run_id: str, files: Mapping[str, Path | bytes], made_at: datetime) -> None:
    """Write an archive of a run's files, by their names; equal files make equal archives. Raises OSError."""
    stamp = (made_at.year, made_at.month, made_at.day, made_at.hour, made_at.minute, made_at.second)
    with zipfile.ZipFile(file, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{run_id}/{name}", max(stamp, (1980, 1, 1, 0, 0, 0)))
            entry.compress_type = zipfile.ZIP_STORED if name == JOURNAL else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            source = files[name]
            with archive.open(entry, "w", force_zip64=True) as out:
                if isinstance(source, bytes):
                    out.write(source)
                    continue
                with source.open("rb") as held:
                    while chunk := held.read(_CHUNK):
                        out.write(chunk)


def is_archive(path: Path) -> bool:
    """Say whether a file is a zip archive. Raises OSError."""
    with path.open("rb") as file:
        return file.read(4) in (b"PK\3\4", b"PK\5\6")


def unpack(path: Path, into: Path) -> str:
    """Write the files of an archive into a directory and return the run's id. Raises UsageError for what is none, and OSError."""
    try:
        with zipfile.ZipFile(path) as archive:
            run_id, entries = _entries(path, archive)
            total = 0
            for entry in entries:
                total += _take(archive, entry, into / PurePosixPath(entry.filename).name, MAX_TOTAL - total, path)
    except (zipfile.BadZipFile, ZlibError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise UsageError(
            f"{path} is not an archive of a run: {error}"
        ) from error  # damaged, encrypted, or packed otherwise
    return run_id


def _entries(path: Path, archive: zipfile.ZipFile) -> tuple[str, list[zipfile.ZipInfo]]:
    """Return the run's id and the entries that are its files; names are compared, never used as they are."""
    found: dict[str, zipfile.ZipInfo] = {}
    ids = set()
    for entry in archive.infolist():
        place, _, name = entry.filename.partition("/")
        if entry.is_dir() or name not in (*FILES, TAGS) or not is_id(place) or name in found:
            raise UsageError(f"{path} is not an archive of a run: it holds {entry.filename[:200]!r}")
        found[name] = entry
        ids.add(place)
    if len(ids) != 1:
        raise UsageError(f"{path} is not an archive of a run: it holds {'several runs' if ids else 'nothing'}")
    return ids.pop(), list(found.values())


def _take(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, room: int, path: Path) -> int:
    """Write one file and return its size. What an archive says of sizes is not believed."""
    size = 0
    with archive.open(entry) as source, target.open("xb") as out:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > min(room, MAX_FILE):
                raise UsageError(f"{path} unpacks to more than {format_bytes(min(room, MAX_FILE))}; that is no run")
            out.write(chunk)
    return size
