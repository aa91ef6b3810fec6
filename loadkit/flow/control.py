"""The steps that send nothing: think, loop, log and set."""

from __future__ import annotations

import itertools
from asyncio import sleep
from collections.abc import Callable, Mapping
from typing import Any

from loadkit.flow.fiber import park
from loadkit.flow.function import find_hook
from loadkit.flow.step import NOBODY, Build, StepFunction, StepPlugin, Where
from loadkit.flow.user import StepFailed, VirtualUser
from loadkit.template.path import PathFault, compile_assignment
from loadkit.template.text import to_script_text
from loadkit.units import parse_duration_ns

# think: SECONDS | "250ms" | "{{ pause }}"      jitter: MILLISECONDS | "20%"


_LONGEST_NAME = 200


def compile_think(step: Mapping[str, Any], where: Where, build: Build) -> StepFunction:
    """Compile a pause of the virtual user."""
    duration = _duration(step["think"], (*where, "think"), build)
    spread, share = _jitter(step, where, build)

    async def think(user: VirtualUser) -> None:
        wait_ns = duration(user)
        if spread or share:
            width = spread or wait_ns * share
            wait_ns = max(0, round(wait_ns + width * (2 * user.random.random() - 1)))
        clock = user.run.clock
        until_ns = user.due_ns + wait_ns  # from the end of the previous step, so that our own work is not added
        ticket = clock.at(until_ns, user.fiber.resume)
        try:
            await park()
        finally:
            ticket.cancel()
        user.due_ns = until_ns
        if user.pacer is not None:
            user.pacer.skip(until_ns - wait_ns, until_ns)

    return think


def _duration(value: Any, where: Where, build: Build) -> Callable[[VirtualUser], int]:
    template = build.template(value, where)
    if template.is_constant:
        fixed = _fixed_duration(template.render(NOBODY), where, build)
        if fixed is not None:
            return lambda user: fixed

    book, few = build.book, build.few_errors

    def duration(user: VirtualUser) -> int:
        written = template.render(user)
        try:
            return parse_duration_ns(written)
        except ValueError:
            name = few(user.masked_values(f"Invalid think time: {to_script_text(written)}"[:_LONGEST_NAME]))
            book.error(name, text=f"{written!r} is not a think time", mask=user.masked)
            raise StepFailed from None

    return duration


def _fixed_duration(written: Any, where: Where, build: Build) -> int | None:
    """Return a think time that is the same for everybody; None where users are to fail at it, as in Artillery."""
    try:
        return parse_duration_ns(written)
    except ValueError as error:
        if not build.compat:
            build.error("LK211", where, str(error))
            return 0
        build.warn("LK211", where, f"{error}; virtual users end here")
        return None


def _jitter(step: Mapping[str, Any], where: Where, build: Build) -> tuple[int, float]:
    default = build.config.get("http", {}).get("defaults", {}).get("think", {}).get("jitter", 0)
    value, at = step.get("jitter", default), (*where, "jitter")
    try:
        if isinstance(value, str) and value.strip().endswith("%"):
            return 0, float(value.strip()[:-1]) / 100
        return parse_duration_ns(value, unit="ms"), 0.0
    except ValueError:
        build.error("LK211", at, f"{value!r} is not a jitter", hint='write milliseconds (100), "100ms" or "20%"')
        return 0, 0.0


# loop: [steps]   with   count: N | "FROM-TO" (half open) | "{{ n }}"   or   over: [values] | variable


