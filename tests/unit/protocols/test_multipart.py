"""Forms with files, as another implementation reads them: the standard library's parser of messages."""

from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import pytest

from loadkit.protocols.multipart import BoundaryFound, compile_multipart
from tests.support.users import build, faults, user


def parts(fields: dict[str, Any], base: Path = Path(), **variables: Any) -> list[tuple[str, Any, str, bytes]]:
    """Return (name, file name, content type, content) of each part."""
    made = build(variables)
    made.base = base
    render, _, content_type = compile_multipart(fields, ("formData",), made)
    assert made.diagnostics == []
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + render(user(**variables)))
    assert not message.defects
    return [
        (
            str(part.get_param("name", header="content-disposition")),
            part.get_filename(),
            str(part["content-type"] or ""),
            part.get_payload(decode=True),
        )
        for part in message.iter_parts()
    ]


def test_values_are_parts_in_order() -> None:
    fields = {"user": "ann", "age": 7, "ok": True, "none": None, "tag": ["a", "{{ tag }}"]}
    assert [(name, content) for name, _, _, content in parts(fields, tag="ü")] == [
        ("user", b"ann"),
        ("age", b"7"),
        ("ok", b"true"),
        ("none", b""),
        ("tag", b"a"),
        ("tag", "ü".encode()),
    ]


def test_a_file_keeps_its_bytes_and_has_a_name_and_a_type(tmp_path: Path) -> None:
    data = bytes(range(256)) + b"\r\n--x\r\n"
    (tmp_path / "images").mkdir()
    for name in ("images/cat.png", "thing"):
        (tmp_path / name).write_bytes(data)
    fields = {
        "a": {"fromFile": "images/cat.png"},
        "b": {"fromFile": "thing"},
        "c": {"fromFile": "thing", "contentType": "text/x-thing"},
        "d": {"value": "<{{ e }}/>", "contentType": "application/xml"},
    }
    assert parts(fields, tmp_path, e="e") == [
        ("a", "cat.png", "image/png", data),
        ("b", "thing", "application/octet-stream", data),
        ("c", "thing", "text/x-thing", data),
        ("d", None, "application/xml", b"<e/>"),
    ]


def test_a_name_cannot_end_its_quotes_or_its_line() -> None:
    render, constant, _ = compile_multipart({'a"\r\nX: 1': "v"}, (), build())
    assert constant
    assert b'name="a%22%0D%0AX: 1"\r\n' in render(None)


def test_a_value_with_the_boundary_is_not_sent() -> None:
    render, _, content_type = compile_multipart({"a": "{{ echo }}"}, (), build(["echo"]))
    with pytest.raises(BoundaryFound):
        render(user(echo=content_type))


def test_the_same_form_has_the_same_bytes_and_another_one_another_boundary() -> None:
    one, again, other = (compile_multipart({"a": text}, (), build()) for text in ("x", "x", "y"))
    assert one[0](None) == again[0](None)
    assert one[2] != other[2]


@pytest.mark.parametrize(
    ("field", "code", "path"),
    [
        ({"fromFile": "missing.png"}, "LK214", "a.fromFile"),
        ({"fromFile": "{{ name }}"}, "LK214", "a.fromFile"),
        ({"fromFile": "\0"}, "LK214", "a.fromFile"),
        ({"contentType": "text/plain"}, "LK103", "a key"),
    ],
)
def test_mistakes_are_reported_where_they_stand(field: dict[str, Any], code: str, path: str) -> None:
    made = build()
    compile_multipart({"a": field}, (), made)
    assert faults(made) == [(code, path)]
