"""The processor's functions in a scenario: the step `function`, the hooks around scenarios and requests, conditions.

What a scenario names and the processor does not have is a warning, and under load what it is in Artillery: a `function` step counts
`errors.Undefined function "x"`, any other hook is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from loadkit.flow.fiber import NEVER_NS
from loadkit.flow.hook import KINDS, Hook, HookFault
from loadkit.flow.step import Build, StepFunction, StepPlugin, Where
from loadkit.flow.user import StepFailed, VirtualUser
from loadkit.metrics.sample import Outcome
from loadkit.template.compile import Template


def find_hook(name: Any, kind: str, where: Where, build: Build, *, request: str = "") -> Hook | None:
    """Return the hook of a name, None where the processor has none; whatever is wrong with it becomes a diagnostic."""
    name, gives = str(name), KINDS[kind].gives
    build.named_functions.setdefault(name, kind)
    if build.script is not None:
        return None  # reported as a whole, with what the scenario needs of it
    found = build.processor.function(name) if build.processor is not None else None
    if found is None or build.processor is None:
        _warn_unknown(name, where, build)
        return None
    try:
        return Hook(found, KINDS[kind], build.processor, build.book, request)
    except HookFault as fault:
        text = f"{fault}; {kind} gives it ({', '.join(gives)})"
        build.error("LK231", where, text, hint=f"write def {name}({', '.join(gives)}), or with fewer of them")
        return None


def _warn_unknown(name: str, where: Where, build: Build) -> None:
    if build.processor is None:
        text, hint = (
            f'there is no function "{name}": config.processor is not set',
            "config.processor: ./hooks.py names a module",
        )
    else:
        text = f'{build.processor.path} has no function "{name}"'
        hint = build.closest(name, build.processor.functions)
    build.warn("LK520", where, text, hint=hint)


class Runnable(Protocol):
    """A hook that steps carry out."""

    async def run(self, user: VirtualUser, *given: Any) -> Any:
        """Call the function with what comes before the user among its kind's things. Raises StepFailed, counted."""


class _Chosen:
    """A hook whose name is a template: each virtual user may call another one. A name that there is not calls nothing."""

    def __init__(self, name: Template, kind: str, build: Build, request: str) -> None:
        self._name = name
        self._kind, self._request = KINDS[kind], request
        self._processor, self._book = build.processor, build.book
        self._hooks: dict[str, Hook] = {}

    async def run(self, user: VirtualUser, *given: Any) -> Any:
        name, processor = self._name.text(user), self._processor
        hook = self._hooks.get(name)
        if hook is None and processor is not None:
            function = processor.function(name)
            if function is None:
                return None
            try:
                hook = self._hooks[name] = Hook(function, self._kind, processor, self._book, self._request)
            except HookFault as fault:
                self._book.error(str(fault))
                raise StepFailed(str(fault)) from None
        return await hook.run(user, *given) if hook is not None else None


def find_hooks(value: Any, kind: str, where: Where, build: Build, *, request: str = "") -> tuple[Runnable, ...]:
    """Return the hooks that a key names: one, or a list in order; those that do not exist are left out."""
    if value is None:
        return ()
    named = (
        [((*where, index), name) for index, name in enumerate(value)] if isinstance(value, list) else [(where, value)]
    )
    found: list[Runnable | None] = []
    for at, name in named:
        if kind in REQUEST_HOOKS and "{{" in str(name):
            found.append(_Chosen(build.template(str(name), at), kind, build, request))
        else:
            found.append(find_hook(name, kind, at, build, request=request))
    return tuple(hook for hook in found if hook is not None)


def request_hooks(
    kind: str, spec: Mapping[str, Any], where: Where, build: Build, *, request: str
) -> tuple[Runnable, ...]:
    """Return the hooks of a request, in the order in which they run: those of `config`, of the scenario, its own."""
    places = ((build.config, ("config", kind)), (build.scenario, (*build.scenario_at, kind)), (spec, (*where, kind)))
    return tuple(
        hook
        for mapping, at in places
        if kind in mapping
        for hook in find_hooks(mapping[kind], kind, at, build, request=request)
    )


def compile_function(step: Mapping[str, Any], where: Where, build: Build) -> StepFunction:
    """Compile a call of a processor's function."""
    return _function_step(step["function"], "function", (*where, "function"), build)


def _function_step(name: Any, kind: str, where: Where, build: Build) -> StepFunction:
    hook, book = find_hook(name, kind, where, build), build.book
    if hook is None:
        error = f'Undefined function "{build.secrets.mask_values(str(name))}"'

        async def undefined(user: VirtualUser) -> None:
            book.error(error)

        return undefined
    call = hook.run

    async def function(user: VirtualUser) -> None:
        await call(user)

    return function


