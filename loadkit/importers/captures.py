"""Values that come back become captures: what an answer gave and a later request sends is taken out of the answer.

The first answer that has a value is its source. A value that a request had sent before is none of an answer: the visitor chose it.
Values that are telling are replaced wherever they stand; short ones where they fill a place that is about the same thing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, unquote_plus, urlsplit, urlunsplit

from loadkit.importers.answers import Value, noun_of_path, nouns_of, values_of
from loadkit.importers.draft import Journey, Request, encoded, variable
from loadkit.importers.places import is_identifier, singular

_SCHEME = re.compile(r"([A-Za-z]+ )(\S+)")
_SAFE = ":@!$'()*,;="  # of what a part of a URL may hold as it is
_SHORTEST_INSIDE = 12  # a shorter value is replaced only where it is all of a place
_MOST_ALIKE = 4

Replace = Callable[[str | int, frozenset[str], bool], Any]
"""Gives what stands for a value at a place that is about some nouns; the value itself where nothing does.

The last argument says that everything is text at that place: the number 17 and the text "17" are the same there.
"""


@dataclass(slots=True)
class _Known:
    """A value that an answer gave; `name` is its variable once a request has used it."""

    value: Value
    request: Request
    name: str = ""


@dataclass(slots=True)
class Captures:
    """Finds the captures of a journey; `names` are the variables that there are, those of other journeys included."""

    names: set[str] = field(default_factory=set)
    _known: dict[str, list[_Known]] = field(default_factory=dict)
    _sent: dict[str, set[str]] = field(default_factory=dict)

    def link(self, journey: Journey) -> None:
        """Replace the values of a journey that come from its own answers, and let the answers' requests capture them."""
        self._known, self._sent = {}, {}
        for request in journey.requests:
            about = noun_of_path(urlsplit(request.url).path)
            _through(request, about, self._note)
            _through(request, about, self._replaced)
            self._put_inside(request)
            if request.answer is not None:
                for value in values_of(request.answer, request.url):
                    self._learn(value, request)

    def _learn(self, value: Value, request: Request) -> None:
        sent, alike = self._sent.get(value.text), self._known.setdefault(value.text, [])
        is_echo = sent is not None and (value.is_telling or bool(sent & value.nouns))
        if not is_echo and len(alike) < _MOST_ALIKE:
            alike.append(_Known(value, request))

    def _note(self, value: str | int, nouns: frozenset[str], as_text: bool) -> Any:
        """Note what a request sends that no answer gave."""
        if self._of(value, nouns, as_text) is None:
            self._sent.setdefault(str(value), set()).update(nouns)
        return value

    def _replaced(self, value: str | int, nouns: frozenset[str], as_text: bool) -> Any:
        known = self._of(value, nouns, as_text)
        return value if known is None else variable(self._name(known))

    def _of(self, value: str | int, nouns: frozenset[str], as_text: bool) -> _Known | None:
        for known in self._known.get(str(value), ()):
            alike = as_text or type(value) is type(known.value.value)
            if alike and (known.value.is_telling or known.value.nouns & nouns):
                return known
        return None

    def _put_inside(self, request: Request) -> None:
        """Replace long values inside of what is more than them."""
        request.url = self._within(request.url)
        request.headers = {name: self._within(value) for name, value in request.headers.items()}
        request.body = self._within_leaves(request.body)

    def _within_leaves(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._within_leaves(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._within_leaves(item) for item in value]
        return self._within(value) if isinstance(value, str) else value

    def _within(self, text: str) -> str:
        """Replace long values inside of a text."""
        for value, alike in self._known.items() if len(text) >= _SHORTEST_INSIDE else ():
            if alike and len(value) >= _SHORTEST_INSIDE and alike[0].value.is_telling and value in text:
                text = text.replace(value, variable(self._name(alike[0])))
        return text

    def _name(self, known: _Known) -> str:
        """Return the variable of a value; the first to ask for it makes the capture."""
        if not known.name:
            name, number = known.value.name, 1
            while name in self.names:
                number += 1
                name = f"{known.value.name}_{number}"
            self.names.add(name)
            known.name = name
            captures: list[Any] = known.request.more.setdefault("capture", [])
            captures.append({**known.value.source, "as": name})
        return known.name


def link_answers(journeys: Iterable[Journey], taken: Iterable[str] = ()) -> int:
    """Make captures in all journeys, and return how many; `taken` are names of variables that mean something else."""
    captures, before = Captures(set(taken)), len(set(taken))
    for journey in journeys:
        captures.link(journey)
    return len(captures.names) - before


# ----------------------------------------------------------------------------------------------------------------- places


def _through(request: Request, about: str, replace: Replace) -> None:
    """Put each value of a request through a function, with the nouns of its place."""
    request.url = _url(request.url, replace)
    request.headers = {name: _header(name, value, replace) for name, value in request.headers.items()}
    request.query = {name: str(replace(value, nouns_of(name, about), True)) for name, value in request.query.items()}
    if request.body_key in ("json", "form", "formData"):
        request.body = _leaves(request.body, "", about, request.body_key != "json", replace)


def _url(url: str, replace: Replace) -> str:
    split, before, segments = urlsplit(url), "", []
    for segment in split.path.split("/"):
        nouns = frozenset({singular(before).lower()} - {""})
        segments.append(_encoded(segment, unquote(segment), nouns, replace) if segment else segment)
        before = "" if is_identifier(segment) else segment
    parts = []
    for part in split.query.split("&") if split.query else ():
        name, equals, value = part.partition("=")
        nouns = nouns_of(unquote_plus(name))
        parts.append(f"{name}={_encoded(value, unquote_plus(value), nouns, replace)}" if equals else part)
    return urlunsplit(split._replace(path="/".join(segments), query="&".join(parts)))


def _encoded(written: str, meant: str, nouns: frozenset[str], replace: Replace) -> str:
    """Return a part of a URL as it was written, or what stands for it; what has to be encoded there, is."""
    made = str(replace(meant, nouns, True))
    if made == meant:
        return written
    return made if quote(meant, safe=_SAFE) == meant else encoded(made)


def _header(name: str, value: str, replace: Replace) -> str:
    scheme = _SCHEME.fullmatch(value)
    if scheme:
        return f"{scheme[1]}{replace(scheme[2], nouns_of(name), True)}"
    return str(replace(value, nouns_of(name), True))


def _leaves(value: Any, key: str, about: str, as_text: bool, replace: Replace) -> Any:
    if isinstance(value, Mapping):
        return {name: _leaves(item, str(name), about, as_text, replace) for name, item in value.items()}
    if isinstance(value, list):
        return [_leaves(item, key, about, as_text, replace) for item in value]
    if isinstance(value, str | int) and not isinstance(value, bool):
        return replace(value, nouns_of(key, about), as_text)
    return value
