"""What is known before load starts is put into `config`: environment variables, built-in names and constant variables.

Rendered is all of `config` and the weights of scenarios, except what is rendered for each virtual user: `variables`, `defaults`,
`http.defaults`, and of `payload` all but its paths; and except the names of requests in thresholds and objectives, which
are paths as written.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadkit import registry
from loadkit.errors import Diagnostic, Severity
from loadkit.flow.step import Inside, unset_text
from loadkit.scenario.exports import TEST_ID
from loadkit.scenario.scalars import read_plain
from loadkit.scenario.schema import accepted_types
from loadkit.scenario.source import Document, Where
from loadkit.template.compile import Template, TemplateFault, compile_value
from loadkit.template.text import UNDEFINED

_FOR_EACH_USER = {
    ("config", "variables"),
    ("config", "defaults"),
    ("config", "http", "defaults"),
    ("config", "environments"),
}
_COMPARISON, _OF_REQUEST = re.compile(r"[<>=]"), re.compile(r"\sof\s")  # what stands behind a threshold's value
_OPTIONS_OF_OTHERS = {"plugins", "engines"}  # they may have templates of their own
_OF_OUTPUTS = {("config", "plugins"), ("config", "outputs")}


def builtin_variables(document: Document, environment: str | None) -> dict[str, Any]:
    """Return `$scenarioFile` (the first file as written), `$dirname` (its directory, absolute) and `$environment`."""
    file = document.files[0] if document.files else ""
    return {
        "$scenarioFile": file,
        "$dirname": str(Path(file).absolute().parent),
        "$environment": environment,
    }


def render_config(document: Document, builtins: Mapping[str, Any], *, seed: int | None = None) -> list[Diagnostic]:
    """Render the static templates of a document in place. `seed` (or `config.seed`) fixes what is drawn at random."""
    config = document.data.get("config")
    if not isinstance(config, dict):
        config = {}
    fixed = config.get("seed") if seed is None else seed
    work = _Rendering(document=document, random=random.Random(str(fixed)) if fixed is not None else random.Random())
    work.compat = config.get("compat") == "artillery"
    variables = config.get("variables")
    work.define(variables if isinstance(variables, dict) else {}, builtins)
    for where in list(_rendered_places(document.data, compat=work.compat)):
        work.render(where)
    return work.diagnostics


def place_payloads(document: Document, given: tuple[str, ...] = ()) -> None:
    """Make the paths of payloads relative to the directory of the first scenario file.

    As written in a file that was `given`, they are relative to the first one, and one that is not found there is looked for beside
    its own; in a file that others extend it is the other way round. --payload is relative to the current directory.
    """
    config = document.data.get("config")
    payload = config.get("payload") if isinstance(config, dict) else None
    where: Where = ("config", "payload")
    items: list[tuple[Where, Any]] = [((*where, "path"), payload)]
    if isinstance(payload, list):
        items = [((*where, index, "path"), item) for index, item in enumerate(payload)]
    for at, item in items:
        path = item.get("path") if isinstance(item, dict) else None
        if isinstance(path, str) and "{{" not in path and not os.path.isabs(path) and document.files:
            item["path"] = _beside_first(path, document.at(at).file, document.files, given)


def _beside_first(path: str, writer: str, files: tuple[str, ...], given: tuple[str, ...]) -> str:
    home = Path(files[0]).parent
    places = [Path(path), home / path] if writer == "--payload" else [home / path]
    if writer in files:
        places.insert(len(places) if writer in given else 0, Path(writer).parent / path)
    found = next((place for place in places if _is_file(place)), places[0])
    return os.path.relpath(found, home)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _leave_out(owner: Any, part: Any) -> None:
    if isinstance(owner, dict):
        del owner[part]
    else:
        owner[part] = None


def _is_for_users(where: Where) -> bool:
    return any(where[: len(place)] == place for place in _FOR_EACH_USER)


def _rendered_places(data: Mapping[str, Any], *, compat: bool = False) -> Iterator[Where]:
    """Yield the paths of what is rendered when the file is read; in Artillery that is also what we render for each user."""
    config = data.get("config")
    if isinstance(config, dict):
        for key, value in config.items():
            yield from filter(_RENDERED.get(key, _all), _templates(value, ("config", key), compat=compat))
    scenarios = data.get("scenarios")
    if isinstance(scenarios, list):
        for index, scenario in enumerate(scenarios):
            if isinstance(scenario, dict) and "weight" in scenario:
                yield from _templates(scenario["weight"], ("scenarios", index, "weight"))


def _all(where: Where) -> bool:
    return True


_RENDERED: Mapping[str, Callable[[Where], bool]] = {
    "payload": lambda where: where[-1] == "path",
    "slos": lambda where: where[3:4] != ("of",),  # names, as written
}


def _templates(value: Any, where: Where, *, compat: bool = False) -> Iterator[Where]:
    """Yield the paths of all texts with templates below a path."""
    is_extension = str(where[-1]).startswith("x-") and where[-2] != "headers"
    if is_extension or (where in _FOR_EACH_USER and (not compat or where[-1] == "environments")):
        return
    if isinstance(value, str) and "{{" in value:
        yield where
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _templates(item, (*where, key), compat=compat)


@dataclass(slots=True, kw_only=True)
class _Rendering:
    """The rendering of one document; to a template it is the virtual user."""

    document: Document
    random: random.Random
    variables: dict[str, Any] = field(default_factory=dict)
    changing: set[str] = field(default_factory=set)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    number: int = 0
    compat: bool = False

    def next_number(self) -> int:
        """Refuse: numbers are given out under load."""
        raise ValueError("$sequence gives numbers to virtual users; there is none while the file is loaded")

    def define(self, variables: Mapping[str, Any], builtins: Mapping[str, Any]) -> None:
        """Take the variables that have one value for the whole run: no lists, no templates unless only `$env` is in them."""
        for name, value in variables.items():
            if isinstance(value, str) and "{{" in value:
                try:
                    template = compile_value(value, registry.plugins("function"))
                except TemplateFault:
                    continue  # reported where variables are compiled
                if template.is_constant:
                    self.variables[name] = template.render(self)
            elif not isinstance(value, list | dict):
                self.variables[name] = value
        self.changing = set(variables) - set(self.variables)
        self.variables |= builtins

    def render(self, where: Where) -> None:
        """Put the value of the template at a path in its place; one that has none stays, with a diagnostic."""
        owner: Any = self.document.data
        for part in where[:-1]:
            owner = owner[part]
        text, rest = _without_request(owner[where[-1]], where)
        try:
            template = compile_value(text, registry.plugins("function"), script=self.compat and _is_for_users(where))
        except TemplateFault as fault:
            self._report(Severity.ERROR, fault.code, str(fault), where, fault.hint, (text, fault.offset))
            return
        if self._defined(template, where):
            for _, name in template.unset_env:
                message, hint = unset_text(name, compat=self.compat)
                self._report(Severity.WARNING, "LK502", message, where, hint, template.places.get(((), name)))
            self.variables["$testId"] = TEST_ID if where[:2] in _OF_OUTPUTS else ""
            try:
                value = template.render(self)
            except ValueError as error:
                self._report(Severity.ERROR, "LK204", str(error), where, "")
                return
            if value is UNDEFINED:
                _leave_out(owner, where[-1])
                return
            whole = f"{value}{rest}" if rest else value
            owner[where[-1]] = _typed(whole, where) if _is_one_template(text) else whole

    def _defined(self, template: Template, where: Where) -> bool:
        missing = [name for _, names in template.uses for name in names if name not in self.variables]
        if where[:1] == ("config",) and where[1] in _OPTIONS_OF_OTHERS:
            return not missing
        if self.compat and _is_for_users(where):
            self._warn_undefined(missing, template, where)
            return True
        for name in missing:
            if name in self.changing:
                message = f'variable "{name}" has a value for each virtual user, not one for the whole run'
                hint = "here stand only constants of `config.variables`, --variables and $env"
            else:
                message = f'nothing defines the variable "{name}" when the configuration is read'
                hint = "define it in `config.variables` or with --variables, or use $env"
            self._report(Severity.ERROR, "LK201", message, where, hint, template.places.get(((), name)))
        return not missing

    def _warn_undefined(self, names: list[str], template: Template, where: Where) -> None:
        for name in names:
            text = (
                f'nobody has the variable "{name}" yet when the configuration is read; it is the text "undefined" here'
            )
            self._report(Severity.WARNING, "LK201", text, where, "", template.places.get(((), name)))

    def _report(
        self, severity: Severity, code: str, message: str, where: Where, hint: str, inside: Inside | None = None
    ) -> None:
        at, length = self.document.at(where), self.document.width(where)
        if inside is not None:
            at, length = self.document.inside(where, *inside) or (at, length)
        self.diagnostics.append(
            Diagnostic(code=code, message=message, at=at, severity=severity, hint=hint, length=length)
        )


def _without_request(text: str, where: Where) -> tuple[str, str]:
    """Return the part of a text that is rendered, and the rest: the name of a request in a threshold."""
    compared = _COMPARISON.search(text) if where[:2] == ("config", "thresholds") else None
    found = _OF_REQUEST.search(text, compared.end()) if compared else None
    return (text[: found.start()], text[found.start() :]) if found else (text, "")


def _is_one_template(text: str) -> bool:
    stripped = text.strip()
    return stripped.startswith("{{") and stripped.endswith("}}") and stripped.count("{{") == 1


def _typed(value: Any, where: Where) -> Any:
    """Return a text as the number or boolean it spells, where the schema wants one: `duration: "{{ $env.DURATION }}"`."""
    if not isinstance(value, str):
        return value
    spelled, types = read_plain(value.strip()), accepted_types(where)
    if isinstance(spelled, bool):
        return spelled if "boolean" in types else value
    return spelled if isinstance(spelled, int | float) and types & {"number", "integer"} else value
