"""Which environment variables a scenario reads, and where it would not be asked: comments and unused environments are no use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from loadkit.scenario.source import Document, read_source

_TEMPLATE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_READ = re.compile(r"\$(?:env|processEnvironment)\s*(?:\.\s*(\w+)|\[\s*[\"']?(\w+)[\"']?\s*\])")


def variables_read(document: Document, environment: str | None) -> tuple[str, ...]:
    """Return the names of the environment variables that templates and conditions name, sorted.

    The files are read again, since `config` has been rendered by now. Of `config.environments` the chosen one counts.
    """
    found: set[str] = set()
    for name, text in document.sources.items():
        read = read_source(name, text).document if name in document.files or _is_json(name) else None
        for written in _texts(read.data if read else {}, (), environment):
            inside = _TEMPLATE.findall(written) or ([written] if "$" in written else [])
            found.update(dotted or index for one in inside for dotted, index in _READ.findall(one))
    return tuple(sorted(found))


def _is_json(name: str) -> bool:
    return name in ("--overrides", "--variables")


def _texts(value: Any, where: tuple[str, ...], environment: str | None) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        unused = where == ("config", "environments")
        for key, item in value.items():
            if not unused or key == environment:
                yield key
                yield from _texts(item, (*where, key), environment)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, (*where, "[]"), environment)
