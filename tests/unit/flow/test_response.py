import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadkit.flow.response import Response
from tests.support.users import response


def test_headers_are_found_whatever_their_case() -> None:
    made = Response(200, lambda: [(b"X-A", b" 1 "), (b"Set-Cookie", b"a=1"), (b"set-cookie", b"b=2")], b"")
    assert made.header("x-a") == made.header("X-A") == "1"
    assert made.header_values("SET-COOKIE") == ["a=1", "b=2"]
    assert made.header("Set-Cookie") == "a=1, b=2"
    assert made.header("missing") is None
    assert made.header_values("missing") == []
    assert made.header("日本") is None


@pytest.mark.parametrize(
    ("content_type", "media_type", "charset"),
    [
        ("Text/HTML; Charset=ISO-8859-1", "text/html", "iso-8859-1"),
        ('application/json;charset="UTF-8"', "application/json", "utf-8"),
        ("text/plain", "text/plain", ""),
        ("", "", ""),
    ],
)
def test_content_type_is_taken_apart(content_type: str, media_type: str, charset: str) -> None:
    made = response(content_type=content_type)
    assert (made.media_type, made.charset) == (media_type, charset)


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("é".encode(), "", "é"),
        ("é".encode("latin-1"), "text/plain; charset=iso-8859-1", "é"),
        ("é".encode("utf-16"), "text/plain; charset=utf-16", "é"),
        (b"\xef\xbb\xbfabc", "text/plain; charset=utf-8", "abc"),
        (b"\xef\xbb\xbfabc", "", "abc"),
        (b"a\xffb", "", "a\ufffdb"),
        ("é".encode(), "text/plain; charset=klingon", "é"),
        ("é".encode(), "text/plain; charset=hex", "é"),
        ("é".encode(), "text/plain; charset=undefined", "é"),
        (b"", "", ""),
    ],
)
def test_text_is_decoded_by_the_charset(body: bytes, content_type: str, text: str) -> None:
    assert response(body, content_type=content_type).text == text


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": [1, null]}', {"a": [1, None]}),
        (b"null", None),
        (b"\xef\xbb\xbf[1]", [1]),
        (b" 5 ", 5),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_json_is_parsed_once(body: bytes, value: object) -> None:
    made = response(body)
    assert made.json() == value
    assert made.json() is made.json()


def test_json_in_another_charset_is_understood() -> None:
    assert response('["é"]'.encode("latin-1"), content_type="application/json; charset=latin1").json() == ["é"]


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"\xff", b"[" * 100_000, b'"\\ud800"', b"NaN"])
def test_what_is_not_json_is_a_value_error_each_time(body: bytes) -> None:
    made = response(body, content_type="text/html; charset=iso-8859-1")
    for _ in range(2):
        with pytest.raises(ValueError, match=r"^the body is "):
            made.json()


@given(st.binary(max_size=50), st.text(alphabet="charset=uf-8;'\" \0", max_size=30).map(lambda text: text.encode()))
def test_any_response_can_be_read(body: bytes, content_type: bytes) -> None:
    made = Response(200, lambda: [(b"content-type", content_type)], body)
    assert isinstance(made.text, str)
    assert isinstance(made.media_type, str)
