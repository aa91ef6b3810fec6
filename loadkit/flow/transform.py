"""`transform` of a capture: what is done to a value before it is stored, by a function of the processor or a built-in one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from loadkit.flow.reading import Failure, Read
from loadkit.flow.response import Response
from loadkit.flow.step import Build, Where
from loadkit.template.compile import TemplateContext
from loadkit.template.path import MISSING
from loadkit.template.text import to_text


def _length(value: Any) -> int:
    if not isinstance(value, str | list | dict):
        raise ValueError("it has no length")
    return len(value)


def _float(value: Any) -> float:
    return float(to_text(value).strip())


def _int(value: Any) -> int:
    number = _float(value)
    if not number.is_integer():
        raise ValueError("it is no whole number")
    return int(number)


BUILT_IN: Mapping[str, Callable[[Any], Any]] = {
    "trim": lambda value: to_text(value).strip(),
    "lower": lambda value: to_text(value).lower(),
    "upper": lambda value: to_text(value).upper(),
    "int": _int,
    "float": _float,
    "length": _length,
}


def compile_transform(read: Read, item: Mapping[str, Any], at: Where, build: Build) -> Read:
    """Return a source with its `transform` behind it; a name that nothing has becomes a diagnostic."""
    names = item.get("transform")
    steps = []
    for name in [names] if isinstance(names, str) else names or []:
        function = _function(str(name), (*at, "transform"), build)
        if function is not None:
            steps.append((str(name), function))
    if not steps:
        return read

    def transformed(user: TemplateContext, response: Response) -> Any:
        value = read(user, response)
        if value is MISSING or isinstance(value, Failure):
            return value
        for name, function in steps:
            try:
                value = function(value)
            except Exception as error:
                return Failure(f"{name}: {type(error).__name__}: {error}")
        return MISSING if value is None else value

    return transformed


def _function(name: str, at: Where, build: Build) -> Callable[[Any], Any] | None:
    own = build.processor.function(name) if build.processor is not None else None
    if own is not None and not own.is_async:
        return own
    if own is not None:
        build.error("LK216", at, f'the function "{name}" is async; a transform is a plain function of one value')
        return None
    if name in BUILT_IN:
        return BUILT_IN[name]
    known = [*BUILT_IN, *(build.processor.functions if build.processor is not None else ())]
    hint = build.closest(name, known) or f"the built-in ones are {', '.join(BUILT_IN)}"
    build.error("LK216", at, f'there is no transform "{name}", here or in the processor', hint=hint)
    return None
