"""Options that belong together, written once as a dataclass and taken by a command as one parameter.

    @dataclass(frozen=True)
    class Limits:
        allow_host: options.AllowHost = None
        max_rate: options.MaxRate = None

    @unfolded
    def run(files: options.Files, limits: Limits) -> int:

The command line then knows `run FILE --allow-host --max-rate`, and `run` is called with one `Limits`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any

Command = Callable[..., int]


def unfolded(command: Command) -> Command:
    """Give a command the fields of its dataclasses as options, in their place."""
    for name, parameter in inspect.signature(command, eval_str=True).parameters.items():
        bundle = parameter.annotation
        if isinstance(bundle, type) and is_dataclass(bundle):
            command = replacing(command, name, _fields(bundle), _maker(bundle))
    return command


def replacing(
    command: Command, name: str, options: Sequence[inspect.Parameter], make: Callable[[Mapping[str, Any]], Any]
) -> Command:
    """Return a command that has these options in the place of one parameter, which `make` makes of what was given of them.

    Who calls the command may give it the parameter itself.
    """
    own = inspect.signature(command, eval_str=True)
    parameters: list[inspect.Parameter] = []
    for parameter in own.parameters.values():
        parameters += options if parameter.name == name else [parameter]

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> int:
        given = {option.name: kwargs.pop(option.name) for option in options if option.name in kwargs}
        return command(*args, **{name: make(given), **kwargs})

    annotations = {parameter.name: parameter.annotation for parameter in parameters}
    run.__annotations__ = {**annotations, "return": own.return_annotation}
    kept = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
    run.__signature__ = own.replace(parameters=kept)  # type: ignore[attr-defined]  # read by typer
    return run


def _fields(bundle: type) -> list[inspect.Parameter]:
    return list(inspect.signature(bundle, eval_str=True).parameters.values())


def _maker(bundle: Callable[..., Any]) -> Callable[[Mapping[str, Any]], Any]:
    return lambda given: bundle(**given)
