import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from loadkit.template.feeders import CONFIG, Feeder, PayloadFault, load_feeder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("payload")


def load(folder: Path, data: str | bytes, **spec: Any) -> Feeder:
    (folder / "data.csv").write_bytes(data.encode() if isinstance(data, str) else data)
    return load_feeder({"path": "data.csv", **spec}, folder)


def fault(folder: Path, data: str | bytes, **spec: Any) -> PayloadFault:
    with pytest.raises(PayloadFault) as caught:
        load(folder, data, **spec)
    return caught.value


def test_fields_name_the_columns(folder: Path) -> None:
    feeder = load(folder, "ann,1\nbob,2\n", fields=["name", "id"])
    assert feeder.fields == feeder.defines == ("name", "id")
    assert feeder.rows == (("ann", 1), ("bob", 2))


def test_without_fields_the_first_row_names_the_columns(folder: Path) -> None:
    for spec in ({}, {"skipHeader": True}):
        feeder = load(folder, " name ,id\nann,1\n", **spec)
        assert (feeder.fields, feeder.rows) == (("name", "id"), (("ann", 1),))


def test_a_header_beside_fields_is_skipped_when_asked(folder: Path) -> None:
    data = "name,id\nann,1\n"
    assert load(folder, data, fields=["n", "i"], skipHeader=True).rows == (("ann", 1),)
    assert load(folder, data, fields=["n", "i"]).rows == (("name", "id"), ("ann", 1))


def test_columns_beyond_the_fields_are_left_out(folder: Path) -> None:
    assert load(folder, "a,b,c\n", fields=["x"]).rows == (("a",),)


@pytest.mark.parametrize(
    "data",
    [b"\xef\xbb\xbfid,t\r\n1,a\r\n2,b\r\n", b"id,t\r1,a\r2,b", b"id,t\n1,a\n\n2,b\n\n", b'id,t\n"1","a"\n"2","b"'],
    ids=["BOM and CRLF", "CR", "empty lines", "quotes"],
)
def test_files_of_all_systems_read_the_same(folder: Path, data: bytes) -> None:
    feeder = load(folder, data)
    assert (feeder.fields, feeder.rows) == (("id", "t"), ((1, "a"), (2, "b")))


def test_quoted_values_may_hold_delimiters_quotes_and_newlines(folder: Path) -> None:
    assert load(folder, 'x,y\n"a,""b""\nc",1\n').rows == (('a,"b"\nc', 1),)


@pytest.mark.parametrize("delimiter", [";", "\t", "\\t", "|"])
def test_delimiters(folder: Path, delimiter: str) -> None:
    data = "a|b\n1|2\n".replace("|", "\t" if delimiter == "\\t" else delimiter)
    assert load(folder, data, delimiter=delimiter).rows == ((1, 2),)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("0", 0),
        ("1.5", 1.5),
        ("true", True),
        ("false", False),
        ("", ""),
        ("007", "007"),
        ("+49", "+49"),
        ("1e5", "1e5"),
        ("-0", "-0"),
        ("1.", "1."),
        (" 1", " 1"),
        ("1234567890123456", "1234567890123456"),
        ("TRUE", "TRUE"),
        ("١", "١"),
        ("nan", "nan"),
    ],
)
def test_values_are_typed_unless_that_would_change_them(folder: Path, text: str, value: Any) -> None:
    found = load(folder, f"x,y\n{text},z\n").rows[0][0]
    assert found == value
    assert type(found) is type(value)
    assert load(folder, f"x,y\n{text},z\n", cast=False).rows[0][0] == text


def test_empty_lines_can_be_rows(folder: Path) -> None:
    assert load(folder, "a\n\nb\n", fields=["x"], skipEmptyLines=False).rows == (("a",), ("",), ("b",))


