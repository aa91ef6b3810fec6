import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from loadkit.flow.step import Nobody
from loadkit.template.dealing import Dealer, Feeder
from loadkit.template.feeders import CONFIG, PayloadFault, load_feeder


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
        ("a,b\n1,2\n3\n", {}, 3, "1 value where 2 are expected"),
        ("a,b\n1,2\n\n1,2,3\n", {}, 4, "3 values where 2 are expected"),
        ('a,b\n"x\ny",2\n3\n', {}, 4, "1 value where 2"),
        ("a,\n1,2\n", {}, 1, "column 2 has no name"),
        ("a,a\n1,2\n", {}, None, 'two columns are named "a"'),
        ('a,b\n1,2\n"x,2\n', {}, 3, "not CSV"),
        ('a,b\n1,"x"y\n', {}, 2, "not CSV"),
        (b"a,b\n1,2\n\xff,3\n", {}, 3, "not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), {}, 1, "not UTF-8"),
        ("a,b\n1,\0\n", {}, 2, "NUL"),
        ("a,b\n1,2\n", {"options": {"quote": "::"}}, None, "not one character"),
        ("a,b\n1,2\n", {"options": {"from_line": "x"}}, None, "options.from_line must be a whole number"),
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


@pytest.mark.parametrize(
    ("data", "spec", "code", "says"),
    [
        ("", {"fields": ["a"]}, "LK510", "no rows"),
        ("a,b\n", {}, "LK510", "no rows"),
        ("1,2\n", {"fields": ["a", "b", "c", "d"]}, "LK510", "line 1 has 2 values for 4 fields; no value: c, d"),
        ("a,b\n1,2\n", {"loadAll": True}, "LK505", "`name`"),
        ("a\n1\ntrue\n007\n", {}, "LK506", "values `true` and `false` are booleans"),
        ("a\n1\n007\ntrue\n", {}, "LK506", "values such as 007"),
    ],
)
def test_what_artillery_would_run_is_noted(folder: Path, data: str, spec: dict[str, Any], code: str, says: str) -> None:
    ((found, text),) = load(folder, data, **spec).notes
    assert found == code
    assert says in text


@pytest.mark.parametrize(
    ("text", "value"),
    [("007", 7), ("+49", 49), ("1e5", 100_000), (" 1.50 ", 1.5), ("true", "true"), ("", ""), ("1x", "1x")],
)
def test_values_are_typed_as_by_artillery_where_that_is_wanted(folder: Path, text: str, value: Any) -> None:
    (folder / "data.csv").write_text(f"x,y\n{text},z\n")
    feeder = load_feeder({"path": "data.csv"}, folder, compat=True)
    assert feeder.rows[0][0] == value
    assert type(feeder.rows[0][0]) is type(value)
    assert not feeder.notes


@pytest.mark.parametrize(
    ("data", "options", "rows"),
    [
        ("a;b\n", {"delimiter": ";"}, [("a", "b")]),
        ('a::"b::c"\n', {"delimiter": "::"}, [("a", "b::c")]),
        ("'a,b',c\n", {"quote": "'"}, [("a,b", "c")]),
        ('"a,b"\n', {"quote": False}, [('"a', 'b"')]),
        ('"a\\"b",c\n', {"escape": "\\"}, [('a"b', "c")]),
        ('C:\\temp,"a\nb"\n', {"escape": "\\"}, [("C:\\temp", "a\nb")]),
        ('# one\na,b # two\n"c#",d\n  # three\n', {"comment": "#"}, [("a", "b "), ("c#", "d")]),
        (' a , "b" \n', {"trim": True}, [("a", "b")]),
        (" a ,b\n", {"ltrim": True}, [("a ", "b")]),
        (" a ,b\n", {"rtrim": True}, [(" a", "b")]),
        ("a,b\nc,d\ne,f\n", {"from_line": 2, "to_line": "2"}, [("c", "d")]),
        ("a,b\nc,d\ne,f\n", {"from": 2, "to": 2}, [("c", "d")]),
        ("a,b\nc\nd,e,f\n", {"relax_column_count": True}, [("a", "b"), ("c",), ("d", "e")]),
        ("a,b\n , \nc,d\n", {"skip_lines_with_empty_values": True}, [("a", "b"), ("c", "d")]),
        ("a,b\n\n", {"skip_empty_lines": False, "relax_column_count_less": True}, [("a", "b"), ("",)]),
        ('a"x,b\n', {"relax": True}, [('a"x', "b")]),
        ("1,b\n", {"cast": False}, [("1", "b")]),
    ],
)
@pytest.mark.parametrize("most", [10_000_000, -1], ids=["in memory", "in the file"])
def test_options_of_csv_parse_are_honoured(
    folder: Path, data: str, options: dict[str, Any], rows: list[Any], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loadkit.template.feeders.IN_MEMORY_BYTES", most)
    assert list(load(folder, data, fields=["x", "y"], options=options).rows) == rows


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("data.json", '[{"id": 1, "tags": ["a"]}, {"id": "007", "more": {"x": null}}]'),
        ("data.jsonl", '{"id": 1, "tags": ["a"]}\n\n{"id": "007", "more": {"x": null}}\n'),
        ("data.ndjson", '\ufeff{"id": 1, "tags": ["a"]}\r\n{"id": "007", "more": {"x": null}}'),
    ],
)
def test_objects_are_rows_and_their_members_columns(folder: Path, name: str, data: str) -> None:
    (folder / name).write_bytes(data.encode())
    feeder = load_feeder({"path": name}, folder)
    assert feeder.fields == ("id", "tags", "more")
    assert feeder.rows == ((1, ["a"], None), ("007", None, {"x": None}))
    assert load_feeder({"path": name, "fields": ["more", "id"]}, folder).rows == ((None, 1), ({"x": None}, "007"))
    everything = load_feeder({"path": name, "fields": ["id"], "loadAll": True, "name": "all"}, folder)
    assert everything.all_rows == [{"id": 1}, {"id": "007"}]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.json", '{"id": 1}', "one list of objects"),
        ("a.json", "[1]", "element 0 is neither"),
        ("a.json", "[", "the file is not JSON"),
        ("a.jsonl", '{"id": 1}\n{"id"}\n', "line 2 is not JSON"),
        ("a.jsonl", '{"id": 1}\n[1]\n', "line 2 is a list; name its values"),
        ("a.jsonl", "[" * 100_000, "line 1 is not JSON"),
    ],
)
def test_what_is_wrong_with_json_is_said(folder: Path, name: str, data: str, says: str) -> None:
    (folder / name).write_text(data)
    with pytest.raises(PayloadFault, match=says):
        load_feeder({"path": name}, folder)


