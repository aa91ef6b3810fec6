"""What is wrong with the keys of a step: no action or several, an unknown one, keys that belong elsewhere.

A misspelt action breaks several rules of the schema at once; so a step is looked at as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loadkit.flow.step import closest_hint
from loadkit.scenario.assemble import EXTENSIONS, options
from loadkit.scenario.naming import closest_key, listed, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFault:
    """One mistake. `key` is where it stands, None for the whole step; `empty_action` has no value as a result of it."""

    code: str
    message: str
    hint: str = ""
    key: str | None = None
    empty_action: str | None = None


_NONE: Mapping[str, Any] = {"properties": {}, "dependentSchemas": {}}


class Steps:
    """The steps that a schema allows: all of `build_schema`, none of a gate. `flows` are actions whose value is a list of steps."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        step = schema["$defs"].get("step", _NONE)
        self._schema = schema
        self._known: Mapping[str, Any] = step["properties"]
        self._beside = {name: _keys_beside(rule, name) for name, rule in step["dependentSchemas"].items()}
        self.actions = frozenset(self._beside)
        self._shown = sorted(name for name in self.actions if not self._known[name].get("x-rare"))
        self.flows = frozenset(name for name in self.actions if self._known[name].get("$ref") == "#/$defs/flow")

    def faults(self, step: Any, name: str) -> Iterator[StepFault]:
        """Yield what is wrong with a step that the schema refuses; `name` is how messages call it."""
        if not isinstance(step, Mapping):
            hint = 'a step is an action with its value, such as "think: 1"'
            if isinstance(step, str) and step in self.actions:
                hint = f'write "{step}: ..."'
            ending = "but it is empty" if step is None else f"not {shown(step)}"
            yield StepFault(code="LK102", message=f"{name} must be a mapping, {ending}", hint=hint)
            return
        actions = [key for key in step if key in self.actions]
        unknown = [key for key in step if key not in self._known and not key.startswith(EXTENSIONS[1:])]
        if not actions:
            yield self._without_action(name, list(step), unknown)
            return
        if len(actions) > 1:
            names = " and ".join(f'"{key}"' for key in actions)
            hint = f'start a step of its own with "- {actions[1]}:"'
            message = f"a step has one action, and this one has {names}"
            yield StepFault(code="LK105", message=message, hint=hint, key=actions[1])
        yield from self._unknown(step, actions, unknown)
        if len(actions) == 1:
            yield from self._of_other_actions(step, actions[0])

    def _without_action(self, name: str, keys: list[str], unknown: list[str]) -> StepFault:
        if unknown:
            hints = {key: hint for key in unknown if (hint := closest_hint(key, self.actions))}
            key = next(iter(hints), unknown[0])
            hint = hints.get(key, f"the actions are {', '.join(self._shown)}")
            return StepFault(code="LK107", message=f'unknown step action "{key}"', hint=hint, key=key)
        hint = 'an action is, for example, "think: 1"'
        for key in keys:
            if owners := self._owners(key):
                hint = f'"{key}" stands beside {owners}'
                break
        return StepFault(code="LK105", message=f"{name} has no action", hint=hint)

    def _unknown(self, step: Mapping[str, Any], actions: list[str], unknown: list[str]) -> Iterator[StepFault]:
        inside = {key: action for action in actions for key in self._keys_inside(action)}
        emptied: set[str] = set()
        for key in unknown:
            action = inside.get(key, actions[0])
            message, empty_action = f'unknown key "{key}" in step "{action}"', None
            if key in inside:
                hint = f'it belongs inside of "{action}": indent it further'
                if step[action] is None:
                    if action in emptied:
                        continue  # the whole block stands too far to the left: one mistake
                    emptied.add(action)
                    empty_action = action
            else:
                hint = closest_key(key, [*self._beside[action], *inside]) or closest_hint(key, self.actions)
            yield StepFault(code="LK101", message=message, hint=hint, key=key, empty_action=empty_action)

    def _of_other_actions(self, step: Mapping[str, Any], action: str) -> Iterator[StepFault]:
        own = self._beside[action]
        for key in step:
            owners = self._owners(key)
            if owners and key not in own and key != action:
                hint = f'"{action}" takes {listed(own)} beside it' if own else ""
                message = f'"{key}" belongs to {owners}, not to "{action}"'
                yield StepFault(code="LK106", message=message, hint=hint, key=key)

    def _owners(self, key: str) -> str:
        """Return the actions beside which a key may stand, in words; "" for none."""
        owners = [f'"{owner}"' for owner, beside in self._beside.items() if key in beside]
        return listed(owners) if owners else ""

    def _keys_inside(self, action: str) -> list[str]:
        found = options(self._schema, self._known[action])
        return [key for schema in found for key in schema.get("properties", ())]


def _keys_beside(rule: Mapping[str, Any], action: str) -> list[str]:
    allowed = rule["propertyNames"]["anyOf"][0]["enum"]
    return [key for key in allowed if key != action]
