"""The last few of something: what keeps the demo's memory bounded however long it is loaded."""

from __future__ import annotations

from collections import OrderedDict
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Items by identifier; adding one beyond `most` forgets the oldest."""

    def __init__(self, prefix: str, most: int) -> None:
        self._prefix = prefix
        self._most = most
        self._numbers = count(1)
        self._items: OrderedDict[str, T] = OrderedDict()

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: T, identifier: str = "") -> str:
        """Keep an item and return its identifier: the one given, or the prefix and the next number."""
        identifier = identifier or f"{self._prefix}{next(self._numbers)}"
        self._items[identifier] = item
        if len(self._items) > self._most:
            self._items.popitem(last=False)
        return identifier

    def get(self, identifier: str) -> T | None:
        """Return the item, or None when there is none or it has been forgotten."""
        return self._items.get(identifier)

    def remove(self, identifier: str) -> None:
        """Forget an item, if it is there."""
        self._items.pop(identifier, None)
