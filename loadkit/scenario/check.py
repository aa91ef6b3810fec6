"""Check a document against the schema, and say in the author's words what is wrong: one diagnostic for each mistake.

jsonschema finds the faults. Where it finds several for one mistake (a step with a misspelt action breaks three rules) the part is
looked at as a whole; where a value may be several things, only the one that was most likely meant is complained about.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from loadkit.errors import Diagnostic, Severity
from loadkit.flow.step import closest_hint
from loadkit.scenario.assemble import EXTENSIONS, TEMPLATE, below, options, types_of
from loadkit.scenario.exports import schema_of_exports
from loadkit.scenario.keys import IDLE
from loadkit.scenario.naming import Names, at_path, closest_key, listed, shown, type_names
from loadkit.scenario.schema import scenario_schema
from loadkit.scenario.source import Document, Where, in_order
from loadkit.scenario.steps import Steps

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_MOST_LISTED = 24
_PARTS = ("config", "environments")  # what stands there is a part of `config`, and may be one of a phase
_BOUNDS = {
    "minimum": "{} or more",
    "maximum": "{} or less",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "text of {} or more characters",
    "maxLength": "text of at most {} characters",
    "minItems": "a list of {} or more",
    "maxItems": "a list of at most {}",
    "minProperties": "a mapping of {} or more keys",
    "maxProperties": "a mapping of at most {} keys",
    "multipleOf": "a multiple of {}",
}


_IGNORED_THERE = frozenset({"LK101", "LK106"})
"""Faults of keys that Artillery reads over, and so does loadkit with `compat: artillery`, with a warning."""


def check_schema(document: Document) -> list[Diagnostic]:
    """Return what is wrong with a document's shape (LK101-LK107), and warnings about keys without effect (LK505)."""
    return check_against(document, scenario_schema(), schema_of_exports(document.data))


def check_against(
    document: Document, schema: Mapping[str, Any], more: Mapping[str, Any] | None = None
) -> list[Diagnostic]:
    """Check a document against a schema that `build_schema` made, or that of a gate, and one of parts that this leaves open."""
    from jsonschema.validators import Draft202012Validator

    checker = _Checker(document, schema)
    try:
        for rules in (schema, more or {}):
            for error in Draft202012Validator(dict(rules)).iter_errors(document.data):
                checker.take(error)
    except RecursionError:
        checker.report("LK008", (), "the file is nested too deeply")
    checker.check_scenarios()
    checker.warn_of_idle_keys(document.data, schema, ())
    return list(in_order(checker.result()))