def function_steps(item: Mapping[str, Any], kind: str, where: Where, build: Build) -> tuple[StepFunction, ...]:
    """Return a step for each function that a key of a scenario names."""
    value = item.get(kind)
    if isinstance(value, list):
        return tuple(_function_step(name, kind, (*where, kind, index), build) for index, name in enumerate(value))
    return (_function_step(value, kind, (*where, kind), build),) if value is not None else ()


def with_scenario_hooks(
    steps: tuple[StepFunction, ...], item: Mapping[str, Any], where: Where, build: Build
) -> tuple[StepFunction, ...]:
    """Return the steps of a scenario with what `beforeScenario`, `afterScenario` and `onError` put around them.

    `afterScenario` runs however the flow ended, unless it was cut off at the end of the run.
    """
    before = function_steps(item, "beforeScenario", where, build)
    after = function_steps(item, "afterScenario", where, build)
    on_error = find_hooks(item.get("onError"), "onError", (*where, "onError"), build)
    if on_error and not build.compat:
        text = "onError is told of whatever ends a virtual user (Artillery: of requests without a response alone)"
        build.warn("LK506", (*where, "onError"), text, key=True)
    flow = (*before, *steps)
    if build.compat or not after:
        flow, after = (*flow, *after), ()
    else:
        text = "afterScenario runs after a flow that failed, too (Artillery would leave it out)"
        build.warn("LK506", (*where, "afterScenario"), text, key=True)
    if not after and not on_error:
        return flow
    only_unanswered = build.compat

    async def journey(user: VirtualUser) -> None:
        try:
            for step in flow:
                await step(user)
        except Exception as error:
            user.fiber.deadline_ns = NEVER_NS
            failed = error if isinstance(error, StepFailed) else StepFailed(type(error).__name__, str(error))
            if failed.name == Outcome.CANCELLED.value:
                raise  # cut off at the end of the run: there is no time for anything more
            if failed.unanswered or not only_unanswered:
                for hook in on_error:
                    await hook.run(user, failed)
            for step in after:
                await step(user)
            raise
        for step in after:
            await step(user)

    if flow and flow[0] in build.requests:
        build.requests.add(journey)  # it begins with a request, and so with a pacing slot
    return (journey,)


def compile_condition(value: Any, where: Where, build: Build) -> Callable[[VirtualUser], bool]:
    """Compile an `ifTrue`: a function of the processor where it is the name of one, else an expression."""
    name = str(value)
    if build.processor is None or not name.isidentifier() or build.processor.function(name) is None:
        if build.script is not None and name in build.script.exports:
            build.named_functions.setdefault(name, "ifTrue")
            return lambda user: True
        return build.condition(name, where)
    hook = find_hook(name, "ifTrue", where, build)
    if hook is None:
        return lambda user: True
    ask = hook.ask if build.compat else hook.now
    return lambda user: bool(ask(user))


_HOOKS: dict[str, Any] = {"type": ["string", "array"], "items": {"type": "string", "minLength": 1}, "minLength": 1}

REQUEST_HOOKS: dict[str, Any] = {
    "beforeRequest": {
        **_HOOKS,
        "title": "Before each request",
        "description": "Functions of the processor that run before a request is made and may change it; "
        "first those of `config`, then the scenario's, then the request's.",
        "examples": ["sign", ["sign", "count"]],
    },
    "afterResponse": {
        **_HOOKS,
        "title": "After each response",
        "description": "Functions of the processor that run when a response has come and captures have been taken; "
        "first those of `config`, then the scenario's, then the request's.",
        "examples": ["remember"],
    },
}
SCENARIO_HOOKS: dict[str, Any] = {
    "beforeScenario": {
        **_HOOKS,
        "title": "Before the scenario",
        "description": "Functions of the processor that run before the first step.",
        "examples": ["logIn"],
    },
    "afterScenario": {
        **_HOOKS,
        "title": "After the scenario",
        "description": "Functions of the processor that run after the last step, and after one that failed.",
        "examples": ["logOut"],
    },
    "onError": {
        **_HOOKS,
        "title": "On error",
        "description": "Functions of the processor that run when a virtual user fails.",
        "examples": ["noteError"],
    },
    **REQUEST_HOOKS,
}

CONFIG = {
    "processor": {
        "type": "string",
        "minLength": 1,
        "title": "Processor",
        "description": "A Python module whose functions are hooks, steps, conditions and template functions; relative to the "
        "file that names it.",
        "examples": ["./hooks.py"],
    },
    **REQUEST_HOOKS,
}

STEPS = {
    "function": StepPlugin(
        compile=compile_function,
        schema={
            "type": "string",
            "minLength": 1,
            "title": "Function",
            "description": "Call a function of the processor.",
            "examples": ["addToBasket"],
        },
    )
}
