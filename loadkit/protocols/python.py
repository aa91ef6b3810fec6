"""The step `call`: a function of the user's, timed and judged like a request. Its keys, and how it compiles.

- call: prices:total                        - call:
                                                function: prices:total
                                                with: {customer: "{{ id }}"}
                                                calls: 50
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadkit.flow.expect import Expect, compile_expect
from loadkit.flow.extract import Captures, capture_schema_of_values, compile_captures
from loadkit.flow.plugins import expect_options
from loadkit.flow.step import NOBODY, Build, Sent, StepFunction, StepPlugin, Where
from loadkit.flow.user import StepFailed, VirtualUser
from loadkit.metrics.book import Series, Tally
from loadkit.metrics.family import PYTHON
from loadkit.metrics.sample import Outcome
from loadkit.protocols.calling import DEFAULT_THREADS, Call, Caller, make_calls
from loadkit.protocols.http import compile_if, timeout_of
from loadkit.protocols.judge import count_failures, counts_of_passed, kinds_of
from loadkit.protocols.keys import REQUEST_KEYS
from loadkit.protocols.modules import Callee, CalleeFault
from loadkit.protocols.returned import RETURN_CHECKS, RETURN_SCHEMA, RETURN_SOURCES, Returned
from loadkit.protocols.spans import compile_span
from loadkit.redact import MASK, is_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checks:
    """What a step captures and checks of what is returned."""

    series: Series
    captures: Captures | None
    expect: Expect | None
    passed: Tally
    as_errors: bool


def sent(value: Any) -> Sent:
    """Read what stands under `call`: the name of a function, or a mapping."""
    spec: Mapping[str, Any] = value if isinstance(value, Mapping) else {"function": value}
    return Sent(str(spec.get("name") or spec.get("function", "")), _whole(spec, "calls", 1), spec)


def _whole(keys: Mapping[str, Any], key: str, default: int) -> int:
    """Return a whole number, the default also for what is none: the schema speaks of it."""
    try:
        return int(keys.get(key, default))
    except (TypeError, ValueError, OverflowError):
        return default


def compile_call(step: Mapping[str, Any], where: Where, build: Build) -> StepFunction:
    """Compile one `call`."""
    spec, at = sent(step["call"]).keys, (*where, "call")
    condition = compile_if(spec, at, build)
    arguments = _compile_arguments(spec.get("with"), (*at, "with"), build)
    callee = _find(spec, at, at if isinstance(step["call"], str) else (*at, "function"), build)
    captures = compile_captures(spec, at, build, sources=RETURN_SOURCES)
    expect = compile_expect(spec, at, build, RETURN_CHECKS)
    if expect is not None and build.expect_at is None:
        build.expect_at = build.positions.at((*at, "expect"))
    series = build.series(sent(spec).name, at, family=PYTHON, checks=kinds_of(expect))
    checks = _Checks(
        series=series,
        captures=captures,
        expect=expect,
        passed=build.book.tally(counts_of_passed(expect, series.name)),
        as_errors=expect_options(build.config).as_errors,
    )
    calls = _count(spec, "calls", 1, at, build)
    warmup_calls, timeout_ns = _count(spec, "warmupCalls", 0, at, build), timeout_of(spec, at, build)
    if callee is None:
        return _nothing
    call = Call(
        callee=callee,
        series=series,
        arguments=arguments,
        calls=calls,
        warmup_calls=warmup_calls,
        timeout_ns=timeout_ns,
        threads=_whole(build.config.get("python") or {}, "threads", DEFAULT_THREADS),
    )
    return compile_span(_compile_step(call, checks, condition), series, "", build)


async def _nothing(user: VirtualUser) -> None:
    """Stand in for a step whose fault has been reported."""


def _compile_step(x: Call, checks: _Checks, condition: Callable[[VirtualUser], bool] | None) -> StepFunction:
    judges = checks.captures is not None or checks.expect is not None

    async def call(user: VirtualUser) -> None:
        if condition is not None and not condition(user):
            return
        shared = user.run.shared
        caller: Caller | None = shared.get("python")
        if caller is None:
            caller = shared["python"] = Caller(x.threads, user.run)
        args, named = x.arguments(user)
        value = await make_calls(x, caller, user, args, named)
        if user.run.debug:
            _trace(x, user, args, named, value)
        if judges:
            _judge(checks, user, value)
        user.tell()

    return call


def _judge(x: _Checks, user: VirtualUser, value: Any) -> None:
    """Capture from a returned value and check it. Raises StepFailed."""
    returned, book, name = Returned(value), x.series.book, x.series.name
    captures, expect = x.captures, x.expect
    text = captures.apply(user, returned) if captures is not None else None
    texts = expect.run(user, returned) if expect is not None else ()
    failed = texts.count(None) != len(texts)
    if expect is not None and failed:
        count_failures(x.series, "call", expect.names, texts, user)
    else:
        x.passed.times += 1
    if captures is not None and text is not None:
        user.withheld = captures.seen(user, returned)
        said = f"call {name}: {text}"
        if not user.muted:
            book.error(Outcome.CAPTURE_FAILED.value, name, text=said, mask=user.masked)
        raise StepFailed(Outcome.CAPTURE_FAILED.value, said)
    if failed and x.as_errors:
        error = f"Failed expectations for request {name}"
        book.error(error, name)
        raise StepFailed(error)


def _trace(x: Call, user: VirtualUser, args: Sequence[Any], named: Mapping[str, Any], value: Any) -> None:
    shown = [repr(one) for one in args] + [
        f"{key}={MASK if is_secret(key) else repr(one)}" for key, one in named.items()
    ]
    text = f"--- VU {user.number} called {x.callee.name}({', '.join(shown)})\n--- VU {user.number} got {value!r}"
    user.traces.append(user.masked(text[:2000]))


# Compiling


def _find(spec: Mapping[str, Any], where: Where, place: Where, build: Build) -> Callee | None:
    """Return the function that stands at a place, if it is there; its module is imported when load is to be made."""
    try:
        callee = Callee(str(spec.get("function", "")), build.base)
    except CalleeFault as fault:
        build.error("LK220", place, str(fault), hint=fault.hint)
        return None
    given = spec.get("with")
    named = [str(key) for key in given] if isinstance(given, Mapping) else []
    mismatch = callee.check_arguments(named, len(given) if isinstance(given, list) else None)
    if mismatch:
        build.error("LK220", (*where, "with") if given else place, f"{callee.name} cannot be called so: {mismatch}")

    def load() -> None:
        try:
            callee.load()
        except CalleeFault as fault:
            build.error("LK220", place, str(fault), hint=fault.hint)

    build.imports.append(load)
    return callee


def _compile_arguments(
    given: Any, where: Where, build: Build
) -> Callable[[VirtualUser], tuple[Sequence[Any], Mapping[str, Any]]]:
    """Return what renders the arguments: those of a mapping by name, those of a list in order.

    What is constant is copied for each step where it could be changed, since all virtual users share it.
    """
    template = build.template({} if given is None else given, where)
    render = template.render
    values = given.values() if isinstance(given, Mapping) else given or ()
    if any(isinstance(value, list | dict) for value in values):
        plain = render
        render = lambda user: copy.deepcopy(plain(user))  # noqa: E731
    if isinstance(given, list):
        return lambda user: (render(user), {})
    return lambda user: ((), render(user))


def _count(spec: Mapping[str, Any], key: str, default: int, where: Where, build: Build) -> int:
    value = spec.get(key, default)
    least = 1 if key == "calls" else 0
    try:
        number = int(build.template(value, (*where, key)).text(NOBODY))
    except ValueError:
        number = -1
    if number < least:
        build.error(
            "LK104", (*where, key), f"{value!r} is not a number of calls", hint=f"write a whole number from {least} on"
        )
        return default
    return number


# Schemas

_KEYS: Mapping[str, Any] = {
    "function": {
        "type": "string",
        "minLength": 1,
        "title": "Function",
        "description": "module:function. The module is looked for beside the scenario file, then where Python finds modules. "
        "A function with `async def` runs on the worker's event loop, any other in a thread.",
        "examples": ["prices:total"],
    },
    "with": {
        "type": ["object", "array"],
        "title": "Arguments",
        "description": "Arguments by name, or in order; templates may use the virtual user's variables. All calls of a step get "
        "the same objects.",
        "examples": [{"customer": "{{ id }}", "items": 3}, [16]],
    },
    "name": {
        "type": "string",
        "minLength": 1,
        "title": "Name",
        "description": "The name of the call in reports and thresholds. Default: module:function.",
        "examples": ["total of a cart"],
    },
    "calls": {
        "type": ["integer", "string"],
        "minimum": 1,
        "title": "Calls",
        "description": "How often the function is called in a row; each call is a sample of its own. `capture` and `expect` "
        "look at what the last one returned.",
        "default": 1,
        "examples": [50],
    },
    "warmupCalls": {
        "type": ["integer", "string"],
        "minimum": 0,
        "title": "Calls to warm up",
        "description": "How often the function is called before, without being measured. An exception in one ends the visit, too.",
        "default": 0,
        "examples": [10],
    },
    "timeout": {
        "type": ["number", "string"],
        "minimum": 0,
        "title": "Timeout",
        "description": "How long one call may take; `config.timeout` unless given, else 10 s. What runs in a thread goes on there.",
        "examples": [2, "500ms"],
    },
    "ifTrue": {
        **REQUEST_KEYS["ifTrue"],
        "description": "An expression over the virtual user's variables; the step is skipped when it is false.",
    },
    "probability": {
        **REQUEST_KEYS["probability"],
        "description": "How likely the step is carried out, in percent; drawn by each visit anew, after `ifTrue`.",
    },
    "capture": capture_schema_of_values(
        "Store what was returned, or with `json` or `regexp` a part of it, in a variable. One capture or a list.",
        [{"as": "total"}, {"json": "$.items[0]", "as": "first"}],
    ),
    "expect": RETURN_SCHEMA,
}

STEPS = {
    "call": StepPlugin(
        schema={
            "title": "Call",
            "description": "Call a Python function, and measure it like a request.",
            "examples": ["prices:total", {"function": "prices:total", "with": {"items": 3}, "calls": 50}],
            "type": ["object", "string"],
            "required": ["function"],
            "additionalProperties": False,
            "patternProperties": {"^x-": {}},
            "properties": _KEYS,
        },
        compile=compile_call,
        requests=True,
        sent=sent,
    )
}

CONFIG: dict[str, Any] = {
    "python": {
        "type": "object",
        "title": "Python",
        "description": "Settings of the step `call`.",
        "additionalProperties": False,
        "properties": {
            "threads": {
                "type": "integer",
                "minimum": 1,
                "maximum": 1000,
                "title": "Threads",
                "description": "In how many threads a worker runs functions that are not async; they start as they are needed. "
                "A call waits for a free one: that is the generator's lag.",
                "default": DEFAULT_THREADS,
                "examples": [100],
            }
        },
        "examples": [{"threads": 100}],
    }
}
