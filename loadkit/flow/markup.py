"""Take a value out of HTML or XML: by a CSS selector or an XPath, through lxml, which is imported when it is used (extra `html`).

A body is parsed once for all captures of a step. Entities are not expanded, nothing is fetched, and what is not well-formed XML
is a failed capture; HTML is repaired as browsers do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from loadkit.flow.budget import BudgetSpent, within_budget
from loadkit.flow.reading import Failure, Read, body_fault
from loadkit.flow.response import Response
from loadkit.flow.step import NOBODY, Build, Where
from loadkit.template.compile import Template, TemplateContext
from loadkit.template.path import MISSING

INSTALL = "python -m pip install 'loadkit[html]'"
_CACHED = 256
_XML = re.compile(r"[\w.+-]+/(?:[\w.+-]+\+)?xml", re.ASCII)

_Find = Callable[[Any], Any]
"""Gives what an expression finds in a parsed document."""
_Choose = Callable[[TemplateContext, list[Any]], list[Any]]
_Take = Callable[[Any], Any]


class MarkupFault(ValueError):
    """An expression that cannot be parsed."""


def compile_selector(template: Template, item: Mapping[str, Any], at: Where, build: Build) -> Read | None:
    """Compile a capture by CSS selector: an attribute, or all of them, or with `text: true` the element's text."""
    if "attr" in item:
        take = _attribute(build.template(item["attr"], (*at, "attr")))
    elif item.get("text") is True:
        take = lambda user: _text_of  # noqa: E731
    else:
        take = lambda user: _attributes  # noqa: E731
        if not build.compat:
            text = "without `attr` all attributes of the element are taken, as a mapping"
            hint = "add `attr: href` for one of them, or `text: true` for the text of the element"
            build.warn("LK512", (*at, "selector"), text, hint=hint)
    return _compile(template, item, (*at, "selector"), build, _css, take)


def compile_xpath(template: Template, item: Mapping[str, Any], at: Where, build: Build) -> Read | None:
    """Compile a capture by XPath 1.0: the text of what it finds, or an attribute of it."""
    take = _attribute(build.template(item["attr"], (*at, "attr"))) if "attr" in item else lambda user: _text_of
    return _compile(template, item, (*at, "xpath"), build, _xpath, take)


def _compile(
    template: Template,
    item: Mapping[str, Any],
    at: Where,
    build: Build,
    parse: Callable[[str], _Find],
    take: Callable[[TemplateContext], _Take],
) -> Read | None:
    try:
        import cssselect
        import lxml.etree
    except ImportError:
        build.error("LK216", at, f"a capture by `{at[-1]}` needs lxml and cssselect", hint=INSTALL)
        return None
    _ = cssselect, lxml.etree
    cached = lru_cache(_CACHED)(parse)
    if template.is_constant:
        try:
            cached(template.text(NOBODY))
        except MarkupFault as fault:
            if at[-1] == "selector":  # Artillery ends there
                build.error("LK216", at, str(fault))
                return None
            build.warn("LK512", at, f"{fault}; the capture fails at each response")
    choose = _chooser(item.get("index", 0))
    text_of = template.text

    def read(user: TemplateContext, response: Response) -> Any:
        fault = body_fault(response)
        if fault is not None:
            return Failure(fault)
        try:
            find = cached(text_of(user))
            found = within_budget(lambda: find(_document(response)))
        except (MarkupFault, BudgetSpent) as fault_of_it:
            return Failure(str(fault_of_it))
        if not isinstance(found, list):  # what an XPath counts or compares
            return _plain(found)
        chosen = choose(user, found)
        return take(user)(chosen[0]) if chosen else MISSING

    return read


# What is taken of what was found


def _plain(found: Any) -> Any:
    """Return what an XPath comes to that finds no nodes: a text, a truth value, a number; nothing for what is no number."""
    if isinstance(found, float):
        return MISSING if math.isnan(found) else int(found) if found.is_integer() else found
    return found


def _chooser(index: Any) -> _Choose:
    """Return what chooses by `index`: a number counts from 0, and there is nothing at one that is out of range."""
    if index == "random":
        return lambda user, found: [user.random.choice(found)] if found else []
    if index == "last":
        return lambda user, found: found[-1:]
    try:
        number = int(index)
    except OverflowError:  # infinity, of which the schema speaks
        number = 0
    return lambda user, found: found[number : number + 1]


def _attribute(template: Template) -> Callable[[TemplateContext], _Take]:
    def take_for(user: TemplateContext) -> _Take:
        name = template.text(user)
        return lambda node: _or_missing(node.get(name)) if _is_node(node) else MISSING

    return take_for


def _or_missing(value: Any) -> Any:
    return MISSING if value is None else str(value)


def _attributes(node: Any) -> Any:
    return {str(name): str(value) for name, value in node.attrib.items()}


def _is_node(found: Any) -> bool:
    return hasattr(found, "itertext")


def _text_of(found: Any) -> str:
    """Return the text of an element; an XPath also finds attributes and text, and namespaces as (prefix, name)."""
    if _is_node(found):
        return (
            "".join(found.itertext()) if isinstance(found.tag, str) else found.text or ""
        )  # a comment has no text within
    return str(found[-1] if isinstance(found, tuple) else found)


# Parsing


def _css(selector: str) -> _Find:
    from cssselect import HTMLTranslator, SelectorError
    from lxml import etree

    try:
        find = etree.XPath(HTMLTranslator().css_to_xpath(selector), smart_strings=False)
    except (SelectorError, etree.XPathError, ValueError, RecursionError) as error:
        raise MarkupFault(f"{selector!r} is not a CSS selector: {error}") from None
    return lambda document: _evaluated(selector, find, document)


def _xpath(text: str) -> _Find:
    from lxml import etree

    try:
        etree.XPath(text)
    except (etree.XPathError, ValueError) as error:
        raise MarkupFault(f"{text!r} is not an XPath: {error}") from None

    def find(document: Any) -> Any:
        names = {prefix: uri for prefix, uri in document.nsmap.items() if prefix}
        return _evaluated(text, etree.XPath(text, namespaces=names, smart_strings=False), document)

    return find


def _evaluated(text: str, find: _Find, document: Any) -> Any:
    from lxml import etree

    try:
        return find(document)
    except etree.XPathError as error:
        raise MarkupFault(f"{text!r} cannot be evaluated: {error}") from None


def _document(response: Response) -> Any:
    """Return the root element of a body, always the same object. Raises MarkupFault."""
    if response.markup is None:
        response.markup = _parse(response)
    return response.markup


def _parse(response: Response) -> Any:
    from lxml import etree

    is_xml = _XML.fullmatch(response.media_type) and response.media_type != "application/xhtml+xml"
    try:
        if is_xml or response.body.lstrip()[:5] == b"<?xml":
            parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
            root = etree.fromstring(response.body, parser)
        else:
            page = response.text.encode("utf-8", "replace")
            root = etree.fromstring(page, etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False))
    except (etree.LxmlError, ValueError) as error:
        raise MarkupFault(f"the body is not {'XML' if is_xml else 'HTML'}: {error}") from None
    if root is None or not isinstance(root.tag, str):  # a comment is no element
        raise MarkupFault("the body has no element")
    return root
