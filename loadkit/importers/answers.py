"""What a recorded answer holds that a later request may send: identifiers and tokens in JSON, header fields and forms of pages.

A value is *telling* when it is so long and odd that it stands elsewhere by no chance: a UUID, a token, a number of six digits.
Any other one, such as the id 17, counts only where it is about the same thing: `id` below "products" and /products/17.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from loadkit.importers.draft import Answer
from loadkit.importers.places import is_identifier, singular

_MOST_VALUES = 20_000
_LONGEST_TEXT, _LONGEST_VALUE = 5_000_000, 4096
_KINDS = ("id", "uuid", "guid", "key", "code", "slug", "sku", "token", "number", "ref", "cursor", "handle")
_SUFFIX = re.compile(
    rf"(?:^_?|[_-])(?i:{'|'.join(_KINDS)})$"  # id, _id, cart_id
    rf"|(?<=[a-z0-9])(?:{'|'.join(kind.title() for kind in _KINDS)}|ID|UUID|GUID|SKU)$"  # cartId, orderNumber
)
_GENERIC = {
    "data", "result", "item", "response", "payload", "content", "row", "list", "node", "edge", "attribute", "record", "entity",
}  # fmt: skip
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d")
_PLAIN_NAME = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_FIELD = re.compile(r"<(?:input|meta)\b[^<>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(name|value|content)=(["'])([^"'<>]*)\2""", re.IGNORECASE)
_OF_NO_USE = {
    "set-cookie", "date", "content-type", "content-length", "server", "vary", "cache-control", "last-modified", "expires",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value of an answer: `source` is what a capture takes it with, `name` the variable that it would be."""

    value: str | int
    source: Mapping[str, Any]
    name: str
    nouns: frozenset[str]

    @property
    def text(self) -> str:
        """Return it as it stands in a URL."""
        return str(self.value)

    @property
    def is_telling(self) -> bool:
        """Say whether it is long and odd enough to be the same wherever it stands."""
        return is_telling(self.value)


def is_telling(value: str | int) -> bool:
    """Say whether a value stands in two places by no chance."""
    text = str(value)
    if isinstance(value, int):
        return len(text) >= 6
    if _INSTANT.match(text) or "://" in text or any(char.isspace() for char in text):
        return False
    return len(text) >= 20 or (len(text) >= 8 and any(map(str.isdigit, text)) and any(map(str.isalpha, text)))


def values_of(answer: Answer, url: str) -> Iterator[Value]:
    """Yield the values of an answer to a request to `url`, those of its body first."""
    document = json_of(answer)
    if document is not None:
        yield from values_in(document, url)
    elif "html" in answer.media_type and len(answer.text) <= _LONGEST_TEXT:
        yield from _hidden_fields(answer.text)
    for name, value in answer.headers.items():
        if name not in _OF_NO_USE and is_telling(value):
            yield Value(value=value, source={"header": name}, name=_snake(name), nouns=nouns_of(name))


def json_of(answer: Answer) -> Any:
    """Return the JSON of an answer; None where it has none."""
    if "json" not in answer.media_type and answer.text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(answer.text) if len(answer.text) <= _LONGEST_TEXT else None
    except (ValueError, RecursionError):
        return None


def values_in(document: Any, url: str) -> Iterator[Value]:
    """Yield the identifiers and tokens in JSON, at most 20,000."""
    left, number = [("$", "", noun_of_path(urlsplit(url).path), document)], 0
    while left and number < _MOST_VALUES:
        path, key, noun, item = left.pop()
        number += 1
        if isinstance(item, dict):
            inside = singular(key).lower() if key else noun
            noun = noun if inside in _GENERIC else inside
            left += [(path + _step(name), name, noun, one) for name, one in reversed(item.items())]
        elif isinstance(item, list):
            left += [(f"{path}[{index}]", key, noun, one) for index, one in reversed(list(enumerate(item)))]
        elif _is_value(item) and (is_telling(item) or is_key_of_identifier(key)):
            yield Value(value=item, source={"json": path}, name=_variable(key, noun), nouns=nouns_of(key, noun))


def _is_value(item: Any) -> bool:
    return isinstance(item, str | int) and not isinstance(item, bool) and 0 < len(str(item)) <= _LONGEST_VALUE


def noun_of_path(path: str) -> str:
    """Return what a path is about: its last part that is no identifier, in the singular."""
    parts = [part for part in path.split("/") if part and not is_identifier(part)]
    return singular(parts[-1]).lower() if parts else ""


def is_key_of_identifier(key: str) -> bool:
    """Say whether a key names one thing among many: id, cartId, order_number."""
    return bool(_SUFFIX.search(key))


def nouns_of(key: str, around: str = "") -> frozenset[str]:
    """Return what a key is about: cartId and cart_id about a cart, `id` about what is `around` it."""
    stem = _SUFFIX.sub("", key)
    word = singular(_snake(stem)).lower() if stem else around
    return frozenset({word} - {""})


def _variable(key: str, noun: str) -> str:
    name = _snake(key)
    says_of_what = bool(_SUFFIX.sub("", key)) or name in ("token", "cursor")
    return name if says_of_what or not noun else f"{_snake(noun)}_{name}"


def _snake(name: str) -> str:
    made = re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name), flags=re.ASCII).strip("_").lower()
    return f"_{made}" if made[:1].isdigit() else made or "value"


def _step(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name):
        return f".{name}"
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"


def _hidden_fields(page: str) -> Iterator[Value]:
    """Yield what the fields of forms hold that nobody fills in, such as tokens against forged requests."""
    for tag in _FIELD.findall(page)[:_MOST_VALUES]:
        found = [(name.lower(), mark, text) for name, mark, text in _ATTRIBUTE.findall(tag)]
        names = {name: text for name, _, text in found}
        value = names.get("value") or names.get("content") or ""
        if not names.get("name") or not is_telling(value) or html.unescape(value) != value:
            continue
        patterns = [
            f"{name}={mark}{re.escape(text) if name == 'name' else f'([^{mark}]+)'}{mark}" for name, mark, text in found
        ]
        source = {"regexp": "[^>]*".join(patterns[:2]), "group": 1}
        yield Value(value=value, source=source, name=_snake(names["name"]), nouns=nouns_of(names["name"]))
