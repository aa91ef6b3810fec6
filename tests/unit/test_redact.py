"""What is masked in a text, by name, by pattern and by value; and what is left alone."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from loadkit.redact import Secrets, blot_line, forms_of, is_secret_variable, mask_text

VALUE = "pa ss/\"w'ö\\rd+=&<7"


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("http://ann:secret@shop.example/x", "http://***@shop.example/x"),
        ("https://token@shop.example", "https://***@shop.example"),
        ("http://a:b@c@shop.example", "http://***@shop.example"),
        ("http://shop.example/?mail=a@b.c", "http://shop.example/?mail=a@b.c"),
        ("http://shop.example/a@b", "http://shop.example/a@b"),
        ("/x?key=abc&b=1&session=s", "/x?key=***&b=1&session=***"),
        ("/x?a=1&sig=abc#f", "/x?a=1&sig=***"),
    ],
)
def test_users_and_secret_parameters_of_urls_are_masked(url: str, masked: str) -> None:
    assert mask_text(url) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Authorization: Digest a=1, b=2\nX: y", "Authorization: ***\nX: y"),
        ("proxy-authorization: Basic YTpi", "proxy-authorization: ***"),
        ("Cookie: a=1; b=2\r\nX: y", "Cookie: ***\r\nX: y"),
        ("Set-Cookie: sid=abc; Path=/", "Set-Cookie: ***"),
        ("got Bearer abcdef.ghi", "got Bearer ***"),
        ("got Basic YW5uOnB3MTIz", "got Basic ***"),
        ("Basic functionality is there", "Basic functionality is there"),
        ("the key: is plain", "the key: is plain"),
    ],
)
def test_credentials_in_texts_are_masked(text: str, masked: str) -> None:
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    "name", ["SIGNING_KEY", "KEY", "appKey", "MY_TOKEN", "DB_PASSWORD", "X_CREDENTIALS", "BASIC_AUTH"]
)
def test_a_variable_is_secret_by_its_name(name: str) -> None:
    assert is_secret_variable(name)
    assert Secrets().holds(name)


@pytest.mark.parametrize("name", ["monkey", "keyboard", "product", "author", "shipping"])
def test_other_variables_are_secret_when_listed(name: str) -> None:
    assert not is_secret_variable(name)
    assert Secrets([name]).holds(name)


@pytest.mark.parametrize(
    "text",
    [
        VALUE,
        quote(VALUE),
        quote(VALUE, safe=""),
        quote_plus(VALUE),
        json.dumps(VALUE),
        json.dumps(VALUE, ensure_ascii=False),
        json.dumps({"inner": json.dumps({"x": VALUE})}),
        repr(VALUE),
        *(base64.b64encode(f"{user}:{VALUE}".encode()).decode() for user in ("a", "ab", "abc")),
        base64.b64encode(f"{VALUE}{VALUE}tail".encode()).decode(),
        base64.urlsafe_b64encode(VALUE.encode()).decode(),
    ],
)
def test_a_value_is_found_however_it_is_written(text: str) -> None:
    masked = Secrets(values=[VALUE]).mask_values(f"before {text} after")
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert "***" in masked
    assert not [form for form in forms_of(VALUE) if form in masked]


@pytest.mark.parametrize("size", range(8, 19))
def test_the_beginning_of_a_value_at_a_cut_is_masked(size: int) -> None:
    secrets = Secrets(values=["canary-value-is-long"])
    assert secrets.mask_values(f"found {'canary-value-is-long'[:size]}...") == "found ***..."
    assert secrets.mask_values(f"canary-v canary-value {'canary-value-is-long'[:size]}") == "canary-v canary-value ***"


def test_the_longest_of_values_within_each_other_is_masked_whole() -> None:
    assert Secrets(values=["secret", "secret-of-ann"]).mask_values("it is secret-of-ann, secret") == "it is ***, ***"


def test_short_values_and_plain_words_stay() -> None:
    assert Secrets(values=["abc", 123, "true", False, None, ""]).known == ()
    assert Secrets(values=[12345, 1.25]).mask_values("12345 and 1.25") == "*** and ***"


def test_values_held_by_a_virtual_user_are_masked_wherever_they_are_nested() -> None:
    held = [{"card": {"number": 4242424242, "owners": ["ann-of-x"]}}]
    assert Secrets().mask_values("4242424242 of ann-of-x", held) == "*** of ***"


def test_names_are_not_looked_for_without_end() -> None:
    assert len(mask_text("a:{" * 30_000)) == 90_000


@pytest.mark.parametrize(
    ("line", "quoted"),
    [
        ('    password: "hunter2" # p', '    password: "*******" # p'),
        ("  - token: hunter two", "  - token: **********"),
        ("    auth: {user: ann, pass: hunter2}", "    auth: {user: ann, pass: *******}"),
        ("    Authorization: Bearer {{ token }}", "    Authorization: Bearer {{ token }}"),
        ("    url: http://a:bcd@h/?key=e", "    url: http://*****@h/?key=*"),
        ("    name: plain", "    name: plain"),
        ('    "apiKey": \'it', '    "apiKey": \'**'),
    ],
)
def test_a_quoted_line_keeps_its_columns(line: str, quoted: str) -> None:
    assert len(quoted) == len(line)
    assert blot_line(line) == quoted


def test_a_known_value_in_a_line_is_blotted() -> None:
    assert Secrets(values=["hunter2"]).blot("  x: [hunter2, 7]  # hunter2") == "  x: [*******, 7]  # *******"
