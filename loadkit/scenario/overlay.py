"""Put one document over another: each value still knows where it was written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadkit.scenario.source import Document, Span, Where


def overlay(
    base: Document,
    over: Document,
    *,
    add_up: Where | None = None,
    whole: Where | None = None,
    by_index: bool = False,
    under: Where = (),
    at: Where = (),
) -> Document:
    """Return `base` with `over` (or what stands in it under a path) merged in at a path.

    `add_up` names lists to be joined, `whole` a mapping whose values replace each other; `by_index` merges the elements of lists.
    """
    merge = _Merge(base.spans, over.spans, add_up, whole, by_index)
    data: Any = merge.copy(base.data, (), (), base.spans)
    source: Any = over.data
    for part in under:
        source = source[part]
    if at:
        owner = data
        for part in at[:-1]:
            owner = owner[part]
        owner[at[-1]] = merge.both(owner[at[-1]], source, at, under)
    else:
        data = merge.both(data, source, (), under)
    files = tuple(dict.fromkeys((*base.files, *over.files)))
    return Document(data=data, spans=merge.spans, sources={**base.sources, **over.sources}, files=files)


class _Merge:
    def __init__(
        self,
        base: Mapping[Where, Span],
        over: Mapping[Where, Span],
        add_up: Where | None,
        whole: Where | None,
        by_index: bool,
    ) -> None:
        self.base = base
        self.over = over
        self.add_up = add_up
        self.whole = whole
        self.by_index = by_index
        self.spans: dict[Where, Span] = {}

    def both(self, base: Any, over: Any, where: Where, under: Where) -> Any:
        """Return the merge of two values; `where` is the path of the result, `under` that of the second in its document."""
        if isinstance(base, dict) and isinstance(over, dict):
            made = dict(base)
            for key, value in over.items():
                if key in base and where != self.whole:
                    made[key] = self.both(base[key], value, (*where, key), (*under, key))
                else:
                    self.forget((*where, key), base.get(key))
                    made[key] = self.copy(value, (*under, key), (*where, key), self.over)
            return made
        if self.by_index and isinstance(base, list) and isinstance(over, list):
            shared = min(len(base), len(over))
            joined = [self.both(base[at], over[at], (*where, at), (*under, at)) for at in range(shared)]
            added = [self.copy(over[at], (*under, at), (*where, at), self.over) for at in range(shared, len(over))]
            return [*joined, *base[shared:], *added]
        if where == self.add_up and isinstance(base, list) and isinstance(over, list):
            first = len(base)
            added = [
                self.copy(value, (*under, index), (*where, first + index), self.over)
                for index, value in enumerate(over)
            ]
            return [*base, *added]
        self.forget(where, base)
        return self.copy(over, under, where, self.over)

    def copy(self, value: Any, start: Where, where: Where, spans: Mapping[Where, Span]) -> Any:
        """Return a copy of a value, with its places, which moves from the path `start` to `where`."""
        if start in spans:
            self.spans[where] = spans[start]
        if isinstance(value, dict):
            return {key: self.copy(item, (*start, key), (*where, key), spans) for key, item in value.items()}
        if isinstance(value, list):
            return [self.copy(item, (*start, index), (*where, index), spans) for index, item in enumerate(value)]
        return value

    def forget(self, where: Where, value: Any) -> None:
        """Remove the places of a value that is replaced."""
        self.spans.pop(where, None)
        for key, item in (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        ):
            self.forget((*where, key), item)
