"""What of a scenario is secret: the variables, by name, and the values that its text or the environment tells before load.

A variable is secret when `config.secrets` lists it, when its name says so, or when it stands in the value of a header, cookie or
field whose name says so. An environment variable is one of those that the files read by `$env`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, unquote_plus

from loadkit.errors import Diagnostic
from loadkit.flow.declare import declared_names
from loadkit.flow.step import Build, root_of
from loadkit.protocols.proxy import proxy_passwords
from loadkit.redact import Secrets, is_secret, is_secret_variable
from loadkit.scenario.plan import Plan
from loadkit.scenario.source import Document

_ENVIRONMENT = re.compile(r"\$(?:env|processEnvironment)\s*(?:\.\s*(\w+)|\[\s*[\"']?(\w+)[\"']?\s*\])")
_TEMPLATE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_NAME = re.compile(r"(?<![\w$.\"'])[A-Za-z_][\w-]*(?!\s*\()")
_USERINFO = re.compile(r"://([^/?#\s\"'<>@]+)@")
_QUERY = re.compile(r"[?&]([\w.\-\[\]%]+)=((?:\{\{.*?\}\}|[^&\s#\"'<>])*)")
_ENV_PREFIX = re.compile(r"\$(?:env|processEnvironment)\.")
_ALWAYS = ("$loopElement", "$loopCount", "$environment", "$testId", "target")


def find_secrets(document: Document) -> Secrets:
    """Return the secrets of a document as far as they are known before load."""
    config = _mapping(document.data.get("config"))
    listed = {_ENV_PREFIX.sub("", str(name)) for name in _list(config.get("secrets"))}
    found = _Findings()
    for key, value in document.data.items():
        found.walk(key, value)
    names = listed | found.names
    variables = [value for name, value in _mapping(config.get("variables")).items() if str(name) in names]
    # The files' texts, since what stands in `config` has been rendered already.
    read = {dotted or index for text in document.sources.values() for dotted, index in _ENVIRONMENT.findall(text)}
    environment = {name for name in read if is_secret_variable(name)} | (names & os.environ.keys())
    told = [os.environ[name] for name in sorted(environment) if name in os.environ]
    proxies = proxy_passwords(_mapping(config.get("http")).get("proxy"), os.environ)
    return Secrets(names, [*found.values, *_literals(variables), *told, *proxies])


def check_secrets(document: Document, build: Build) -> None:
    """Report the names of `config.secrets` that no variable has; the variables of `config` and payloads are defined by now."""
    config = _mapping(document.data.get("config"))
    known = {*build.defined, *_ALWAYS, *_flow_names(document, build)}
    read = {dotted or index for text in document.sources.values() for dotted, index in _ENVIRONMENT.findall(text)}
    for index, name in enumerate(_list(config.get("secrets"))):
        if not isinstance(name, str) or name in known or build.has_unknown_fields:
            continue
        plain = _ENV_PREFIX.sub("", name)
        if plain not in read and plain not in os.environ:
            hint = build.closest(plain, {*known, *read})
            build.error("LK201", ("config", "secrets", index), f'nothing defines the variable "{name}"', hint=hint)


def without_secrets(
    diagnostics: Sequence[Diagnostic], sources: Mapping[str, str], secrets: Secrets
) -> tuple[tuple[Diagnostic, ...], dict[str, str]]:
    """Return diagnostics and the texts that they quote, with secrets hidden; the columns of the texts stay what they are."""
    quoted: dict[str, set[int]] = {}
    for found in diagnostics:
        quoted.setdefault(found.at.file, set()).add(found.at.line)
    made = {
        file: _with_blots(text, quoted[file], secrets) if file in quoted else text for file, text in sources.items()
    }
    return hide_messages(diagnostics, secrets), made


def hide_messages(diagnostics: Sequence[Diagnostic], secrets: Secrets) -> tuple[Diagnostic, ...]:
    """Return diagnostics whose words tell no known secret."""
    mask = secrets.mask_values
    return tuple(replace(found, message=mask(found.message), hint=mask(found.hint)) for found in diagnostics)


def rendered_warnings(plan: Plan) -> Iterator[str]:
    """Yield a plan's warnings as they are printed."""
    warnings, sources = without_secrets(plan.warnings, plan.document.sources, plan.secrets)
    return (warning.render(sources) for warning in warnings)


def _with_blots(text: str, numbers: set[int], secrets: Secrets) -> str:
    lines = text.splitlines()
    blotted = (secrets.blot(line) if number in numbers else line for number, line in enumerate(lines, 1))
    return "".join(f"{line}\n" for line in blotted)  # with its end, or a last line that is empty would be none


class _Findings:
    """Names and values that a walk over a scenario's data finds."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.values: list[str] = []

    def walk(self, key: str, value: Any) -> None:
        """Look at the value of a key."""
        if isinstance(value, Mapping):
            whole = (
                "cookie" in key.lower()
            )  # each cookie is secret; of other mappings the keys decide, of `qs` as in a query
            for name, item in value.items():
                in_query = key == "qs" and is_secret_variable(str(name))
                inside = (
                    key if name == "value" and is_secret(key) else str(name)
                )  # a field of `formData` in its long form
                self.walk("cookie" if whole or in_query else inside, item)
        elif isinstance(value, list) and key != "secrets":
            for item in value:
                self.walk(key, item)
        elif isinstance(value, str) and key != "secrets":
            self._look(key, value)
        elif isinstance(value, int | float) and not isinstance(value, bool) and is_secret(key):
            self.values.append(str(value))

    def _look(self, key: str, text: str) -> None:
        if is_secret(key):
            self._take(text)
        for userinfo in _USERINFO.findall(text):
            self.values += [unquote(userinfo.partition(":")[2] or userinfo)] if "{{" not in userinfo else []
            self._names(userinfo)
        for name, value in _QUERY.findall(text):
            if is_secret_variable(unquote(name)):
                self._take(unquote_plus(value))

    def _take(self, text: str) -> None:
        """A text under a secret name: its variables are secret; one without any is itself, a word like Bearer before it aside."""
        if "{{" in text:
            self._names(text)
        else:
            self.values += [text, text.split(" ", 1)[-1]]

    def _names(self, text: str) -> None:
        for inside in _TEMPLATE.findall(text):
            self.names.update(_NAME.findall(inside))
            self.names.update(dotted or index for dotted, index in _ENVIRONMENT.findall(inside))


def _flow_names(document: Document, build: Build) -> Iterator[str]:
    """Yield what captures, `set` steps and loops of any scenario define."""
    errands = (document.data.get(name) for name in ("before", "after"))
    for index, scenario in enumerate([*_list(document.data.get("scenarios")), *errands]):
        if isinstance(scenario, Mapping):
            yield from declared_names(scenario.get("flow"), ("scenarios", index, "flow"), build.actions)
            yield from _loop_names(scenario.get("flow"))


def _loop_names(value: Any) -> Iterator[str]:
    for key, item in value.items() if isinstance(value, Mapping) else enumerate(_list(value)):
        if key in ("loopElement", "loopValue"):
            yield root_of(str(item))
        else:
            yield from _loop_names(item)


def _literals(values: list[Any]) -> Iterator[Any]:
    """Yield values without the texts that hold templates: those are known to virtual users only."""
    for value in values:
        if isinstance(value, Mapping):
            yield from _literals(list(value.values()))
        elif isinstance(value, list):
            yield from _literals(value)
        elif not (isinstance(value, str) and "{{" in value):
            yield value


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
