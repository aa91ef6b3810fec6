"""Reading files: positions, merge keys, limits, encodings; any text gives a document or a ScenarioError."""

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loadkit.errors import Diagnostic, Position, ScenarioError
from loadkit.scenario.source import (
    MAX_DIAGNOSTICS,
    Document,
    Reading,
    Span,
    document_from_wire,
    document_to_wire,
    in_order,
    read_document,
    read_source,
)

TEXT = """\
config:
  target: "http://a"
  phases:
    - {duration: 10, name: 'warm up'}
    - duration:
      name: |
        two
scenarios: []
"""


def read(text: str) -> Document:
    return read_document("a.yaml", text)


@pytest.mark.parametrize(
    ("where", "is_key", "place", "width"),
    [
        (("config",), True, (1, 1), 6),
        (("config", "target"), True, (2, 3), 6),
        (("config", "target"), False, (2, 11), 10),
        (("config", "phases", 0), False, (4, 7), 31),
        (("config", "phases", 0), True, (4, 7), 31),
        (("config", "phases", 0, "name"), False, (4, 28), 9),
        (("config", "phases", 1, "duration"), False, (5, 7), 8),
        (("config", "phases", 1, "name"), False, (6, 13), 1),
        (("scenarios",), False, (8, 12), 2),
        (("config", "phases", 1, "mode"), False, (5, 7), 8),
        (("config", "http", "timeout"), False, (1, 1), 6),
        (("nothing",), False, (1, 1), 6),
    ],
)  # fmt: skip
def test_positions(where: tuple[str | int, ...], is_key: bool, place: tuple[int, int], width: int) -> None:
    document = read(TEXT)
    assert document.at(where, key=is_key) == Position("a.yaml", *place)
    assert document.width(where, key=is_key) == width


def test_merge_keys_and_aliases_keep_the_places_of_what_they_name() -> None:
    document = read("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: *a\nd:\n  <<: [{x: 8}, *a]\n")
    assert document.data == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": {"x": 1, "y": 2}, "d": {"x": 8, "y": 2}}
    assert document.at(("b", "x")) == document.at(("a", "x")) == document.at(("c", "x"))
    assert document.at(("b", "y"), key=True) == Position("a.yaml", 2, 13)
    document.data["c"]["x"] = 5
    assert document.data["a"]["x"] == 1


def test_a_quoted_merge_key_is_a_key() -> None:
    assert read("a: {'<<': 1}\n").data == {"a": {"<<": 1}}


def test_keys_are_texts_as_written() -> None:
    assert read("a: {200: x, true: y, on: z, 012: v}\n").data == {"a": {"200": "x", "true": "y", "on": "z", "012": "v"}}


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfa: caf\xc3\xa9\r\nb: 1\r\n",
        "a: café\nb: 1\n".encode("utf-16"),
        b'{"a": "caf\\u00e9",\n\t"b": 1}',
    ],
)
def test_byte_order_marks_line_ends_and_json(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(data)
    document = read_document(path)
    assert document.data == {"a": "café", "b": 1}
    assert document.at(("b",), key=True).line == 2


def test_json_may_escape_characters_as_pairs() -> None:
    assert read_document("a.json", '{"a": "\\ud83d\\ude00"}').data == {"a": "😀"}


def faults(reading: Reading) -> list[tuple[str, str]]:
    return [(found.code, str(found.at)) for found in reading.diagnostics]


def test_a_missing_file_names_the_closest(tmp_path: Path) -> None:
    (tmp_path / "light.yaml").write_text("a: 1\n")
    reading = read_source(tmp_path / "ligth.yaml")
    assert faults(reading) == [("LK001", f"{tmp_path / 'ligth.yaml'}:1:1")]
    assert reading.diagnostics[0].hint == f'did you mean "{tmp_path / "light.yaml"}"?'


@pytest.mark.parametrize("name", ["", ".", "a\0b", "no/such/directory/a.yaml"])
def test_what_is_no_file_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert [code for code, _ in faults(read_source(name))] == ["LK001"]


def test_a_byte_that_is_not_utf_8_is_shown_in_place(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(ScenarioError) as caught:
        read_document(path)
    assert [(found.code, found.at.line, found.at.column) for found in caught.value.diagnostics] == [("LK001", 2, 7)]


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    started = time.perf_counter()
    assert faults(read_source(path)) == [("LK008", f"{path}:1:1")]
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "- a\n", "text\n", "12\n", "a: 1\n---\nb: 2\n"])
def test_a_file_is_one_mapping(text: str) -> None:
    assert [code for code, _ in faults(read_source("a.yaml", text))] == ["LK010"]


def test_an_error_takes_the_hint_of_the_warning_at_its_place() -> None:
    at = Position("a.yaml", 1, 1)
    warning = read_source("a.yaml", "a: no\n").diagnostics[0]
    error = Diagnostic(code="LK102", message="must be true or false", at=warning.at, hint="for example true")
    other = Diagnostic(code="LK101", message="unknown", at=at)
    assert [(found.code, found.hint) for found in in_order([warning, error, other])] == [
        ("LK101", ""),
        ("LK102", warning.hint),
    ]


def test_endless_faults_are_cut_off() -> None:
    found = read_source("a.yaml", "a: 1\n" * 1000).diagnostics
    assert len(found) == MAX_DIAGNOSTICS
    assert "799 more" in found[-1].hint


def test_the_wire_form_gives_the_same_document() -> None:
    document = read("a: &a {x: [1, 2.5, null, .inf, 99999999999999999999999999]}\nb: *a\nc: é\n")
    document.spans["d",] = Span(key=None, value=Position("--target", 1, 1))
    document.sources["--target"] = "x"
    packed = msgspec.msgpack.encode(document_to_wire(document))
    assert document_from_wire(msgspec.msgpack.decode(packed)) == document


PIECES = st.sampled_from(
    "a b:_ :_ -_ \n \n__ \n\t { } [ ] , \" ' {{_x_}} {{ }} &a_ *a <<:_ !x_ !!int_ |\n >-\n # ---\n ...\n ?_ % @ ~ 1e3 yes \\ "
    "\\U00110000 é 😀 \u2028 \x85 \r \ufeff".replace("_", "\0").split(" ")
).map(lambda piece: piece.replace("\0", " "))
TEXTS = st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join))


@settings(max_examples=1000, deadline=2000)
@given(text=TEXTS)
@example(text='a: "\\UFFFFFFFF"')
@example(text="a: \ud800")
@example(text="? ? ?\n: :\n")
@example(text="{{{{{{{{{{")
@example(text="a:\n\t- {{ x\n\t'")
def test_any_text_gives_a_document_or_a_scenario_error(text: str) -> None:
    reading = read_source("a.yaml", text)
    lines = text.splitlines() or [""]
    for found in reading.diagnostics:
        assert 1 <= found.at.line <= len(lines)
        assert 1 <= found.at.column <= len(lines[found.at.line - 1]) + 1
    if reading.document is None:
        with pytest.raises(ScenarioError):
            read(text)
    else:
        assert isinstance(reading.document.data, dict)
        check_spans(reading.document, reading.document.data, ())


def check_spans(document: Document, value: Any, where: tuple[str | int, ...]) -> None:
    assert where in document.spans
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        check_spans(document, item, (*where, key))
