"""Template functions of a file: those of loadkit, and with `plugins: {fake-data: {}}` those of Artillery's plugin fake-data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from loadkit import registry
from loadkit.flow.plugins import options_of
from loadkit.flow.step import NOBODY, Build, Where
from loadkit.template.fake import closest_fake, fake_functions, is_fake
from loadkit.template.functions import TemplateFunction

_CALL = re.compile(r"\{\{\s*\$(\w+)\s*\(")


def template_functions(config: Mapping[str, Any]) -> Mapping[str, TemplateFunction]:
    """Return the functions that the templates of a file can call, by name. As in Artillery `config.fake-data` wins."""
    known: dict[str, TemplateFunction] = registry.plugins("function")
    options = options_of(config, "fake-data")
    if options is None:
        return known
    own = config.get("fake-data")
    return {**fake_functions(own if isinstance(own, Mapping) and own else options), **known}


def check_fakes(data: Mapping[str, Any], build: Build) -> None:
    """Try each function of fake-data that is called, once: its options may mean nothing, and Faker is loaded before load begins.

    What another function stands in for is warned of.
    """
    if options_of(build.config, "fake-data") is None:
        return
    told: set[str] = set()
    for text, where in _texts(data, ()):
        for found in _CALL.finditer(text):
            name, inside = found[1], (text, found.start(1) - 1)
            if name in told or not is_fake(name) or f"${name}" not in build.functions:
                continue
            told.add(name)
            other = closest_fake(name)
            if other:
                message = f"${name}() has no equivalent in Python's Faker; its values are those of ${other}()"
                build.warn("LK506", where, message, inside=inside)
            try:
                build.functions[f"${name}"].call(NOBODY)
            except ValueError as error:
                build.error("LK104", where, str(error), inside=inside)


def _texts(value: Any, where: Where) -> Iterator[tuple[str, Where]]:
    if isinstance(value, str) and "{{" in value:
        yield value, where
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _texts(item, (*where, key))
