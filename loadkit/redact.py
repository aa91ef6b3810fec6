"""What must not be shown: names that say that a value is secret, patterns of secrets in texts, and values that are known.

A text is masked where it is kept or written, never while load is made: an example of an error, a log line, a diagnostic.
Values come first, since a pattern may hide a part of one and leave the rest; the longest first, since one may hold another.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

MASK = "***"
SHORTEST = 4
"""A value of fewer characters is not looked for: it would be found by chance everywhere."""

Mask = Callable[[str], str]

_LONGEST_SEARCH = 2000  # characters; the search for names takes long for what is long
_MOST_LEAVES = 100
_CUT = 8  # so many first characters of a value tell that a text was cut within it
_PLAIN_VALUES = {"true", "false", "null", "none"}

# ------------------------------------------------------------------------------------------------------------------ names

# Found anywhere in a name once its punctuation is gone, or as one of its words: X-API-Key, userPwd, card_pin.
_PARTS = re.compile(
    r"passw|passphrase|passcode|secret|token|credential|authorization|cookie|signature|csrf|xsrf|jwt"
    r"|(?:api|access|private|license|write)key|honeycombteam|sess(?:ion)?id"
)
_WORDS = frozenset({"pass", "pwd", "pin", "sig", "otp", "auth", "sid"})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_PUNCTUATION = re.compile(r"[^a-z0-9]+")


def is_secret(name: str) -> bool:
    """Say whether a header, field or key of this name holds what is not to be shown."""
    plain = _PUNCTUATION.sub("", name.lower())
    return bool(_PARTS.search(plain)) or any(word.lower() in _WORDS for word in _WORD.findall(name))


def is_secret_variable(name: str) -> bool:
    """Say whether a variable of this name is secret; "key" as a word is enough there: SIGNING_KEY, appKey."""
    return is_secret(name) or any(word.lower() == "key" for word in _WORD.findall(name))


# --------------------------------------------------------------------------------------------------------------- patterns

_NAMED = re.compile(
    r"""(?<![\w.\-\[\]%$]) (?P<name>[\w.\-\[\]%$]++) \\?["']?\s*(?::|=(?!=))\s*
        (?P<value> \\["'].*?(?:\\["']|$) | "(?:[^"\\]|\\.)*+(?:"|\\?$) | '(?:[^'\\]|\\.)*+(?:'|\\?$)
                 | [\[{].* | (?<==)[^\s&"'<>]+ | [^\s&,;}\]"'<>]+ )""",
    re.VERBOSE | re.DOTALL,
)
_ELEMENT = re.compile(r"<([\w:.-]++)([^<>]*+)>([^<]++)(?=</)")
_BEARER = re.compile(r"\b(Bearer\s+)[\w.~+/=-]{6,}", re.IGNORECASE)
_BASIC = re.compile(r"\b(Basic\s+)(?=[A-Za-z0-9+/=]{8})[A-Za-z0-9+/]*[0-9A-Z+/=][A-Za-z0-9+/=]*")
_USERINFO = re.compile(r"(?<=://)[^/?#\s\"'<>]+@")
_QUERY = re.compile(r"([?&](?:key|session)=)[^\s&#\"'<>]+", re.IGNORECASE)
_FIELD = re.compile(r"(?im)\b((?:proxy-)?authorization|(?:set-)?cookie)(\s*:\s*)(?!\*\*\*)[^\r\n\"'<>]+")
_LINE = re.compile(
    r"""(?P<name>[\w.-]++)["']?\s*:\s+(?P<value>"(?:[^"\\]|\\.)*+"?|'[^']*+'?|[^\s"'\[{}\]&*|>#,][^,}#]*)"""
)  # in YAML


def mask_text(text: str) -> str:
    """Return a text without what looks secret: values behind names of secrets, bearer tokens, users of URLs.

    Names are looked for in the first 2000 characters; headers, tokens and URLs everywhere.
    """
    text = _FIELD.sub(rf"\1\2{MASK}", text)
    masked = _mask_named(text[:_LONGEST_SEARCH]) + text[_LONGEST_SEARCH:]
    return _ELEMENT.sub(_mask_element, _mask_tokens(masked))


def blot_line(line: str) -> str:
    """Return a line of a scenario file with as many asterisks as characters are secret: its columns stay what they are."""
    found = _LINE.search(line)
    while found:
        start, end = found.span("value")
        if is_secret(found["name"]) and "{{" not in found["value"]:
            quoted = found["value"][0] in "\"'"
            start, end = start + quoted, end - (quoted and found["value"][-1] == found["value"][0])
            line = f"{line[:start]}{'*' * (end - start)}{line[end:]}"
        found = _LINE.search(line, end)
    return blotted(line, _mask_tokens(line))


def blotted(line: str, masked: str) -> str:
    """Return a line, some parts of which are masked, with an asterisk for each character of these parts."""
    made, at = "", 0
    *kept, last = masked.split(MASK)
    for piece in kept:
        start = line.find(piece, at)
        made += "*" * (start - at) + piece
        at = start + len(piece)
    start = len(line) - len(last)
    return f"{made}{'*' * (start - at)}{last}"


def mask_data(data: Any) -> Any:
    """Return what JSON holds with the values behind names of secrets masked, whatever they are."""
    if isinstance(data, dict):
        return {name: MASK if is_secret(str(name)) else mask_data(value) for name, value in data.items()}
    return [mask_data(item) for item in data] if isinstance(data, list) else data


def _mask_named(text: str) -> str:
    pieces, done = [], 0
    found = _NAMED.search(text)
    while found:
        start, end = found.span("value")
        if is_secret(unquote_plus(found["name"])):
            quote_mark = found["value"][0] if found["value"][0] in "\"'" else ""
            pieces.append(f"{text[done:start]}{quote_mark}{MASK}{quote_mark}")
            done = end
            found = _NAMED.search(text, end)
        else:
            found = _NAMED.search(text, start)  # a value may hold names too: url=/x?token=...
    return "".join([*pieces, text[done:]])


def _mask_tokens(text: str) -> str:
    text = _BASIC.sub(rf"\1{MASK}", _BEARER.sub(rf"\1{MASK}", text))
    return _USERINFO.sub(f"{MASK}@", _QUERY.sub(rf"\1{MASK}", text))


def _mask_element(found: re.Match[str]) -> str:
    return f"<{found[1]}{found[2]}>{MASK}" if is_secret(found[1]) else found[0]


# ----------------------------------------------------------------------------------------------------------------- values


class Secrets:
    """Which variables of a run are secret, and the values that were known before it began."""

    __slots__ = ("_judged", "known", "names")

    def __init__(self, names: Iterable[str] = (), values: Iterable[Any] = ()) -> None:
        self.names = frozenset(names)
        self.known = tuple(dict.fromkeys(found for value in values for found in texts_in(value)))
        self._judged: dict[str, bool] = {}

    def knowing(self, values: Iterable[Any]) -> Secrets:
        """Return these secrets with more values."""
        return Secrets(self.names, [*self.known, *values])

    def holds(self, variable: str) -> bool:
        """Say whether the values of a variable are secret: its name is listed, or says so."""
        judged = self._judged.get(variable)
        if judged is None:
            judged = self._judged[variable] = variable in self.names or is_secret_variable(variable)
        return judged

    def mask(self, text: str, held: Iterable[Any] = ()) -> str:
        """Return a text without known values, those `held` by a virtual user, and what looks secret."""
        return mask_text(self.mask_values(text, held))

    def mask_values(self, text: str, held: Iterable[Any] = ()) -> str:
        """Return a text without known values and those `held`, also where it encodes them or was cut within one."""
        values = {*self.known, *(found for value in held for found in texts_in(value))}
        for form in sorted({form for value in values for form in forms_of(value)}, key=len, reverse=True):
            if form in text:
                text = text.replace(form, MASK)
            if len(form) > _CUT and form[:_CUT] in text:
                text = _mask_cut(text, form)
        return text

    def blot(self, line: str) -> str:
        """Return a line of a scenario file as a diagnostic may quote it: its columns stay what they are."""
        return blotted(blot_line(line), self.mask_values(blot_line(line)))

    def hide(self, value: Any) -> Any:
        """Return plain data whose texts are without known values; keys stay."""
        if isinstance(value, str):
            return self.mask_values(value)
        if isinstance(value, Mapping):
            return {key: self.hide(item) for key, item in value.items()}
        return [self.hide(item) for item in value] if isinstance(value, list | tuple) else value


def texts_in(value: Any) -> Iterator[str]:
    """Yield the texts and numbers of a value (of a list or mapping the first hundred) that are long enough to be looked for."""
    left, waiting = _MOST_LEAVES, [value]
    while waiting and left:
        item = waiting.pop()
        if isinstance(item, Mapping):
            waiting += list(item.values())[:_MOST_LEAVES]
        elif isinstance(item, list | tuple):
            waiting += item[:_MOST_LEAVES]
        elif isinstance(item, str | int | float) and not isinstance(item, bool):
            left -= 1
            text = str(item).strip()
            if len(text) >= SHORTEST and text.lower() not in _PLAIN_VALUES:
                yield text


@lru_cache(4096)
def forms_of(value: str) -> tuple[str, ...]:
    """Return how a value may stand in a text: as it is, percent-encoded, in JSON, HTML, a Python literal, within base64."""
    percent = {quote(value, safe=""), quote(value), quote_plus(value), quote(value, safe="!#$%&'*+,/:;=?@[]~()")}
    percent |= {re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), text) for text in percent}
    in_json = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    in_json |= {json.dumps(text)[1:-1] for text in in_json}  # JSON in JSON: what an echo answers
    escaped = {*in_json, repr(value)[1:-1], html.escape(value)}
    return tuple({value, *percent, *escaped, *_within_base64(value)})


def _within_base64(value: str) -> set[str]:
    """Return what base64 makes of a value at each of the three places it can have in a group, and of the value alone."""
    data = value.encode(errors="replace")
    found = {b64encode(data).decode().rstrip("=")}
    for lead, lost in ((0, 0), (1, 2), (2, 3)):  # characters that also hold bits of what stands before
        whole = b64encode(bytes(lead) + data).decode()
        spare = (lead + len(data)) % 3
        found.add(whole[lost : len(whole) - (4 - spare if spare else 0)])  # the last one would also hold what follows
    found = {text for text in found if len(text) > SHORTEST}
    return found | {text.replace("+", "-").replace("/", "_") for text in found}


def _mask_cut(text: str, form: str) -> str:
    """Mask the beginning of a form at which a text ends, or goes on with "..."."""
    for cut in [found.start() for found in re.finditer(r"\.\.\.|\Z", text)][::-1]:
        start = text.find(form[:_CUT], max(0, cut - len(form)), cut)
        while start >= 0:
            if form.startswith(text[start:cut]):
                text = f"{text[:start]}{MASK}{text[cut:]}"
                break
            start = text.find(form[:_CUT], start + 1, cut)
    return text