def compile_loop(step: Mapping[str, Any], where: Where, build: Build) -> StepFunction:
    """Compile a repetition of steps."""
    value_name = str(step.get("loopValue", "$loopCount"))
    element_name = str(step.get("loopElement", "$loopElement"))
    if "over" in step and "count" in step:
        build.warn("LK505", (*where, "count"), "`count` has no effect beside `over`", key=True)
    goes_on = find_hook(step["whileTrue"], "whileTrue", (*where, "whileTrue"), build) if "whileTrue" in step else None
    if goes_on is not None:
        rounds = _endless(step, where, build)
    else:
        rounds = _over(step["over"], (*where, "over"), build) if "over" in step else _count(step, where, build)
    is_inner, beside = build.loops > 0, build.beside > 0
    with build.loop(value_name, element_name):
        steps = build.steps(step["loop"], (*where, "loop"))
    if not is_inner:
        build.define(value_name)

    async def loop(user: VirtualUser) -> None:
        variables = user.variables
        outer = variables.get(value_name), variables.get(element_name)
        fiber, number = user.fiber, -1
        for turn, (number, element) in enumerate(rounds(user), 1):
            if turn % _ROUNDS == 0:  # rounds in which nothing is waited for must leave room for others
                if not fiber.waited:
                    await sleep(0)
                fiber.waited = False
            variables[value_name] = number
            variables[element_name] = element
            for run_step in steps:
                if beside:  # a loop in another branch may have put its own round there meanwhile
                    variables[value_name], variables[element_name] = number, element
                await run_step(user)
            if goes_on is not None:
                variables[value_name] = number + 1  # how many rounds there were, as in Artillery
                if not await goes_on.run(user):
                    break
        variables[value_name], variables[element_name] = outer if is_inner else (number + 1, None)

    if steps and steps[0] in build.requests:
        build.requests.add(loop)  # it begins with a request, and so with a pacing slot
    return loop


_ROUNDS = 1000
Rounds = Callable[[VirtualUser], Any]


def _endless(step: Mapping[str, Any], where: Where, build: Build) -> Rounds:
    """Return the rounds of a loop with `whileTrue`, which alone ends it: of `count` only the first number matters."""
    over = _over(step["over"], (*where, "over"), build) if "over" in step else None
    count = _count(step, where, build) if over is None and "-" in str(step.get("count", "")) else None

    def rounds(user: VirtualUser) -> Any:
        if over is not None:
            elements = list(over(user))
            yield from elements
            if elements:
                yield from ((number, None) for number in itertools.count(len(elements)))
        else:
            first = next(iter(count(user)), (0, 0))[0] if count is not None else 0
            yield from ((number, number) for number in itertools.count(first))

    return rounds


def _over(value: Any, where: Where, build: Build) -> Rounds:
    if isinstance(value, str) and "{{" not in value:
        value = "{{ " + value + " }}"  # the name of a variable that holds a list
    template = build.template(value, where)

    def rounds(user: VirtualUser) -> Any:
        elements = template.render(user)
        return enumerate(elements if isinstance(elements, list) else ())

    return rounds


def _count(step: Mapping[str, Any], where: Where, build: Build) -> Rounds:
    at = (*where, "count")
    if "count" not in step and "whileTrue" in step and build.script is not None:
        return lambda user: ()  # what is wrong with `whileTrue` is reported as a whole
    if "count" not in step:
        if not build.compat:
            text = "a loop without `count` or `over` goes on until the run cuts it off"
            build.warn("LK103", (*where, "loop"), text, key=True, hint="add `count: 10` beside `loop`")
        return lambda user: ((number, number) for number in itertools.count())
    template = build.template(step["count"], at)
    if template.is_constant:
        try:
            fixed = _range(template.render(NOBODY))
        except ValueError as error:
            if not build.reported(at):
                build.warn("LK104", at, f"{error}; the loop runs no time")
            fixed = range(0)
        if template.render(NOBODY) == 0:  # Artillery takes the number 0 for "no count", and the text "0" for none
            if build.compat:
                return lambda user: ((number, number) for number in itertools.count())
            build.warn("LK506", at, "count: 0 runs the loop no time (Artillery would run it for ever)")
        return lambda user: ((number, number) for number in fixed)

    book, compat = build.book, build.compat

    def rounds(user: VirtualUser) -> Any:
        written = template.render(user)
        try:
            return ((number, number) for number in _range(written))
        except ValueError:
            if compat:
                return ()
            book.error("Invalid loop count", text=f"{written!r} is not a loop count", mask=user.masked)
            raise StepFailed from None

    return rounds


