"""Values out of HTML and XML: what is found, what is not, and what a body cannot do."""

import sys
from typing import Any

import pytest

from loadkit.flow.extract import compile_captures
from loadkit.flow.reading import MAX_BODY_BYTES
from loadkit.flow.response import Response
from tests.support.users import build, faults, response, user

PAGE = response(
    '<html><body><a class="p" href="/1" data-id="1">One</a><a class=p href="/2">T<b>w</b>o</a><a class="p" href="">Three</a>'
    '<input name="csrf" value="t&ouml;k"><br><p>unclosed</body>',
    content_type="text/html; charset=utf-8",
)
FEED = response(
    '<?xml version="1.0" encoding="ISO-8859-1"?><r xmlns:x="urn:x"><item id="1">one</item><item id="2">zwölf</item>'
    "<x:y>spaced</x:y><!--c--></r>".encode("latin-1"),
    content_type="application/xml",
)


def take(item: Any, of: Response = PAGE, **variables: Any) -> tuple[Any, str | None]:
    """Return what is captured, and why not."""
    made, somebody = build(variables), user(**variables)
    compiled = compile_captures({"capture": {**item, "as": "found"}}, (), made)
    assert compiled is not None
    text = compiled.apply(somebody, of)
    return somebody.variables.get("found"), text


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ({"selector": "a.p", "attr": "href"}, "/1"),
        ({"selector": "a.p", "attr": "href", "index": 1}, "/2"),
        ({"selector": "a.p", "attr": "href", "index": "1"}, "/2"),
        ({"selector": "a.p:not([data-id])", "attr": "href"}, "/2"),
        ({"selector": "a.p", "index": "last", "text": True}, "Three"),
        ({"selector": "a.p", "index": 1, "text": True}, "Two"),
        ({"selector": "a.p"}, {"class": "p", "href": "/1", "data-id": "1"}),
        ({"selector": "br"}, {}),
        ({"selector": "input[name={{ field }}]", "attr": "{{ attribute }}"}, "tök"),
        ({"xpath": "//a[2]"}, "Two"),
        ({"xpath": "//a", "attr": "data-id"}, "1"),
        ({"xpath": "//a/@href"}, "/1"),
        ({"xpath": "//a/@href", "index": 1}, "/2"),
        ({"xpath": "count(//a)"}, 3),
        ({"xpath": "count(//a) > 5"}, False),
        ({"xpath": "string(//input/@value)"}, "tök"),
        ({"xpath": "//input[@name='{{ field }}']/@value"}, "tök"),
    ],
)
def test_values_are_found(item: Any, value: Any) -> None:
    assert take(item, field="csrf", attribute="value") == (value, None)


@pytest.mark.parametrize(
    ("xpath", "value"),
    [
        ("//item[2]", "zwölf"),
        ("//comment()", "c"),
        ("//namespace::x", "urn:x"),
        ("/r/x:y", "spaced"),
        ("//item/@id", "1"),
        ("name(/*)", "r"),
    ],
)
def test_xml_is_read_in_its_own_encoding_and_namespaces(xpath: str, value: str) -> None:
    assert take({"xpath": xpath}, FEED) == (value, None)


def test_random_takes_each_element_by_the_seed() -> None:
    made = build()
    compiled = compile_captures({"capture": {"xpath": "//item/@id", "index": "random", "as": "x"}}, (), made)
    assert compiled is not None
    found = []
    for seed in [*range(20), *range(20)]:
        somebody = user(seed=seed)
        compiled.apply(somebody, FEED)
        found.append(somebody.variables["x"])
    assert set(found) == {"1", "2"}
    assert found[:20] == found[20:]


@pytest.mark.parametrize(
    ("item", "of", "says"),
    [
        ({"selector": "q.nope", "attr": "href"}, PAGE, "nothing was found"),
        ({"selector": "a.p", "attr": "nope"}, PAGE, "nothing was found"),
        ({"selector": "a.p", "attr": "href", "index": 9}, PAGE, "nothing was found"),
        ({"selector": "a.p", "attr": "href", "index": -1}, PAGE, "nothing was found"),
        ({"selector": "a.p", "attr": "href", "index": "last"}, PAGE, "the value is empty"),
        ({"selector": "{{ bad }}", "attr": "href"}, PAGE, "is not a CSS selector"),
        ({"xpath": "{{ bad }}"}, PAGE, "is not an XPath"),
        ({"xpath": "//y:z"}, FEED, "cannot be evaluated"),
        ({"selector": "y|z", "text": True}, FEED, "cannot be evaluated"),
        ({"xpath": "number(//item)"}, FEED, "nothing was found"),
        ({"xpath": "//a"}, response("<a><b></a>", content_type="text/xml"), "the body is not XML"),
        ({"xpath": "//a"}, response("", content_type="text/xml"), "the body is not XML"),
        ({"selector": "a", "text": True}, response(""), "the body has no element"),
        ({"xpath": "//a"}, response(b"<a>" * MAX_BODY_BYTES), "at most"),
    ],
)
def test_what_is_not_found_is_explained(item: Any, of: Response, says: str) -> None:
    value, text = take(item, of, bad="a[")
    assert value is None
    assert says in str(text)


def test_a_body_is_parsed_once() -> None:
    page = response("<i id=a>1</i>", content_type="text/html")
    take({"selector": "i", "attr": "id"}, page)
    first = page.markup
    take({"xpath": "//i"}, page)
    assert page.markup is first is not None


def test_entities_are_neither_expanded_nor_fetched() -> None:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
    for body in (
        f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY e0 "ha">{bomb}]><r>&e8;</r>',
        '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/hostname">]><r>&f;</r>',
    ):
        value, text = take({"xpath": "string(/r)"}, response(body, content_type="application/xml"))
        assert (value or "") == ""
        assert text is not None


def test_without_the_libraries_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cssselect", None)
    made = build()
    compile_captures({"capture": {"selector": "a", "attr": "b", "as": "x"}}, (), made)
    assert faults(made) == [("LK216", "capture.selector")]
    assert made.diagnostics[0].hint == "python -m pip install 'loadkit[html]'"
