"""Mutated HTML, XML, selectors and XPaths: a value, nothing, or a failed capture that says why; never more."""

from random import Random
from types import SimpleNamespace
from typing import Any

from loadkit.flow.extract import compile_captures
from loadkit.flow.reading import Failure
from loadkit.flow.response import Response
from loadkit.template.path import MISSING
from tests.fuzz.mutation import fuzz, in_shards, mutated
from tests.support.users import build

PAGES = (
    b'<html><head><title>t</title></head><body><a class="p" href="/1">One</a><p>text<br><i id=x>y</i></body></html>',
    b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY e "x">]><r xmlns:n="urn:n"><i id="1">&e;</i><n:i/><!-- c --><?p i?></r>',
    b'<?xml version="1.0" encoding="ISO-8859-1"?><r a="\xe4">\xe4<![CDATA[x]]></r>', b"plain text", b"\xff\xfe<\0a\0>\0", b"",
)  # fmt: skip
PAGE_TOKENS = (
    b"<", b">", b"</", b"<a>" * 300, b"&e;", b"&#0;", b"&#xd800;", b"<!--", b"]]>", b"<![CDATA[", b"\0", b"\xff", b"<?xml",
    b' encoding="utf-16"', b' encoding="nonsense"', b"<script>", b"<svg:x>", b"xmlns:", b'xmlns=""', b"<!DOCTYPE", b"<table><b>",
)  # fmt: skip
PATHS = (
    "//a/@href",
    "//i[2]",
    "count(//*)",
    "string(//p)",
    "//namespace::*",
    "//comment()",
    "/r/n:i",
    "//processing-instruction()",
)
SELECTORS = ("a.p", "p > i", "[id=x]", "a:not(.q)", "i:nth-child(2n+1)", "html", "*", "a, b ~ c + d", ":contains('x')")
TOKENS = (
    "[",
    "]",
    "(",
    ")",
    "//",
    "::",
    "|",
    "*",
    "@",
    "'",
    '"',
    "\0",
    "\ud800",
    "9" * 30,
    ":",
    "::before",
    "/..",
    "$x",
    "id('a')",
    "-",
)
TYPES = ("text/html", "application/xml", "text/xml; charset=utf-16", "image/svg+xml", "text/html; charset=nonsense", "")


def check(case: tuple[bytes, str, str, dict[str, Any]]) -> None:
    body, content_type, source, item = case
    made, user = build({"source"}), SimpleNamespace(variables={"source": source}, random=Random(1))
    captures = compile_captures({"capture": {**item, "as": "x"}}, (), made)
    assert captures is not None
    response = Response(200, lambda: [(b"content-type", content_type.encode())], body)
    text = captures.apply(user, response)
    user.random = Random(1)  # the same choice again
    found = captures.seen(user, response)["x"]
    if text is None:
        assert user.variables["x"] == found
        assert isinstance(found, str | dict | bool | int | float)
    else:
        assert found is MISSING or found == "" or isinstance(found, Failure)


@in_shards
def test_mutated_pages_and_expressions_give_a_value_or_a_reason(shard: int) -> None:
    def make(random: Random) -> tuple[bytes, str, str, dict[str, Any]]:
        kind, corpus = random.choice((("xpath", PATHS), ("selector", SELECTORS)))
        source = mutated(random, corpus, TOKENS) if random.random() < 0.5 else random.choice(corpus)
        item: dict[str, Any] = {kind: "{{ source }}"}
        item |= random.choice(
            ({}, {"attr": "href"}, {"text": True}, {"index": "random"}, {"index": "last"}, {"index": -2})
        )
        return mutated(random, PAGES, PAGE_TOKENS), random.choice(TYPES), source, item

    fuzz("markup", shard, make, check)