def _range(value: Any) -> range:
    wrong = ValueError(f'{value!r} is not a loop count; write 10 or "1-11" (from 1 up to, not including, 11)')
    if isinstance(value, bool) or not isinstance(value, int | str | float):
        raise wrong
    if isinstance(value, str):
        first, dash, last = value.partition("-")
        try:
            return range(int(first), int(last)) if dash else range(int(value))
        except ValueError:
            raise wrong from None
    if value < 0 or (isinstance(value, float) and not value.is_integer()):
        raise wrong
    return range(int(value))


def compile_log(step: Mapping[str, Any], where: Where, build: Build) -> StepFunction:
    """Compile a line of text on standard output."""
    template = build.template(step["log"], (*where, "log"))  # a mapping or a list is printed as JSON

    async def log(user: VirtualUser) -> None:
        user.log(template.text(user))

    return log


def compile_set(step: Mapping[str, Any], where: Where, build: Build) -> StepFunction:
    """Compile an assignment of variables, in the order in which they are written."""
    made = []
    for name, value in step["set"].items():
        at = (*where, "set", name)
        try:
            made.append((compile_assignment(str(name)), build.template(value, at).render))
        except PathFault as fault:
            build.error("LK216", at, f"{name!r} is not the name of a variable: {fault}", key=True)
        build.define(str(name))
    assignments = tuple(made)

    async def set_variables(user: VirtualUser) -> None:
        for assign, render in assignments:
            assign(user.variables, render(user))

    return set_variables


_DURATION = {"type": ["number", "string"], "minimum": 0}

STEPS = {
    "think": StepPlugin(
        compile=compile_think,
        schema={
            **_DURATION,
            "title": "Think",
            "description": "Pause this virtual user: seconds, or text such as 250ms or 1m30s.",
            "examples": [1, "250ms", "{{ pause }}"],
        },
        siblings={
            "jitter": {
                "type": ["number", "string"],
                "title": "Jitter",
                "description": "Vary the pause at random by this many milliseconds up or down, or by a share of it.",
                "examples": [100, "20%"],
                "default": 0,
            }
        },
    ),
    "loop": StepPlugin(
        compile=compile_loop,
        schema={
            "$ref": "#/$defs/flow",
            "title": "Loop",
            "description": "Repeat these steps `count` times, or once for each element of `over`.",
            "examples": [[{"get": {"url": "/"}}]],
        },
        siblings={
            "count": {
                "type": ["integer", "string"],
                "minimum": 0,
                "title": "Count",
                "description": "How often, or a half-open range of $loopCount such as 1-11.",
                "examples": [10, "1-11", "{{ rounds }}"],
            },
            "over": {
                "type": ["array", "string"],
                "title": "Over",
                "description": "A list, or the name of a variable that holds one; $loopElement is the element.",
                "examples": [["red", "green"], "products"],
            },
            "whileTrue": {
                "type": "string",
                "minLength": 1,
                "title": "While true",
                "description": "A function of the processor that is asked after each round whether there is to be another one. "
                "It alone ends the loop.",
                "examples": ["isNotDone"],
            },
            "loopValue": {
                "type": "string",
                "title": "Name of the counter",
                "description": "The variable that holds the round's number.",
                "default": "$loopCount",
                "examples": ["round"],
            },
            "loopElement": {
                "type": "string",
                "title": "Name of the element",
                "description": "The variable that holds the element of `over`.",
                "default": "$loopElement",
                "examples": ["product"],
            },
        },
    ),
    "log": StepPlugin(
        compile=compile_log,
        schema={
            "type": ["string", "number", "boolean", "object", "array"],
            "title": "Log",
            "description": "Print a line on standard output; a mapping or a list is printed as JSON.",
            "examples": ["bought {{ product }}", {"product": "{{ product }}"}],
        },
    ),
    "set": StepPlugin(
        compile=compile_set,
        schema={
            "type": "object",
            "minProperties": 1,
            "title": "Set",
            "description": "Give variables of this virtual user a value.",
            "examples": [{"quantity": "{{ $randomNumber(1, 5) }}"}],
        },
    ),
}
