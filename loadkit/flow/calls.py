"""Functions of the processor in templates: `{{ signature(body) }}`, and `{{ $signature(body) }}` as well.

They are given the arguments that stand in the parentheses, and before these the virtual user where their first parameter is
called `user`. They are called inline, each time that the template is rendered.
"""

from __future__ import annotations

from inspect import Parameter
from time import perf_counter_ns as now_ns
from typing import Any

from loadkit.flow.handed import VirtualUser
from loadkit.flow.hook import hook_failed
from loadkit.flow.processor import Function, Processor
from loadkit.template.compile import ALWAYS_DEFINED
from loadkit.template.functions import TemplateFunction

_VARIABLES = ALWAYS_DEFINED | {"$env", "$processEnvironment", "$loopCount", "$loopElement"}
"""Names that templates write without parentheses, and that stay variables."""


def template_functions(processor: Processor) -> dict[str, TemplateFunction]:
    """Return the functions of a processor that templates may call, by their names as written there; no coroutines."""
    made: dict[str, TemplateFunction] = {}
    for function in processor.functions.values():
        if not function.is_async:
            made[function.name] = _template_function(function, processor)
            if f"${function.name}" not in _VARIABLES:
                made[f"${function.name}"] = made[function.name]
    return made


def _template_function(function: Function, processor: Processor) -> TemplateFunction:
    parameters = function.parameters
    takes_user = bool(parameters) and parameters[0].name == "user" if parameters else False
    least, most = _arity(parameters, 1 if takes_user else 0)

    def call(user: Any, *arguments: Any) -> Any:
        known = function.parameters
        wants_user = bool(known) and known[0].name == "user" if known else False
        began_ns = now_ns()
        try:
            result = function.call(*((VirtualUser(user, ""),) if wants_user else ()), *arguments)
            processor.spent_ns += now_ns() - began_ns
            return result
        except (Exception, SystemExit) as error:
            if not hasattr(user, "fiber"):
                raise ValueError(f"{function.name}: {error}") from None  # nobody's visit: a template of the file itself
            raise hook_failed(user, error, processor, user.run.recorder, f"{{{{ {function.name}() }}}}") from None

    example = ", ".join(one.name for one in (parameters or ())[1 if takes_user else 0 :])
    return TemplateFunction(
        name=function.name,
        call=call,
        min_args=least,
        max_args=most,
        doc="A function of the processor.",
        example=f"{{{{ {function.name}({example}) }}}}",
        tried=False,
    )


def _arity(parameters: tuple[Parameter, ...] | None, skipped: int) -> tuple[int, int | None]:
    """Return how many arguments a call may have at least and at most, None for any number."""
    if parameters is None:
        return 0, None
    plain = [one for one in parameters if one.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)]
    starred = any(one.kind is Parameter.VAR_POSITIONAL for one in parameters)
    least = sum(one.default is Parameter.empty for one in plain[skipped:])
    return least, None if starred else len(plain) - skipped
