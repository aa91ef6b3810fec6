"""Checks of a response: the `expect` of an HTTP step. A check that fails is counted; the virtual user goes on.

Checks run after the step's captures, so their values may use what was just captured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loadkit.flow.checks import BODY_KINDS, KINDS, Check, Kind, Told, constant_statuses
from loadkit.flow.plugins import expect_options
from loadkit.flow.response import Response
from loadkit.flow.step import Build, Where
from loadkit.template.compile import Template, TemplateContext
from loadkit.template.text import to_text

Texts = tuple[str | None, ...]
"""What each check found, None where it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """All checks of one step. `names` are their types as metrics have them, in order; `run` says what each of them found.

    `statuses` is set when the only check is a constant `statusCode`: whoever has the status need not call `run` then.
    """

    needs_body: bool
    names: tuple[str, ...]
    statuses: frozenset[int] | None
    run: Callable[[TemplateContext, Response], Texts]
    tell: Callable[[TemplateContext, Response, Texts], tuple[Told, ...]]
    """Gives what each check expected and got, as Artillery prints it."""


@dataclass(frozen=True, slots=True)
class _Item:
    key: str
    kind: Kind
    check: Check
    template: Template
    description: str

    @property
    def name(self) -> str:
        """Return the check's type as metrics have it: that of a header says which, as in Artillery."""
        source = self.template.source
        if self.key != "headerEquals":
            return self.key
        return f"header {to_text(source[0]) if isinstance(source, list) else source} values equals"

    def tell(self, user: TemplateContext, response: Response, text: str | None) -> Told:
        expected, got = self.kind.tell(self.template.render(user), response, text is None)
        return self.description or expected, got


def compile_expect(
    step: Mapping[str, Any], where: Where, build: Build, kinds: Mapping[str, Kind] = KINDS
) -> Expect | None:
    """Compile the `expect` of a step, whose checks are those of a response or `kinds`; None when it has none.

    Faults become diagnostics.
    """
    made: list[_Item] = []
    for name, value, description, at in _listed(step, where, build, kinds):
        template = build.template(value, at)
        if template.is_constant and "{{" in to_text(template.source):
            continue  # a template that cannot be compiled
        check = kinds[name].compile(template, at, build)
        if check is not None:
            made.append(_Item(name, kinds[name], check, template, description))
    if not made:
        return None
    is_plugins = kinds is KINDS and not expect_options(build.config).listed
    if is_plugins and not _warn_unlisted((*where, "expect"), build):
        return None
    checks = tuple(item.check for item in made)
    only = made[0] if len(made) == 1 and made[0].key == "statusCode" else None
    return Expect(
        needs_body=any(item.kind.needs_body for item in made),
        names=tuple(item.name for item in made),
        statuses=constant_statuses(only.template) if only else None,
        run=lambda user, response: tuple([check(user, response) for check in checks]),
        tell=lambda user, response, texts: tuple(
            item.tell(user, response, text) for item, text in zip(made, texts, strict=True)
        ),
    )


def _warn_unlisted(at: Where, build: Build) -> bool:
    """Return whether checks count in a file that does not list the plugin; here they do, and the first one says so.

    A file with `thresholds` is not one of Artillery's.
    """
    if build.compat:
        return False
    if build.expect_at is None and "thresholds" not in build.config:
        text = "checks count here as they are; Artillery makes them with `plugins: {expect: {}}` only"
        build.warn("LK506", at, text, key=True, hint="add `plugins: {expect: {}}` to `config`")
    return True


_DESCRIBED = ("jmespath", "jpath")


def _listed(
    step: Mapping[str, Any], where: Where, build: Build, kinds: Mapping[str, Kind]
) -> Iterator[tuple[str, Any, str, Where]]:
    """Yield (kind, value, description, path) of each check; those that do not exist have been reported by the schema."""
    value, at = step.get("expect"), (*where, "expect")
    items: list[tuple[Any, Where]] = [(value, at)]
    if isinstance(value, list):
        items = [(item, (*at, index)) for index, item in enumerate(value)]
    for item, place in items:
        if not isinstance(item, Mapping):
            continue
        names = [name for name in item if name in kinds]
        if isinstance(value, list) and kinds is KINDS:
            names = _of_one(item, names, place, build)
        for name in names:
            described = item.get("description") if name in _DESCRIBED else None
            yield name, item[name], "" if described is None else str(described), (*place, name)


