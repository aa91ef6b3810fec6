"""A change between two versions of a scenario, and how values are compared and shown: by what they mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from loadkit.redact import MASK, is_secret, mask_data
from loadkit.units import format_duration_ns, parse_duration_ns

_DURATIONS = {"timeout", "connectTimeout", "think", "duration", "pause"}
_TEXTS = {"headers", "cookie", "form", "qs"}  # what is sent as text: 1 and "1" are the same
_SENT = {"json", "body", "form", "formData", "qs", "headers", "cookie", "with", "set", "variables"}
"""What is sent, or given to functions, as it stands: 60 and "1m" are not the same there."""
_LONGEST = 60


class Kind(Enum):
    """What became of a thing. LOOSENED and TIGHTENED are about what is judged."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"
    LOOSENED = "loosened"
    TIGHTENED = "tightened"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference. `what` says of which sort the thing is: threshold, ensure, phase, load, scenario, step, config.

    `looser` marks what may let a run pass that failed before.
    """

    what: str
    kind: Kind
    subject: str
    text: str
    old: str | None = None
    new: str | None = None
    looser: bool = False


def same(one: Any, other: Any) -> bool:
    """Say whether two values are the same to JSON: the order of keys does not count, and true is not 1."""
    return json.dumps(one, sort_keys=True, default=str) == json.dumps(other, sort_keys=True, default=str)


def shown(value: Any, key: str = "") -> str:
    """Return a value as a line shows it; one whose key says that it is secret is masked."""
    if is_secret(key):
        return MASK
    written = value if isinstance(value, str) else json.dumps(mask_data(value), ensure_ascii=False, default=str)
    text = " ".join(written.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def span(value: Any) -> str:
    """Return a time as it means: 60 and "1m" are the same; what is no time is shown as it stands."""
    try:
        ns = parse_duration_ns(value)
    except ValueError:
        return shown(value)
    return format_duration_ns(ns) if ns else "0s"


def value_changes(old: Any, new: Any, path: tuple[str, ...], say: Callable[..., Change]) -> Iterator[Change]:
    """Yield what differs below a path, mappings key by key; `say(path, kind, old, new)` makes a Change."""
    key, sent = path[-1] if path else "", _is_sent(path[:-1])
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        if key in _TEXTS and not sent:
            old, new = _as_sent(old, key), _as_sent(new, key)
        for name in [*old, *(name for name in new if name not in old)]:
            yield from _key_changes(old, new, (*path, str(name)), name, say)
    elif _are_alike(old, new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from value_changes(one, other, (*path[:-1], f"{key}[{index}]"), say)
    elif not same(old, new) and (sent or key not in _DURATIONS or span(old) != span(new)):
        yield say(path, Kind.CHANGED, _text(old, key, sent), _text(new, key, sent))


def _key_changes(
    old: Mapping[str, Any], new: Mapping[str, Any], path: tuple[str, ...], name: str, say: Callable[..., Change]
) -> Iterator[Change]:
    sent = _is_sent(path[:-1])
    if (
        name in _TEXTS and not sent and (name in old) != (name in new)
    ):  # each field by itself, also when it is the first
        yield from value_changes(old.get(name, {}), new.get(name, {}), path, say)
    elif name not in new:
        yield say(path, Kind.REMOVED, _text(old[name], str(name), sent), None)
    elif name not in old:
        yield say(path, Kind.ADDED, None, _text(new[name], str(name), sent))
    else:
        yield from value_changes(old[name], new[name], path, say)


def _is_sent(path: tuple[str, ...]) -> bool:
    return any(part.partition("[")[0] in _SENT for part in path)


def _are_alike(old: Any, new: Any) -> bool:
    """Say whether two values are lists of things to be compared one by one: as many on both sides, none of them a plain value."""
    lists = isinstance(old, list) and isinstance(new, list) and len(old) == len(new)
    return lists and all(isinstance(item, Mapping | list) for item in (*old, *new))


def _text(value: Any, key: str, sent: bool) -> str:
    return span(value) if key in _DURATIONS and not sent else shown(value, key)


def _as_sent(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return fields as texts, since they are sent as such; names of header fields in small letters."""
    lowered = key == "headers"
    return {(str(name).lower() if lowered else name): _sent(item) for name, item in value.items()}


def _sent(item: Any) -> Any:
    return str(item) if isinstance(item, int | float) and not isinstance(item, bool) else item