class _Checker:
    def __init__(self, document: Document, schema: Mapping[str, Any]) -> None:
        self.document = document
        self.schema = schema
        self.lenient = _is_lenient(document.data)
        self.steps = Steps(schema)
        self.names = Names(document.data, self.steps.actions, self.steps.flows)
        self.found: list[tuple[Where, Diagnostic]] = []
        self.silenced: set[Where] = set()
        self.looked_at: set[tuple[Where, str]] = set()

    def result(self) -> Iterable[Diagnostic]:
        """Return what was found, less what follows from something else."""
        return (found for where, found in self.found if where not in self.silenced)

    def report(self, code: str, where: Where, message: str, *, hint: str = "", key: bool = False) -> None:
        """Add an error at a value, or at its key."""
        self._add(code, where, message, hint, key, Severity.ERROR)

    def _add(self, code: str, where: Where, message: str, hint: str, key: bool, severity: Severity) -> None:
        at, length = self.document.at(where, key=key), self.document.width(where, key=key)
        self.found.append(
            (where, Diagnostic(code=code, message=message, at=at, severity=severity, hint=hint, length=length))
        )

    # ---------------------------------------------------------------------------------------------- one fault of a value

    def take(self, error: ValidationError) -> None:
        """Turn one fault that jsonschema found into a diagnostic."""
        where: Where = tuple(error.absolute_path)
        rule = str(error.validator)
        if where[:2] == _PARTS and (rule == "required" or _is_only_absence(error)):
            return
        is_name = "propertyNames" in error.absolute_schema_path
        if self.names.is_step(where) and (is_name or rule in ("type", "additionalProperties", "oneOf")):
            if self._is_first(where, "step"):
                self._step(where)
        elif rule in ("additionalProperties", "unevaluatedProperties", "required") or is_name:
            if self._is_first(where, rule):
                self._keys(error, where, at_path(self.document.data, where))
        elif rule in ("anyOf", "oneOf"):
            if where:  # at the top: see check_scenarios
                self._alternatives(error, where)
        elif rule == "type" or (rule == "pattern" and error.validator_value == TEMPLATE):
            self._type(where, error.instance, _types(error.schema), error.schema)
        else:
            self._value(error, where, rule)

    def check_scenarios(self) -> None:
        """Report that there are no scenarios. The schema lets it pass: a file may be a part of others (`extends`, -c)."""
        data, keys = self.document.data, self.schema.get("properties", {})
        if "scenarios" in keys and isinstance(data, Mapping) and "scenarios" not in data:
            self._missing((), data, ["scenarios"], keys)

    def _is_first(self, where: Where, rule: str) -> bool:
        is_first = (where, rule) not in self.looked_at
        self.looked_at.add((where, rule))
        return is_first

    def _type(self, where: Where, value: Any, types: list[str], schema: Any) -> None:
        subject = self.names.subject(where)
        ending = ", but it is empty" if value is None else f", not {shown(value)}"
        hint = (
            'start each element with "- "'
            if isinstance(value, Mapping) and "array" in types
            else _example(where, schema)
        )
        below_key = self.document.at(where).line > self.document.at(where, key=True).line
        self.report("LK102", where, f"{subject} must be {type_names(types)}{ending}", hint=hint, key=below_key)

    def _value(self, error: ValidationError, where: Where, rule: str) -> None:
        subject, value, limit = self.names.subject(where), error.instance, error.validator_value
        hint = _example(where, error.schema)
        if rule in ("enum", "const"):
            allowed = _array(limit) if rule == "enum" else [limit]
            if isinstance(value, str) and (close := closest_hint(value, [str(word) for word in allowed])):
                hint = close
            message = f"{subject} must be {listed([shown(word) for word in allowed])}, not {shown(value)}"
        elif rule in _BOUNDS:
            is_empty = isinstance(value, str | list | dict) and not value
            message = f"{subject} must be {_BOUNDS[rule].format(limit)}, not {_measured(value, rule)}"
            if is_empty and limit == 1 and rule.startswith("min"):
                message = f"{subject} must not be empty"
        else:
            message = f"{subject} is not valid: {shown(value)}"
            hint = hint or _schema_text(error.schema, "description")
        self.report("LK104", where, message, hint=hint)

    def _step(self, where: Where) -> None:
        for fault in self.steps.faults(at_path(self.document.data, where), self.names.owner(where)):
            if fault.empty_action is not None:
                self.silenced.add((*where, fault.empty_action))
            at = where if fault.key is None else (*where, fault.key)
            severity = Severity.WARNING if self.lenient and fault.code in _IGNORED_THERE else Severity.ERROR
            self._add(fault.code, at, fault.message, fault.hint, fault.key is not None, severity)

    # ------------------------------------------------------------------------------------------------ the keys of a value

    def _keys(self, error: ValidationError, where: Where, value: Mapping[str, Any]) -> None:
        properties = _properties(error)
        if error.validator == "required":
            missing = [key for key in _array(error.validator_value) if key not in value]
            self._missing(where, value, missing, properties)
        elif "propertyNames" in error.absolute_schema_path:
            self._unknown(where, str(error.instance), list(properties))
        else:
            known = [key for key in properties if key not in value]
            for key in value:
                if key not in properties and not key.startswith(EXTENSIONS[1:]):
                    self._unknown(where, key, known or list(properties))

    def _unknown(self, where: Where, key: str, known: list[str]) -> None:
        hint = closest_key(key, known) or self._elsewhere(key, where)
        useful = sorted(name for name in known if not name.startswith("$") and name not in IDLE)
        if not hint and 0 < len(useful) <= _MOST_LISTED:
            hint = f"it takes {listed(useful)}"
        severity = Severity.WARNING if self.lenient else Severity.ERROR
        self._add("LK101", (*where, key), f'unknown key "{key}"{self.names.place(where)}', hint, True, severity)

    def _elsewhere(self, key: str, where: Where) -> str:
        """Return a hint for a key that would be right, or nearly, at the other of the two levels at the top of the file."""
        if where == ():
            known = self.schema["$defs"].get("config", {}).get("properties", {})
            hint = "" if key in known else closest_key(key, known)
            return f"{hint} it belongs into config".strip() if hint or key in known else ""
        if where == ("config",) and key in self.schema["properties"]:
            return "it belongs to the top of the file"
        return ""

    def _missing(self, where: Where, value: Any, missing: list[str], properties: Mapping[str, Any]) -> None:
        """Report keys that must be there, unless a misspelt one is: that is reported as unknown."""
        strange = [key for key in value if key not in properties] if isinstance(value, Mapping) else []
        strange = [] if self.lenient else strange
        for key in missing:
            if not difflib.get_close_matches(key, strange, n=1, cutoff=0.6):
                hint = _example((key,), properties.get(key))
                self.report("LK103", where, f'"{key}" is missing{self.names.place(where)}', hint=hint, key=True)

    # ------------------------------------------------------------------------------------------------------- alternatives

    def _alternatives(self, error: ValidationError, where: Where) -> None:
        """Report the faults of the alternative that was most likely meant."""
        branches: dict[Any, list[ValidationError]] = defaultdict(list)
        for child in error.context or ():
            branches[child.relative_schema_path[0]].append(child)
        of_type = {
            index: faults
            for index, faults in branches.items()
            if not any(fault.validator == "type" and not fault.relative_path for fault in faults)
        }
        faults = [fault for branch in branches.values() for fault in branch]
        if not branches:
            self._value(error, where, "")
        elif not of_type:
            types = dict.fromkeys(name for fault in faults if not fault.relative_path for name in _types(fault.schema))
            self._type(where, error.instance, list(types), error.schema)
        elif all(_is_absence(fault) for branch in of_type.values() for fault in branch):
            absent = [
                fault for branch in of_type.values() for fault in branch if "x-unnamed" not in _object(fault.schema)
            ]
            names = [key for fault in absent for key in _array(fault.validator_value)]
            self._one_missing(error, where, names)
        else:
            for fault in min(of_type.values(), key=_remoteness):
                self.take(fault)

    def _one_missing(self, error: ValidationError, where: Where, names: list[str]) -> None:
        properties = _properties(error)
        names = [name for name in names if not properties.get(name, {}).get("deprecated")]
        strange = [] if self.lenient else [key for key in _object(error.instance) if key not in properties]
        if not any(difflib.get_close_matches(name, strange, n=1, cutoff=0.6) for name in names):
            words = listed([f'"{name}"' for name in dict.fromkeys(names)])
            hint = _example((names[0],), properties.get(names[0]))
            self.report("LK103", where, f"{words} is missing{self.names.place(where)}", hint=hint, key=True)

    # ----------------------------------------------------------------------------------------------- keys without effect

    def warn_of_idle_keys(self, value: Any, schema: Mapping[str, Any], where: Where) -> None:
        """Warn of keys that are accepted and do nothing, below a path."""
        parts: Iterable[Any] = ()
        if isinstance(value, Mapping):
            parts = value
        elif isinstance(value, list):
            parts = range(len(value))
        for part in parts:
            children = [child for option in options(self.schema, schema) for child in below(option, part)]
            path = (*where, part)
            idle = next((child["x-noEffect"] for child in children if child.get("x-noEffect")), None)
            if idle:  # a text says why
                said = f"has no effect: {idle}" if isinstance(idle, str) else "has no effect yet"
                self._add("LK505", path, f"{self.names.subject(path)} {said}", "", True, Severity.WARNING)
                continue
            for child in children:
                self.warn_of_idle_keys(value[part], child, path)


