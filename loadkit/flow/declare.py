"""Which variables a flow gives a value to, and where: what "used before its capture" needs to know in advance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loadkit.flow.extract import captured_names
from loadkit.flow.step import Where, root_of


def declared_names(flow: Any, where: Where, actions: Mapping[str, Any]) -> dict[str, Where]:
    """Return the root names that captures and `set` steps of a flow define, with the place of the first."""
    found: dict[str, Where] = {}
    for name, at in _walk(flow, where, actions):
        found.setdefault(root_of(name), at)
    return found


def _walk(flow: Any, where: Where, actions: Mapping[str, Any]) -> Iterator[tuple[str, Where]]:
    for index, step in enumerate(flow if isinstance(flow, list) else ()):
        at = (*where, index)
        if isinstance(step, list):
            yield from _walk(step, at, actions)
        elif isinstance(step, Mapping):
            for action in step:
                if action in actions:
                    yield from _declared(action, step[action], (*at, action), actions)


def _declared(action: str, value: Any, where: Where, actions: Mapping[str, Any]) -> Iterator[tuple[str, Where]]:
    if isinstance(value, list):  # loop, parallel: steps inside
        yield from _walk(value, where, actions)
    elif action == "set" and isinstance(value, Mapping):
        for name in value:
            yield str(name), (*where, name)
    elif isinstance(value, Mapping):
        for name, suffix in captured_names(value):
            yield name, (*where, *suffix)
