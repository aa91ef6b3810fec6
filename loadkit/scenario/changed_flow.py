"""What has changed in a flow: steps are matched by what they do, so that one more at the top does not change all below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from loadkit.flow.function import REQUEST_HOOKS
from loadkit.scenario.changed_checks import CHECKS, check_changes, counted_checks, number_of_checks
from loadkit.scenario.changes import Change, Kind, same, shown, value_changes

_DEFAULTS: dict[str, Any] = {"followRedirect": True, "gzip": False, "ifTrue": True, "probability": 100, "calls": 1}
_LISTED = {"match", "expect", *REQUEST_HOOKS}
_ONE_OF = {
    "headers": "header",
    "qs": "query parameter",
    "cookie": "cookie",
    "form": "form field",
    "formData": "form field",
    "set": "variable",
    "capture": "capture",
}


@dataclass(frozen=True, slots=True)
class _Step:
    """A step in its meaning: the short form of a request spelt out, defaults left out."""

    action: str
    name: str
    keys: Mapping[str, Any]
    inside: tuple[_Step, ...] = ()
    is_request: bool = True

    @property
    def title(self) -> str:
        if not self.name:
            return self.action
        return f"request {self.action.upper()} {self.name}" if self.is_request else f"{self.action} {self.name}"

    @property
    def checks(self) -> int:
        return number_of_checks(self.keys) + sum(step.checks for step in self.inside)

    def same_as(self, other: _Step) -> bool:
        same_steps = len(self.inside) == len(other.inside) and all(map(_Step.same_as, self.inside, other.inside))
        return (self.action, self.name) == (other.action, other.name) and same(self.keys, other.keys) and same_steps


def checks_in(flow: Any, actions: Mapping[str, Any]) -> int:
    """Return how many checks there are in a flow."""
    return sum(step.checks for step in _steps(flow, actions))


def flow_changes(old: Any, new: Any, actions: Mapping[str, Any], where: str) -> Iterator[Change]:
    """Yield what has changed in a flow, in the order of the new one; `where` says whose it is."""
    found = list(_between(_steps(old, actions), _steps(new, actions), where))
    gone = {change.subject: change for change, step in found if step and change.kind is Kind.REMOVED}
    come = {change.subject: step for change, step in found if step and change.kind is Kind.ADDED}
    steps = {change.subject: step for change, step in found if step and change.kind is Kind.REMOVED}
    moved = {subject for subject in gone if subject in come and steps[subject].same_as(come[subject])}
    for change, step in found:
        if step is None or change.subject not in moved:
            yield change
        elif change.kind is Kind.ADDED:
            yield Change(what="step", kind=Kind.MOVED, subject=change.subject, text=f"{change.subject} moved")


Found = tuple[Change, _Step | None]


def _between(old: Sequence[_Step], new: Sequence[_Step], where: str) -> Iterator[Found]:
    matcher = SequenceMatcher(
        None, [_signature(step) for step in old], [_signature(step) for step in new], autojunk=False
    )
    for tag, a, a_end, b, b_end in matcher.get_opcodes():
        if tag == "equal":
            for before, after in zip(old[a:a_end], new[b:b_end], strict=True):
                yield from _inside(before, after, where)
        else:
            yield from _replaced(list(old[a:a_end]), list(new[b:b_end]), where)


def _replaced(old: list[_Step], new: list[_Step], where: str) -> Iterator[Found]:
    """Pair what is the same action and is alone in that, and tell of the rest that it went or came."""
    for before in list(old):
        alike = [step for step in new if step.action == before.action and bool(step.inside) == bool(before.inside)]
        if len(alike) == 1 == sum(step.action == before.action for step in old) and _resembles(before, alike[0]):
            old.remove(before)
            new.remove(alike[0])
            yield from _inside(before, alike[0], where)
    for step in old:
        subject, lost = f"{where}: {step.title}", step.checks
        text = f"{subject} removed{f', with {counted_checks(lost)}' if lost else ''}"
        yield (
            Change(what="step", kind=Kind.REMOVED, subject=subject, text=text, old=_brief(step), looser=lost > 0),
            step,
        )
    for step in new:
        text = f"{where}: {step.title} added"
        yield Change(what="step", kind=Kind.ADDED, subject=f"{where}: {step.title}", text=text, new=_brief(step)), step


def _resembles(old: _Step, new: _Step) -> bool:
    """Say whether a request is the same one under another name or path."""
    return not old.name or same(
        {key: value for key, value in old.keys.items() if key not in ("url", "name")},
        {key: value for key, value in new.keys.items() if key not in ("url", "name")},
    )


def _inside(old: _Step, new: _Step, where: str) -> Iterator[Found]:
    title = f"{where}: {old.title}"

    def say(path: tuple[str, ...], kind: Kind, before: str | None, after: str | None) -> Change:
        first, *rest = path
        name = f"{_ONE_OF[first]} {'.'.join(rest)}" if first in _ONE_OF and rest else ".".join(path)
        if path == (old.action,):
            return Change(
                what="step", kind=kind, subject=title, text=f"{title} {before} -> {after}", old=before, new=after
            )
        text = f"{title}: {name} {kind.value}" if kind is not Kind.CHANGED else f"{title}: {name} {before} -> {after}"
        text += f": {after}" if kind is Kind.ADDED else ""
        return Change(what="step", kind=kind, subject=f"{title}: {name}", text=text, old=before, new=after)

    for change in value_changes(_unchecked(old.keys), _unchecked(new.keys), (), say):
        yield change, None
    for change in check_changes(old.keys, new.keys, title):
        yield change, None
    if old.inside or new.inside:
        yield from _between(old.inside, new.inside, f"{where}: {old.title}")


def _unchecked(keys: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in keys.items() if key not in CHECKS}


def _signature(step: _Step) -> tuple[str, str]:
    return step.action, step.name


def _brief(step: _Step) -> str:
    return f"{step.title} {shown(dict(step.keys))}" if step.keys else step.title


def _steps(items: Any, actions: Mapping[str, Any]) -> tuple[_Step, ...]:
    made: list[_Step] = []
    for item in items if isinstance(items, list) else ():
        if isinstance(item, list):
            made += _steps(item, actions)
        elif isinstance(item, Mapping):
            action = next((key for key in item if key in actions), None)
            if action is not None:
                made.append(_step(action, item, actions))
    return tuple(made)


def _step(action: str, item: Mapping[str, Any], actions: Mapping[str, Any]) -> _Step:
    value, beside = item[action], {key: item[key] for key in item if key != action and not key.startswith("x-")}
    if isinstance(value, list):
        return _Step(action, "", beside, _steps(value, actions))
    if actions[action].sent is None:
        return _Step(action, "", {**beside, action: value})
    name, _, spelt = actions[action].sent(value)
    keys = {key: item for key, item in spelt.items() if key[:2] != "x-"}
    if "uri" in keys:
        keys["url"] = keys.pop("uri")
    for key in _LISTED & keys.keys():
        keys[key] = keys[key] if isinstance(keys[key], list) else [keys[key]]
    if "capture" in keys:
        keys["capture"] = _by_variable(keys["capture"])
    kept = {key: item for key, item in keys.items() if not same(item, _DEFAULTS.get(key, _NOTHING))}
    return _Step(action, name, kept, is_request=actions[action].needs_target)


def _by_variable(captures: Any) -> dict[str, Any]:
    """Return captures by the variable that they fill."""
    made: dict[str, Any] = {}
    for item in captures if isinstance(captures, list) else [captures]:
        if isinstance(item, Mapping):
            name = str(item.get("as"))
            made[f"{name} ({len(made) + 1})" if name in made else name] = {
                key: item[key] for key in item if key != "as"
            }
    return made


_NOTHING = "\0"
