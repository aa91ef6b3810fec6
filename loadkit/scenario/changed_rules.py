"""What has changed in that which is judged: thresholds and `ensure`, and in which direction.

<  <=      a larger limit is looser                     >  >=      a smaller limit is looser
for        a longer time is looser                      after, min_samples    more is looser
abort      to go on after a failure is looser
severity   a warning is looser than an error            a rule that is gone is looser than one that is there

Of what cannot be told (== to !=, another window, `confidence`) it is said that it changed, and it counts as maybe looser.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadkit.errors import Severity
from loadkit.scenario.changes import Change, Kind
from loadkit.slo.ensure import Condition, Ensure
from loadkit.slo.expression import Objective, Operator
from loadkit.slo.window import Logic

_UPPER, _LOWER = (Operator.LESS, Operator.AT_MOST), (Operator.MORE, Operator.AT_LEAST)
_EXCLUDING = (Operator.LESS, Operator.MORE)


@dataclass(frozen=True, slots=True)
class _Part:
    """One way in which a rule differs: the words, whether it is looser (None: nobody can tell), whether that changes a verdict."""

    words: str
    looser: bool | None
    judges: bool = True


def threshold_changes(old: Sequence[Objective], new: Sequence[Objective]) -> Iterator[Change]:
    """Yield what has changed in `config.thresholds`; their order does not count."""
    yield from _changes("threshold", [(one, True) for one in old], [(one, True) for one in new])


def ensure_changes(old: Ensure | None, new: Ensure | None) -> Iterator[Change]:
    """Yield what has changed in the `ensure` that is judged."""
    sides = [list(side.checks) if side and side.enabled else [] for side in (old, new)]
    rules = [[(one.rule, one.strict) for one in side if isinstance(one.rule, Objective)] for side in sides]
    conditions = [{one.rule.text: one.strict for one in side if isinstance(one.rule, Condition)} for side in sides]
    yield from _changes("ensure", *rules)
    yield from _condition_changes(*conditions)


Rule = tuple[Objective, bool]


def _changes(what: str, old: list[Rule], new: list[Rule]) -> Iterator[Change]:
    pairs, gone, come = _paired(old, new)
    for before, after in pairs:
        parts = list(_parts(before, after))
        if parts:
            yield _changed(what, before[0], after[0], parts)
    for objective, _ in gone:
        text = f"{what} removed: {_written(objective)}"
        yield Change(
            what=what, kind=Kind.REMOVED, subject=_subject(objective), text=text, old=_written(objective), looser=True
        )
    for objective, _ in come:
        text = f"{what} added: {_written(objective)}"
        yield Change(what=what, kind=Kind.ADDED, subject=_subject(objective), text=text, new=_written(objective))


def _paired(old: list[Rule], new: list[Rule]) -> tuple[list[tuple[Rule, Rule]], list[Rule], list[Rule]]:
    """Pair rules about the same thing: those that are the same first, then in the order of the files."""
    pairs: list[tuple[Rule, Rule]] = []
    old, new = list(old), list(new)
    for alike in (_equal, _of_one_window, _about_the_same):
        for before in list(old):
            after = next((other for other in new if alike(before, other)), None)
            if after is not None:
                pairs.append((before, after))
                old.remove(before)
                new.remove(after)
    return pairs, old, new


def _about_the_same(one: Rule, other: Rule) -> bool:
    return _key(one[0]) == _key(other[0])


def _of_one_window(one: Rule, other: Rule) -> bool:
    return _about_the_same(one, other) and bool(one[0].window) == bool(other[0].window)


def _equal(one: Rule, other: Rule) -> bool:
    return _about_the_same(one, other) and not list(_parts(one, other))


def _key(rule: Objective) -> tuple[str, str, bool]:
    sides = rule.operator in _UPPER, rule.operator in _LOWER
    return rule.selector.text, rule.selection.text(rule.label), sides == (False, True)


def _subject(rule: Objective) -> str:
    scope = rule.selection.text(rule.label)
    return rule.selector.text if scope == "global" else f"{rule.selector.text} {scope}"


def _written(rule: Objective) -> str:
    return f"{_subject(rule)} {_limit(rule)}{f' {rule.window}' if rule.window else ''}"


def _limit(rule: Objective) -> str:
    """Return the comparison as it was written: "< 250ms"."""
    text = rule.text[rule.text.index(rule.operator.value) :] if rule.operator.value in rule.text else rule.text
    return " ".join(text.split(" of ")[0].split(" in ")[0].split())


def _changed(what: str, old: Objective, new: Objective, parts: list[_Part]) -> Change:
    directions = {part.looser for part in parts}
    looser = bool(directions & {True, None})
    kind = Kind.LOOSENED if directions == {True} else Kind.TIGHTENED if directions == {False} else Kind.CHANGED
    kind = Kind.CHANGED if all(part.judges is False for part in parts) else kind
    words = ", ".join(part.words for part in parts)
    text = f"{what} {kind.value}: {_subject(new)} {words}"
    return Change(
        what=what, kind=kind, subject=_subject(new), text=text, old=_written(old), new=_written(new), looser=looser
    )  # fmt: skip


def _parts(before: Rule, after: Rule) -> Iterator[_Part]:
    (old, old_strict), (new, new_strict) = before, after
    if (old.operator, old.limit) != (new.operator, new.limit):
        yield _Part(f"{_limit(old)} -> {_limit(new)}", _looser(old, new))
    if old.window != new.window:
        both_for = old.window and new.window and old.window.logic is new.window.logic is Logic.FOR
        looser = new.window.seconds > old.window.seconds if both_for and old.window and new.window else None
        yield _Part(f"{old.window or 'whole run'} -> {new.window or 'whole run'}", looser)
    if old.after_s != new.after_s:
        yield _Part(f"after {old.after_s} s -> {new.after_s} s", new.after_s > old.after_s)
    if old.min_samples != new.min_samples:
        yield _Part(f"min_samples {old.min_samples} -> {new.min_samples}", new.min_samples > old.min_samples)
    if old.severity is not new.severity:
        yield _Part(f"severity {old.severity.value} -> {new.severity.value}", new.severity is Severity.WARNING)
    if old.confidence is not new.confidence:
        yield _Part(f"confidence {old.confidence.value} -> {new.confidence.value}", None)
    if old.name != new.name:
        yield _Part(f"is called {new.name or 'by what it says'}", False, judges=False)
    if dict(old.tags) != dict(new.tags):
        yield _Part(f"tags {_tags(old)} -> {_tags(new)}", False, judges=False)
    if old_strict != new_strict:
        yield _Part(f"strict {str(old_strict).lower()} -> {str(new_strict).lower()}", not new_strict)
    if old.abort != new.abort:
        yield _Part(
            "stops the run when it fails" if new.abort else "no longer stops the run when it fails", not new.abort
        )


def _tags(rule: Objective) -> str:
    return ", ".join(f"{key}:{value}" for key, value in rule.tags.items()) or "none"


def _looser(old: Objective, new: Objective) -> bool | None:
    for side, sign in ((_UPPER, 1), (_LOWER, -1)):
        if old.operator in side and new.operator in side:
            if old.limit == new.limit:
                return old.operator in _EXCLUDING
            return (new.limit - old.limit) * sign > 0
    return None


def _condition_changes(old: dict[str, bool], new: dict[str, bool]) -> Iterator[Change]:
    for text in [*old, *(text for text in new if text not in old)]:
        if text not in new:
            words = f"ensure condition removed: {text}"
            yield Change(what="ensure", kind=Kind.REMOVED, subject=text, text=words, old=text, looser=True)
        elif text not in old:
            yield Change(
                what="ensure", kind=Kind.ADDED, subject=text, text=f"ensure condition added: {text}", new=text
            )  # fmt: skip
        elif old[text] != new[text]:
            kind = Kind.TIGHTENED if new[text] else Kind.LOOSENED
            words = (
                f"ensure condition {kind.value}: {text} {'fails the run' if new[text] else 'no longer fails the run'}"
            )
            yield Change(what="ensure", kind=kind, subject=text, text=words, looser=not new[text])