def deal(feeder: Feeder, visits: int, *, workers: int = 1) -> list[Any]:
    """Return the ids that visits are dealt, the workers taking turns."""
    hands = [feeder.deal(index, workers) for index in range(workers)]
    rows = [hands[visit % workers].take(Nobody()) for visit in range(visits)]
    return [row and row["id"] for row in rows]


IDS = "id\n" + "\n".join(map(str, range(5)))


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_a_sequence_uses_each_row_once_per_round_whatever_the_workers(folder: Path, workers: int) -> None:
    assert deal(load(folder, IDS, order="sequence"), 12, workers=workers) == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_unique_rows_are_given_once_whatever_the_workers(folder: Path, workers: int) -> None:
    feeder = load(folder, IDS, order="unique", onExhausted="fail")
    assert deal(feeder, 7, workers=workers) == [0, 1, 2, 3, 4, None, None]
    assert deal(load(folder, IDS, order="unique", onExhausted="wrap"), 7, workers=workers)[5:] == [0, 1]


def test_only_a_payload_that_stops_the_run_is_out(folder: Path) -> None:
    def out_after(visits: int, **spec: Any) -> bool:
        hand = load(folder, IDS, **spec).deal()
        for _ in range(visits):
            hand.take(Nobody())
        return hand.is_out

    assert [out_after(visits, order="unique") for visits in (0, 4, 5)] == [False, False, True]
    assert out_after(5, order="sequence", onExhausted="stop")
    assert not out_after(9, order="sequence")
    assert not out_after(9, order="unique", onExhausted="fail")
    assert not out_after(9, order="random", onExhausted="stop")
    assert not load(folder, "id\n", order="unique").deal().is_out  # no rows at all: as in Artillery, no values
    assert Dealer(load(folder, IDS, order="unique"), 5, 7).is_out  # more workers than rows