@pytest.mark.parametrize(
    ("data", "spec", "row", "says"),
    [
        ("", {}, None, "empty"),
        ("", {"fields": ["a"]}, None, "no rows"),
        ("a,b\n", {}, None, "no rows"),
        ("a,b\n1,2\n3\n", {}, 3, "1 value where 2 are expected"),
        ("a,b\n1,2\n\n1,2,3\n", {}, 4, "3 values where 2 are expected"),
        ('a,b\n"x\ny",2\n3\n', {}, 4, "1 value where 2"),
        ("1,2\n", {"fields": ["a", "b", "c"]}, 1, "2 values where 3"),
        ("a,\n1,2\n", {}, 1, "column 2 has no name"),
        ("a,a\n1,2\n", {}, None, 'two columns are named "a"'),
        ('a,b\n1,2\n"x,2\n', {}, 3, "not CSV"),
        ('a,b\n1,"x"y\n', {}, 2, "not CSV"),
        (b"a,b\n1,2\n\xff,3\n", {}, 3, "not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), {}, 1, "not UTF-8"),
        ("a,b\n1,\0\n", {}, 2, "NUL"),
        ("a,b\n1,2\n", {"delimiter": "::"}, None, "not one character"),
        ("a,b\n1,2\n", {"loadAll": True}, None, "`name`"),
    ],
)
def test_faults_say_what_is_wrong_and_in_which_line(
    folder: Path, data: str | bytes, spec: dict[str, Any], row: int | None, says: str
) -> None:
    found = fault(folder, data, **spec)
    assert says in str(found)
    assert found.row == row


@pytest.mark.parametrize("path", ["missing.csv", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_a_fault(folder: Path, path: str) -> None:
    with pytest.raises(PayloadFault, match="cannot read"):
        load_feeder({"path": path}, folder)


def test_a_sequence_uses_each_row_once_per_round_whatever_the_workers(folder: Path) -> None:
    feeder = load(folder, "id\n" + "\n".join(map(str, range(5))), order="sequence")
    rng = random.Random(1)
    assert [feeder.pick(number, rng)["id"] for number in range(7)] == [0, 1, 2, 3, 4, 0, 1]
    shards = [[feeder.pick(number, rng)["id"] for number in range(worker, 10, 3)] for worker in range(3)]
    assert sorted(row for shard in shards for row in shard) == sorted([0, 1, 2, 3, 4] * 2)


def test_a_random_row_repeats_with_the_seed_and_covers_all(folder: Path) -> None:
    feeder = load(folder, "id\n1\n2\n3\n")
    drawn = [feeder.pick(number, random.Random(number))["id"] for number in range(100)]
    assert set(drawn) == {1, 2, 3}
    assert drawn == [feeder.pick(number, random.Random(number))["id"] for number in range(100)]


def test_load_all_gives_every_user_the_same_list_of_objects(folder: Path) -> None:
    feeder = load(folder, "id,t\n1,a\n2,b\n", loadAll=True, name="items")
    assert feeder.defines == ("items",)
    first, second = feeder.pick(0, random.Random(1)), feeder.pick(1, random.Random(2))
    assert first == {"items": [{"id": 1, "t": "a"}, {"id": 2, "t": "b"}]}
    assert first["items"] is second["items"]


def test_equal_values_are_stored_once(folder: Path) -> None:
    rows = load(folder, "x,y\nlong text,1\nlong text,2\n").rows
    assert rows[0][0] is rows[1][0]


@given(data=st.binary(max_size=60) | st.text(alphabet='a1,"\n\r\0;', max_size=40).map(str.encode))
def test_any_file_loads_or_is_a_fault(folder: Path, data: bytes) -> None:
    feeder = None
    try:
        feeder = load(folder, data)
    except PayloadFault as found:
        assert str(found)  # noqa: PT017  # the text is what is tested
    assert feeder is None or len(feeder.pick(3, random.Random(1))) == len(feeder.fields)


def test_the_schema_takes_one_payload_or_a_list_and_explains_every_key() -> None:
    schema = CONFIG["payload"]
    Draft202012Validator.check_schema(schema)
    valid = Draft202012Validator(schema).is_valid
    assert valid({"path": "a.csv"})
    assert valid([{"path": "a.csv", "fields": ["x"], "order": "sequence", "delimiter": "\\t"}])
    assert not valid({"fields": ["x"]})
    assert not valid([{"path": "a.csv", "feilds": ["x"]}])
    assert not valid("a.csv")
    for name, key in schema["properties"].items():
        assert {"title", "description", "examples"} <= set(key), name
