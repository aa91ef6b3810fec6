"""What a processor writes down, as far as its syntax tree says it: variables of virtual users, and metrics of its own.

Templates and thresholds may name both, and a misspelt name should still be found without running the module.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass

_WRITERS = {"setdefault", "__setitem__"}
_RECORDERS = {"counter", "rate", "histogram"}


@dataclass(frozen=True, slots=True)
class Recorded:
    """Names of metrics by kind; `prefixes` are the beginnings of names that are put together, "" where nothing is known."""

    counters: frozenset[str] = frozenset()
    rates: frozenset[str] = frozenset()
    histograms: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()


NOTHING_OWN = Recorded()
ANYTHING_OWN = Recorded(prefixes=frozenset({""}))


def written_names(tree: ast.AST) -> Iterator[str]:
    """Yield the variables that a module writes by name: `user.vars["x"] = 1`, `.setdefault("x", 1)`, `.update(x=1)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and _is_variables(node.value):
            yield from _texts(node.slice)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_variables(node.func.value):
            if node.func.attr in _WRITERS and node.args:
                yield from _texts(node.args[0])
            elif node.func.attr == "update":
                yield from (word.arg for word in node.keywords if word.arg)
                for given in node.args:
                    if isinstance(given, ast.Dict):
                        yield from (name for key in given.keys if key is not None for name in _texts(key))


def _is_variables(node: ast.expr) -> bool:
    """Say whether an expression is the variables of a virtual user: `user.vars`, or a name for it."""
    return (isinstance(node, ast.Attribute) and node.attr == "vars") or (
        isinstance(node, ast.Name) and node.id in ("vars", "variables")
    )


def recorded_names(tree: ast.AST) -> Recorded:
    """Return the metrics that a module records: the first arguments of counter, rate and histogram.

    A module that hands `metrics` on, or has functions of another one, may record anything.
    """
    found: dict[str, set[str]] = {name: set() for name in (*_RECORDERS, "prefix")}
    receivers = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "metrics" and id(node) not in receivers:
            found["prefix"].add("")
        if isinstance(node, ast.ImportFrom) and not _is_known(node.module or ""):
            found["prefix"].add("")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _RECORDERS:
            name = (
                node.args[0] if node.args else next((word.value for word in node.keywords if word.arg == "name"), None)
            )
            if name is not None:
                texts = list(_texts(name))
                found[node.func.attr if texts else "prefix"].update(texts or {_beginning(name)})
    return Recorded(
        frozenset(found["counter"]), frozenset(found["rate"]), frozenset(found["histogram"]), frozenset(found["prefix"])
    )


def _is_known(module: str) -> bool:
    """Say whether a module records no metrics: Python's own, and ours."""
    return module.partition(".")[0] in {*sys.stdlib_module_names, "loadkit"}


def _texts(node: ast.expr) -> Iterator[str]:
    """Yield the texts that an expression may be, where they stand there."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


def _beginning(node: ast.expr) -> str:
    """Return how the text of an f-string begins, "" for any other expression."""
    if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
        return str(node.values[0].value)
    return ""