def _of_one(item: Mapping[str, Any], names: list[str], at: Where, build: Build) -> list[str]:
    """Return the checks of one entry of a list: Artillery makes the one that stands first, and no other."""
    first = next(iter(item), None)
    ignored = [name for name in names if name != first]
    if build.compat:
        return [name for name in names if name == first]
    if ignored:
        text = f"`{ignored[0]}` is checked as well; Artillery reads only the first key of an entry, which is `{first}`"
        build.warn("LK506", (*at, ignored[0]), text, key=True, hint="give each check an entry of its own")
    return names


# -------------------------------------------------------------------------------------------------------------- schema

_CODE: dict[str, Any] = {
    "type": ["integer", "string", "array"],
    "minimum": 100,
    "maximum": 599,
    "minItems": 1,
    "items": {
        "type": ["integer", "string"],
        "minimum": 100,
        "maximum": 599,
        "title": "Status code",
        "description": "One of the status codes.",
        "examples": [200],
    },
}

_PROPERTIES: dict[str, Any] = {
    "statusCode": {
        **_CODE,
        "title": "Status code",
        "description": "The response's status is this one, or one of these.",
        "examples": [200, [200, 201]],
    },
    "notStatusCode": {
        **_CODE,
        "title": "Other status code",
        "description": "The response's status is not this one, or none of these.",
        "examples": [500],
    },
    "contentType": {
        "type": "string",
        "minLength": 1,
        "title": "Content type",
        "description": "The whole Content-Type, in any case; `json` for application/json, problem+json or ld+json whose body "
        "is an object or a list.",
        "examples": ["json", "text/html; charset=utf-8"],
    },
    "hasProperty": {
        "type": "string",
        "minLength": 1,
        "title": "Property",
        "description": "The body, which is JSON by its Content-Type, has a property at this path, even if it is null.",
        "examples": ["data.items[0].id"],
    },
    "notHasProperty": {
        "type": "string",
        "minLength": 1,
        "title": "No property",
        "description": "The body, which is JSON by its Content-Type, has no property at this path.",
        "examples": ["error"],
    },
    "equals": {
        "type": ["array", "string"],
        "minItems": 2,
        "items": {"title": "Value", "description": "One of the values.", "examples": ["{{ id }}"]},
        "title": "Equal values",
        "description": "All values of the list are equal, compared as text.",
        "examples": [["{{ id }}", "{{ expectedId }}"]],
    },
    "hasHeader": {
        "type": "string",
        "minLength": 1,
        "title": "Header",
        "description": "The response has this header, and not an empty one; its case does not matter.",
        "examples": ["etag"],
    },
    "headerEquals": {
        "type": ["array", "string"],
        "minItems": 2,
        "maxItems": 2,
        "items": {
            "type": ["string", "number", "boolean"],
            "title": "Name or value",
            "description": "First the header's name, then its value.",
            "examples": ["cache-control"],
        },
        "title": "Header value",
        "description": "A header has exactly this value.",
        "examples": [["cache-control", "no-store"]],
    },
    "matchesRegexp": {
        "type": "string",
        "minLength": 1,
        "title": "Regular expression",
        "description": "The body's text has a match of this regular expression.",
        "examples": ["Welcome, \\w+"],
    },
    "cdnHit": {
        "type": ["boolean", "string"],
        "title": "CDN hit",
        "description": "A content delivery network served the response from its cache: cf-cache-status, x-cache or "
        "x-vercel-cache begins with hit or stale; with false, with miss.",
        "examples": [True],
    },
    "jmespath": {
        "type": "string",
        "minLength": 1,
        "title": "JMESPath",
        "description": "An expression of JMESPath (jmespath.org) gives something that is neither false, null, 0 nor an empty text.",
        "examples": ["length(items) > `2`"],
    },
    "jpath": {
        "type": "string",
        "minLength": 1,
        "title": "JMESPath (other name)",
        "description": "The same as `jmespath`; counted under this name.",
        "examples": ["items[0].id"],
    },
    "description": {
        "type": "string",
        "title": "Description",
        "description": "What `jmespath` expects, in words; shown by `outputFormat`.",
        "examples": ["more than two items"],
    },
}

BODY_PROPERTIES: Mapping[str, Any] = {name: _PROPERTIES[name] for name in BODY_KINDS}

_ONE = {
    "title": "Checks",
    "description": "Checks of the response, each counted as passed or failed. One mapping or a list of them.",
    "properties": _PROPERTIES,
    "additionalProperties": False,
    "patternProperties": {"^x-": {}},
    "examples": [{"statusCode": 200, "contentType": "json"}],
}

EXPECT_SCHEMA: dict[str, Any] = {**_ONE, "type": ["object", "array"], "items": {**_ONE, "type": "object"}}
"""One mapping or a list of them, as one level: a choice between two schemas makes for poor messages."""
