import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loadkit.errors import UsageError
from loadkit.report import archive
from loadkit.report.archive import is_archive, unpack


def pack(path: Path, *given) -> None:
    with path.open("wb") as file:
        archive.pack(file, *given)


RUN = "20261121-090255-k3f9"
WHEN = datetime(2026, 11, 21, 9, 2, 55, tzinfo=UTC)


def packed(tmp_path: Path, entries: dict[str, bytes]) -> Path:
    path = tmp_path / "given.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in entries.items():
            made.writestr(name, data)
    return path


def test_what_is_packed_is_unpacked(tmp_path: Path):
    (tmp_path / "journal").write_bytes(b"seconds" * 1000)
    pack(tmp_path / "run.zip", RUN, {"report.json": b"{}", "journal": tmp_path / "journal"}, WHEN)
    (tmp_path / "into").mkdir()
    assert is_archive(tmp_path / "run.zip")
    assert unpack(tmp_path / "run.zip", tmp_path / "into") == RUN
    assert (tmp_path / "into" / "report.json").read_bytes() == b"{}"
    assert (tmp_path / "into" / "journal").read_bytes() == b"seconds" * 1000


def test_equal_runs_make_equal_archives(tmp_path: Path):
    for name in ("a.zip", "b.zip"):
        pack(tmp_path / name, RUN, {"report.json": b"{}", "log.txt": b"x"}, WHEN)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


@pytest.mark.parametrize(
    "names",
    [
        ["../report.json"],
        ["/etc/report.json"],
        [f"{RUN}/../report.json"],
        [f"../{RUN}/report.json"],
        [f"{RUN}/evil.sh"],
        [f"{RUN}/sub/report.json"],
        ["report.json"],
        ["mine/report.json"],
        [f"{RUN}/report.json", "20261121-090255-aaaa/journal"],
        [f"{RUN}/"],
        [],
    ],
)
def test_an_archive_with_anything_else_is_refused_and_nothing_is_written(names: list[str], tmp_path: Path):
    path = packed(tmp_path, dict.fromkeys(names, b"{}"))
    (tmp_path / "into").mkdir()
    with pytest.raises(UsageError, match=r"given\.zip is not an archive of a run"):
        unpack(path, tmp_path / "into")
    assert sorted(entry.name for entry in tmp_path.rglob("*")) == ["given.zip", "into"]


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archive, "MAX_TOTAL", 3_000_000)
    path = packed(tmp_path, {f"{RUN}/report.json": bytes(2_000_000), f"{RUN}/journal": bytes(2_000_000)})
    (tmp_path / "into").mkdir()
    with pytest.raises(UsageError, match=r"unpacks to more than .*; that is no run"):
        unpack(path, tmp_path / "into")


def test_a_damaged_archive_is_refused(tmp_path: Path):
    pack(tmp_path / "run.zip", RUN, {"report.json": bytes(range(256)) * 10}, WHEN)
    whole = (tmp_path / "run.zip").read_bytes()
    bent = bytearray(whole)
    bent[100] ^= 0xFF  # within the compressed data
    for number, data in enumerate((whole[:-5], whole[:100], bytes(bent), b"PK\3\4")):
        (tmp_path / "damaged.zip").write_bytes(data)
        (tmp_path / str(number)).mkdir()
        with pytest.raises(UsageError, match=r"damaged\.zip is not an archive of a run"):
            unpack(tmp_path / "damaged.zip", tmp_path / str(number))