def _is_lenient(data: Any) -> bool:
    """Say whether a document, or one of its environments, asks to be read as Artillery reads it."""
    config = _object(_object(data).get("config"))
    environments = _object(config.get("environments")).values()
    return any(_object(part).get("compat") == "artillery" for part in (config, *environments))


def _properties(error: ValidationError) -> Mapping[str, Any]:
    return _object(error.schema.get("properties")) if isinstance(error.schema, Mapping) else {}


def _array(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _measured(value: Any, rule: str) -> str:
    """Return a value as it breaks a bound: what it is, or how long a list or a mapping is."""
    if isinstance(value, str | list | dict) and not value:
        return "empty"
    return f"of {len(value)}" if rule.endswith(("Items", "Properties")) else shown(value)


def _is_only_absence(error: ValidationError) -> bool:
    """Say whether alternatives differ in nothing but which key is missing."""
    return error.validator == "anyOf" and bool(error.context) and all(map(_is_absence, error.context or ()))


def _is_absence(fault: ValidationError) -> bool:
    return fault.validator == "required" and not fault.relative_path


def _remoteness(faults: list[ValidationError]) -> tuple[int, int]:
    """Order alternatives: fewest faults first, and of these the ones deepest inside."""
    return len(faults), -max(len(fault.relative_path) for fault in faults)


def _types(schema: Any) -> list[str]:
    """Return the types that a schema names, less the text that only stands for templates."""
    if not isinstance(schema, Mapping):
        return []
    return [name for name in types_of(schema) if name != "string" or schema.get("pattern") != TEMPLATE]


def _schema_text(schema: Any, word: str) -> str:
    return str(schema.get(word, "")) if isinstance(schema, Mapping) else ""


def _example(where: Where, schema: Any) -> str:
    """Return a hint that shows how a key is written, from the examples of its schema."""
    examples = schema.get("examples", ()) if isinstance(schema, Mapping) else ()
    simple = [example for example in examples if isinstance(example, str | int | float)]
    if not simple or not isinstance(where[-1] if where else None, str):
        return ""
    example = simple[0]
    text = shown(example) if not isinstance(example, str) or "{{" in example else example
    return f"for example {where[-1]}: {text}"
