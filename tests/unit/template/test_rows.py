"""Rows that stay in their file are those that would have been read into memory."""

import os
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadkit.flow.step import Nobody
from loadkit.template import feeders
from loadkit.template.feeders import PayloadFault, load_feeder


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file counts as large."""
    monkeypatch.setattr(feeders, "IN_MEMORY_BYTES", -1)


def both(folder: Path, data: bytes, **spec: Any) -> tuple[Any, Any]:
    """Load a payload into memory and out of its file."""
    name = spec.pop("name", "data.csv")
    (folder / name).write_bytes(data)
    made = []
    for most in (10_000_000, -1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(feeders, "IN_MEMORY_BYTES", most)
            made.append(load_feeder({"path": name, **spec}, folder))
    return made[0], made[1]


def rows_of(number: int) -> bytes:
    return b"id,name,text\n" + b"".join(f'{n},"user {n}","a, b\nc"\n'.encode() for n in range(number))


@pytest.mark.parametrize("spec", [{}, {"fields": ["a", "b"]}, {"fields": ["a"], "skipHeader": True}, {"cast": False}])
def test_the_rows_are_the_same_as_in_memory(tmp_path: Path, spec: dict[str, Any]) -> None:
    whole, apart = both(tmp_path, rows_of(3000), **spec)
    assert apart.index is not None
    assert apart.fields == whole.fields
    assert list(apart.rows) == list(whole.rows)


VALUE = st.text(alphabet='ab ,"\n\r\ufeffé', max_size=12)


@given(
    st.lists(st.lists(VALUE, min_size=2, max_size=2), min_size=1, max_size=12),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_any_rows_are_the_same_as_in_memory(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], bom: bool, end: str, skips: bool
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    lines = (",".join('"' + value.replace('"', '""') + '"' for value in row) for row in rows)
    text = ("\ufeff" if bom else "") + (end * 2 if skips else end).join(lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("loadkit.template.rows.BLOCK_BYTES", 8)
        try:
            whole, apart = both(folder, text.encode(), fields=["a", "b"])
        except PayloadFault as fault:
            assert "CR alone" in str(fault)  # noqa: PT017  # only that is asked of large files and not of small ones
            return
    assert list(apart.rows) == list(whole.rows)


@pytest.mark.parametrize("order", ["sequence", "random"])
def test_virtual_users_get_the_same_rows(tmp_path: Path, order: str) -> None:
    whole, apart = (feeder.deal() for feeder in both(tmp_path, rows_of(1000), order=order))
    for number in range(1010):
        user = Nobody()
        user.random = random.Random(number)
        expected = whole.take(user)
        user.random = random.Random(number)
        assert apart.take(user) == expected


def test_lines_of_json_are_the_same_as_in_memory(tmp_path: Path) -> None:
    text = "\n\n".join(f'{{"id": {n}, "text": "a\\u2028\u2028\u0085{n}", "n{n % 7}": []}}' for n in range(300))
    whole, apart = both(tmp_path, text.encode(), name="data.jsonl")
    assert whole.fields == apart.fields
    assert list(apart.rows) == list(whole.rows)


def test_an_index_spares_the_second_reading(tmp_path: Path, large: None, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data.csv").write_bytes(rows_of(1000))
    first = load_feeder({"path": "data.csv"}, tmp_path)
    monkeypatch.setattr(feeders, "_index", None)
    again = load_feeder({"path": "data.csv"}, tmp_path, first.index)
    assert list(again.rows[995:]) == list(first.rows[995:])
    assert first.index is not None
    assert 8 < len(first.index.offsets) < 8 * 30  # one for each kilobyte, not for each row


def test_a_file_that_is_not_the_one_indexed_is_a_fault(tmp_path: Path, large: None) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(rows_of(1000))
    first = load_feeder({"path": "data.csv"}, tmp_path)
    with path.open("ab") as file:
        file.write(b"x")
    with pytest.raises(PayloadFault, match="has been changed"):
        load_feeder({"path": "data.csv"}, tmp_path, first.index)
    os.truncate(path, 20)
    with pytest.raises(PayloadFault, match="has been changed"):
        first.rows[999]


@pytest.mark.parametrize(
    ("data", "spec", "text"),
    [
        (b"", {}, "empty"),
        (b"id,n\n1,2\n3\n", {}, "line 3 has 1 value where 2 are expected"),
        (b"id\n1\n\xff\n", {}, "line 3 is not UTF-8"),
        (b"id\n1\n2\0\n", {}, "line 3 has a NUL"),
        (b"id\n1\n" + b"x" * 1_000_001, {}, "line 3 is longer than 1,000,000 bytes"),
        (b"id\n1\n" + b"x" * 200_000, {}, "line 3 is not CSV: field larger"),
        (b"id\r1\r2\r", {}, "CR alone"),
        (b"id\n1\n", {"loadAll": True, "name": "all"}, "loadAll keeps all rows in memory"),
    ],
)
def test_what_is_wrong_with_a_large_file_is_said_before_load(
    tmp_path: Path, large: None, data: bytes, spec: dict[str, Any], text: str
) -> None:
    (tmp_path / "data.csv").write_bytes(data)
    with pytest.raises(PayloadFault, match=text):
        load_feeder({"path": "data.csv", **spec}, tmp_path)