def test_each_worker_begins_at_the_first_row_where_that_is_wanted(folder: Path) -> None:
    (folder / "data.csv").write_text(IDS)
    feeder = load_feeder({"path": "data.csv", "order": "sequence"}, folder, compat=True)
    assert deal(feeder, 6, workers=2) == [0, 0, 1, 1, 2, 2]


def test_a_random_row_repeats_with_the_seed_and_covers_all(folder: Path) -> None:
    hand = load(folder, "id\n1\n2\n3\n").deal()

    def drawn() -> list[Any]:
        users = [Nobody() for _ in range(100)]
        for number, user in enumerate(users):
            user.random = random.Random(number)
        return [(hand.take(user) or {})["id"] for user in users]

    first = drawn()
    assert set(first) == {1, 2, 3}
    assert drawn() == first


def test_load_all_gives_every_user_the_same_list_of_objects(folder: Path) -> None:
    feeder = load(folder, "id,t\n1,a\n2,b\n", loadAll=True, name="items")
    assert feeder.defines == ("items",)
    hand = feeder.deal()
    first, second = hand.take(Nobody()), hand.take(Nobody())
    assert first is not None
    assert second is not None
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
    assert feeder is None or not feeder.rows or len(feeder.deal().take(Nobody()) or {}) == len(feeder.fields)


@given(
    data=st.text(alphabet="a1, ;#'\"\\\n\r\t", max_size=40).map(str.encode),
    options=st.fixed_dictionaries(
        {},
        optional={
            "quote": st.sampled_from(["'", '"', False]),
            "escape": st.sampled_from(["\\", '"', "'"]),
            "comment": st.sampled_from(["#", "a1", '"']),
            "delimiter": st.sampled_from([";", " ", "\t", "#", ";;", "1,"]),
            **dict.fromkeys(("trim", "ltrim", "rtrim", "relax", "relax_column_count"), st.booleans()),
            "skip_lines_with_empty_values": st.booleans(),
            **dict.fromkeys(("from", "to", "from_line", "to_line"), st.integers(0, 4)),
        },
    ),
    empty=st.booleans(),
)
def test_any_options_give_the_same_rows_in_memory_and_in_the_file(
    folder: Path, data: bytes, options: dict[str, Any], empty: bool
) -> None:
    found = []
    for most in (10_000_000, -1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("loadkit.template.feeders.IN_MEMORY_BYTES", most)
            patch.setattr("loadkit.template.rows.BLOCK_BYTES", 4)
            try:
                feeder = load(folder, data, fields=["x", "y"], options=options, skipEmptyLines=not empty)
                found.append(list(feeder.rows))
            except PayloadFault as fault:
                assert str(fault)  # noqa: PT017  # the text is what is tested
                found.append([])
                if "CR alone" in str(fault):
                    return
    assert found[0] == found[1]


@given(data=st.text(alphabet='{}[]",:a1\n ', max_size=40), suffix=st.sampled_from(["json", "jsonl"]))
def test_any_json_loads_or_is_a_fault(folder: Path, data: str, suffix: str) -> None:
    (folder / f"data.{suffix}").write_text(data)
    feeder = None
    try:
        feeder = load_feeder({"path": f"data.{suffix}"}, folder)
    except PayloadFault as fault:
        assert str(fault)  # noqa: PT017  # the text is what is tested
    assert feeder is None or all(len(row) == len(feeder.fields) for row in feeder.rows)


def test_the_schema_takes_one_payload_or_a_list_and_explains_every_key() -> None:
    schema = CONFIG["payload"]
    Draft202012Validator.check_schema(schema)
    valid = Draft202012Validator(schema).is_valid
    assert valid({"path": "a.csv"})
    assert valid([{"path": "a.csv", "fields": ["x"], "order": "unique", "delimiter": "\\t", "options": {"on_x": 1}}])
    assert not valid({"fields": ["x"]})
    assert not valid([{"path": "a.csv", "feilds": ["x"]}])
    assert not valid("a.csv")
    for name, key in schema["properties"].items():
        assert {"title", "description", "examples"} <= set(key), name
