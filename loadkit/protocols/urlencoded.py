"""application/x-www-form-urlencoded, byte for byte as Artillery sends it (the URL Standard's serializer).

| value | in a form | in a query |
| --- | --- | --- |
| a list | one field, its items with commas between them | a parameter for each item |
| nothing | `null` | empty |
| true, 1.0 | `true`, `1` | the same |
| a mapping | JSON, where Artillery sends no more than its type | JSON |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote_plus

import msgspec

from loadkit.template.text import UNDEFINED

_ENCODE_JSON = msgspec.json.Encoder().encode


def form_text(values: Mapping[str, Any]) -> str:
    """Return the body of a form."""
    return _joined((name, _form_value(value)) for name, value in values.items())


def query_text(values: Mapping[str, Any]) -> str:
    """Return the query that parameters make; a list without items makes none."""
    pairs = ((name, item) for name, value in values.items() for item in (value if isinstance(value, list) else [value]))
    return _joined((name, "" if item is None or item is UNDEFINED else _plain(item)) for name, item in pairs)


def _joined(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in pairs)


def _encoded(text: str) -> str:
    return quote_plus(text, safe="*", errors="replace").replace("~", "%7E")


def _form_value(value: Any) -> str:
    if isinstance(value, list):
        return ",".join("" if item is None else _form_value(item) for item in value)
    return "null" if value is None else _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return _ENCODE_JSON(value).decode() if isinstance(value, dict | list) else str(value)
