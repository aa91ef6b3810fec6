"""Made-up data: Artillery's plugin fake-data, `{{ $internetEmail() }}`, through Python's Faker.

As with Artillery a result is text, and options are those of the file, in the form of faker.js. Values come from the virtual
user's own generator, so a seeded run repeats them. A function without an equivalent gives what the closest one does.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import cache
from typing import Any

from loadkit.template.fake_table import DEPRECATED, TABLE
from loadkit.template.fake_values import Fake, Make
from loadkit.template.functions import TemplateContext, TemplateFunction
from loadkit.template.text import to_text

INSTALL = "pip install 'loadkit[fake]'"


def is_installed() -> bool:
    """Say whether the library is there."""
    return importlib.util.find_spec("faker") is not None


def fake_functions(options: Mapping[str, Any]) -> dict[str, TemplateFunction]:
    """Return the template functions by name, each with its `options`; none when Faker is not installed."""
    if not is_installed():
        return {}
    names = (*((name, name) for name in TABLE), *DEPRECATED.items())
    return {f"${name}": _function(name, meant, options.get(meant)) for name, meant in names}


def closest_fake(name: str) -> str:
    """Return the function whose values stand in for those of one that has no equivalent, "" where none need."""
    found = TABLE.get(DEPRECATED.get(name, name))
    return found if isinstance(found, str) else ""


def is_fake(name: str) -> bool:
    """Say whether a name without its $ is that of a function of fake-data."""
    return name in TABLE or name in DEPRECATED


def fake_hint(name: str) -> str:
    """Return what to do to call a function of fake-data, "" for a name that is none of them."""
    if not is_fake(name.removeprefix("$")):
        return ""
    if not is_installed():
        return f"functions of the plugin fake-data need Faker: {INSTALL}"
    return "it is a function of a plugin: add `plugins: {fake-data: {}}` to `config`"


CONFIG: dict[str, Any] = {
    "fake-data": {
        "type": "object",
        "title": "Fake data",
        "description": "Options of the functions of `plugins.fake-data`, by name and in the form of faker.js; they win over those "
        "that stand there.",
        "examples": [{"internetPassword": {"length": 12}, "numberInt": {"min": 1, "max": 6}}],
        "additionalProperties": {
            "title": "Function",
            "description": "The options of one function: a mapping, or the only one as it is.",
            "examples": [{"min": 1, "max": 6}],
        },
    }
}


def _function(name: str, meant: str, options: Any) -> TemplateFunction:
    make, given = _maker(meant), {} if options is None or options is True else options

    def call(user: TemplateContext) -> str:
        fake = _generator()
        fake.random = user.random
        try:
            return to_text(make(fake, given))
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"${name}: {error}; its options are {to_text(given)}") from None

    return TemplateFunction(name=f"${name}", call=call, doc="Made-up data.", example=f"{{{{ ${name}() }}}}")


def _maker(name: str) -> Make:
    found = TABLE[name]
    return _maker(found) if isinstance(found, str) else found


@cache
def _generator() -> Fake:
    import faker

    return faker.Faker("en_US", use_weighting=False)._factories[0]
