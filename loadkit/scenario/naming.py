"""Names for the parts of a scenario file, as its author thinks of them: phase "warm up", step "get" of scenario "buy"."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from loadkit.flow.step import closest_hint

Where = tuple[str | int, ...]

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "empty",
}
_LONGEST = 40
_LISTS: Mapping[str | int, str] = {"scenarios": "scenario", "runs": "run"}


class Names:
    """Names parts of one scenario. `actions` are those of steps, `flows` those of them whose value is a list of steps."""

    def __init__(self, data: Any, actions: frozenset[str], flows: frozenset[str]) -> None:
        self.data = data
        self.actions = actions
        self.flows = flows

    def is_step(self, where: Where) -> bool:
        """Return whether a path is that of a step (or of what stands where a step should)."""
        return self._step_length(where) == len(where) > 0

    def owner(self, where: Where) -> str:
        """Return the name of what a path leads to: `config`, `phase 2`, `step "get"`, `"capture" of step "get"`."""
        if not where:
            return "the file"
        length = self._step_length(where)
        if length:
            return self._inside_step(where[length:], self._step(where[:length]))
        if where[0] in _LISTS and len(where) == 2:
            return self._named(_LISTS[where[0]], where)
        if where[0] == "config":
            return self._in_config(where)
        return _dotted(where)

    def subject(self, where: Where) -> str:
        """Return how a sentence names a value: `"mode" in phase 1`."""
        if not where:
            return "the file"
        last, owner = where[-1], where[:-1]
        if isinstance(last, int):
            name = self.owner(where)
            is_named = self.is_step(where) or (name != _dotted(where) and not self._step_length(where))
            return name if is_named else f"item {last + 1} of {self.subject(owner)}"
        is_action = last in self.actions and self.is_step(owner)
        return f'"{last}"' if is_action else f'"{last}"{self.place(owner)}'

    def place(self, where: Where) -> str:
        """Return " in phase 1", or " at the top of the file"."""
        return f" in {self.owner(where)}" if where else " at the top of the file"

    def _in_config(self, where: Where) -> str:
        prefix = ""
        if len(where) >= 3 and where[1] == "environments":
            prefix, rest = f'environment "{where[2]}"', where[3:]
        else:
            rest = where[1:]
        if len(rest) == 2 and rest[0] == "phases":
            name = self._named("phase", where)
            return f"{name} of {prefix}" if prefix else name
        if prefix:
            return f"{_dotted(rest)} of {prefix}" if rest else prefix
        return _dotted(where)

    def _named(self, kind: str, where: Where) -> str:
        value = at_path(self.data, where)
        name = value.get("name") if isinstance(value, Mapping) else None
        if isinstance(name, str) and name:
            return f'{kind} "{_shortened(name)}"'
        number = where[-1]
        return f"{kind} {number + 1}" if isinstance(number, int) else kind

    def _step(self, where: Where) -> str:
        value = at_path(self.data, where)
        actions = [key for key in value if key in self.actions] if isinstance(value, Mapping) else []
        if actions:
            return f'step "{actions[0]}"'
        length = _flow_length(where)
        numbers = [part for part in where[length:] if isinstance(part, int)]
        whole = self._named("scenario", where[:2]) if where[0] == "scenarios" else f"`{where[0]}`"
        return f"step {'.'.join(str(number + 1) for number in numbers)} of {whole}"

    def _inside_step(self, rest: Where, step: str) -> str:
        keys = [part for part in rest[1:] if isinstance(part, str)]
        if not keys and rest and rest[0] not in self.actions:
            keys = [str(rest[0])]
        return f'"{".".join(keys)}" of {step}' if keys else step

    def _step_length(self, where: Where) -> int:
        """Return how much of a path leads to the innermost step it passes; 0 if it passes none."""
        length, found = _flow_length(where), 0
        if not length or length == len(where):
            return 0
        while length < len(where):
            if isinstance(where[length], int):
                length += 1
                found = length
            elif where[length] in self.flows and length + 1 < len(where):
                length += 1
            else:
                break
        return found


def _flow_length(where: Where) -> int:
    """Return how much of a path leads to the flow that it goes into; 0 when it goes into none."""
    if where[:1] == ("scenarios",) and where[2:3] == ("flow",):
        return 3
    return 2 if where[:1] in (("before",), ("after",)) and where[1:2] == ("flow",) else 0


def at_path(data: Any, where: Where) -> Any:
    """Return the value at a path that exists."""
    for part in where:
        data = data[part]
    return data


def type_names(types: Sequence[str]) -> str:
    """Return JSON Schema types as words: `a number or text`."""
    return listed([_TYPES.get(name, name) for name in types])


def listed(words: Sequence[str]) -> str:
    """Return `a, b or c`."""
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else "nothing"


def shown(value: Any) -> str:
    """Return a value as a message shows it: small ones as JSON, large ones by what they are."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return json.dumps(_shortened(value), ensure_ascii=False)
    return "empty" if value is None else json.dumps(value)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _dotted(where: Where) -> str:
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def closest_key(key: str, known: Iterable[str]) -> str:
    """Return a hint for a key that differs from a known one in its case, its dashes or a few letters."""
    known = list(known)
    same = {_letters(name): name for name in known}.get(_letters(key))
    return f'did you mean "{same}"?' if same else closest_hint(key, known)


def _letters(key: str) -> str:
    return "".join(filter(str.isalnum, key)).lower()
