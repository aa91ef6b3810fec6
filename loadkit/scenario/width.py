"""How many things a virtual user may be doing at once: one, or as many as the branches of `parallel` steps inside of each other.

Branch i of a user keeps its connections for branch i of the next `parallel`, so what counts is not the widest step but the
widest of each branch: a step of which the first branch is 3 wide and one of which the second is make (3 + 3), not 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any

from loadkit.flow.parallel import DEFAULT_LIMIT

_Shape = tuple[Any, ...]
"""The shapes of a user's branches, () for none."""


def width_of(flows: Iterable[Any], config: Mapping[str, Any]) -> int:
    """Return how many requests a virtual user that goes through all these flows may have under way, at most."""
    if config.get("compat") == "artillery" and (config.get("http") or {}).get("pool") is None:
        return 1  # it sends them one after the other
    shape: _Shape = ()
    for flow in flows:
        shape = _merged(shape, _shape(flow))
    return _width(shape)


def _shape(item: Any) -> _Shape:
    made: _Shape = ()
    if isinstance(item, list):
        for step in item:
            made = _merged(made, _shape(step))
    elif isinstance(item, Mapping):
        if isinstance(item.get("parallel"), list):
            made = _of_branches([_shape(branch) for branch in item["parallel"]], item.get("limit"))
        elif isinstance(item.get("loop"), list):
            made = _shape(item["loop"])
    return made


def _of_branches(branches: list[_Shape], limit: Any) -> _Shape:
    """Return the shape of a step; where branches take turns, each place must be as wide as the widest of them."""
    most = limit if isinstance(limit, int) and limit > 0 else len(branches) if isinstance(limit, str) else DEFAULT_LIMIT
    if most >= len(branches):
        return tuple(branches)
    widest: _Shape = ()
    for branch in branches:
        widest = _merged(widest, branch)
    return (widest,) * most


def _merged(one: _Shape, other: _Shape) -> _Shape:
    return tuple(_merged(mine, its) for mine, its in zip_longest(one, other, fillvalue=()))


def _width(shape: _Shape) -> int:
    return sum(map(_width, shape)) if shape else 1
