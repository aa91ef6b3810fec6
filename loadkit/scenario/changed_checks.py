"""What has changed in the checks of a request: `expect` and `match`, one by one, so that a check that is gone is seen.

a check that is gone is looser        one more accepted value is looser, one less is not
any other change of a check           nobody can tell its direction, so it counts as maybe looser
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loadkit.scenario.changes import Change, Kind, same, shown

CHECKS = ("expect", "match")
_NO_CHECKS = {"description"}
_SOURCES = ("json", "regexp", "header", "selector", "xpath")
_DEFAULTS = {"strict": True}
_NONE = "\0"
_ACCEPTED, _REFUSED = "accepted", "refused"
_LISTS = {"statusCode": _ACCEPTED, "notStatusCode": _REFUSED}

Check = tuple[str, str, Any]
"""Whose it is (expect or match), its type and its value."""


def number_of_checks(keys: Mapping[str, Any]) -> int:
    """Return how many checks a request has."""
    return len(_checks(keys))


def counted_checks(number: int) -> str:
    """Return "its 2 checks" for the words of a change."""
    return f"its {number} checks" if number > 1 else "its check"


def check_changes(old: Mapping[str, Any], new: Mapping[str, Any], title: str) -> Iterator[Change]:
    """Yield what has changed in the checks of a request; their order does not count."""
    before, after = _checks(old), _checks(new)
    for check in list(before):
        if any(same(check, other) for other in after):
            before.remove(check)
            after.remove(next(other for other in after if same(check, other)))
    for whose, name, value in list(before):
        other = next((one for one in after if one[:2] == (whose, name)), None)
        subject = f"{title}: {whose} {name}"
        if other is None:
            text = f"{subject} {_said(value)} removed"
            yield Change(what="check", kind=Kind.REMOVED, subject=subject, text=text, old=_said(value), looser=True)
            continue
        after.remove(other)
        looser = _is_looser(name, value, other[2])
        kind = Kind.CHANGED if looser is None else Kind.LOOSENED if looser else Kind.TIGHTENED
        text = f"{subject} {_said(value)} -> {_said(other[2])}"
        yield Change(
            what="check", kind=kind, subject=subject, text=text, old=_said(value), new=_said(other[2]), looser=looser is not False
        )  # fmt: skip
    for whose, name, value in after:
        subject = f"{title}: {whose} {name}"
        yield Change(
            what="check", kind=Kind.ADDED, subject=subject, text=f"{subject} {_said(value)} added", new=_said(value)
        )


def _checks(keys: Mapping[str, Any]) -> list[Check]:
    made: list[Check] = []
    for item in _items(keys.get("expect")):
        made += [("expect", str(name), value) for name, value in item.items() if name not in _NO_CHECKS]
    for item in _items(keys.get("match")):
        source = next((name for name in _SOURCES if name in item), "")
        rest = {
            name: value
            for name, value in item.items()
            if name != source and not same(value, _DEFAULTS.get(name, _NONE))
        }
        made.append(("match", str(item.get(source, "")), rest["value"] if rest.keys() == {"value"} else rest))
    return made


def _items(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, Mapping)]


def _is_looser(name: str, old: Any, new: Any) -> bool | None:
    """Say whether more is accepted; None where nobody can tell."""
    before, after = ({str(item) for item in (value if isinstance(value, list) else [value])} for value in (old, new))
    if name not in _LISTS or not (before < after or after < before):
        return None
    return (before < after) is (_LISTS[name] is _ACCEPTED)


def _said(value: Any) -> str:
    return shown(value)
