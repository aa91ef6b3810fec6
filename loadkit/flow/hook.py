"""A hook: a function of the processor as a step calls it.

A plain function is called inline, so it holds up all virtual users of the worker and must be quick; a coroutine is carried
out by an asyncio Task of its own, so that asyncio's libraries find what they expect, and the fiber waits for it. The time
a hook takes is the scenario's own, like a `think`: what comes next is due that much later, and no request is slower for it.

An exception ends the virtual user and is counted under its text, as in Artillery: `raise ValueError("sold out")` is
`errors.sold out`.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from inspect import Parameter
from itertools import takewhile
from time import perf_counter_ns as now_ns
from typing import Any

from loadkit.flow.fiber import NEVER_NS
from loadkit.flow.handed import Metrics, VirtualUser
from loadkit.flow.processor import Function, Processor
from loadkit.flow.user import StepFailed
from loadkit.flow.user import VirtualUser as Visitor
from loadkit.metrics.book import Book

BLOCKED = "hooks.blocked"
"""Counts plain functions that held up their worker."""

_BLOCKING_NS = 100_000_000
_MOST_NAMES = 100  # of errors that are told apart
_LONGEST_NAME = 200
OTHER_ERRORS = "Hook error"


@dataclass(frozen=True, slots=True)
class Kind:
    """A place where hooks are called: its key, and what they are handed there, by name and in order."""

    key: str
    gives: tuple[str, ...]


_OF_USER = ("user", "metrics")
KINDS = {
    kind.key: kind
    for kind in (
        Kind("function", _OF_USER),
        Kind("beforeScenario", _OF_USER),
        Kind("afterScenario", _OF_USER),
        Kind("beforeRequest", ("request", "user", "metrics")),
        Kind("afterResponse", ("request", "response", "user", "metrics")),
        Kind("onError", ("error", "user", "metrics")),
        Kind("ifTrue", _OF_USER),
        Kind("whileTrue", _OF_USER),
    )
}


class HookFault(ValueError):
    """A function that cannot be called where it is named."""


class HookExited(Exception):
    """A function wished to end the process; it ends its virtual user."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of the things handed a function takes: by position, and by keyword."""

    positions: tuple[int, ...] = ()
    words: tuple[tuple[str, int], ...] = ()


def choose(parameters: Sequence[Parameter], gives: Sequence[str]) -> Choice:
    """Return what a function takes of what it is given: by the names of its parameters where they are known, else by their order.

    Raises HookFault for a function that needs more, or something else.
    """
    plain = [one for one in parameters if one.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)]
    words = [one.name for one in parameters if one.kind is Parameter.KEYWORD_ONLY]
    lacking = [one.name for one in parameters if one.kind is Parameter.KEYWORD_ONLY and _needed(one)]
    lacking = [name for name in lacking if name not in gives]
    kinds = {one.kind for one in parameters}
    needed = [one.name for one in plain if _needed(one)]
    if not lacking and Parameter.VAR_POSITIONAL not in kinds and all(name in gives for name in needed):
        leading = list(takewhile(lambda one: one.name in gives, plain))
        words += [one.name for one in plain[len(leading) :] if one.kind is Parameter.POSITIONAL_OR_KEYWORD]
        positions = tuple(gives.index(one.name) for one in leading)
    else:
        misplaced = [name for index, name in enumerate(needed) if name in gives and gives.index(name) != index]
        if lacking or misplaced or len(needed) > len(gives):
            raise HookFault(f"takes ({', '.join([*needed, *lacking])})")
        positions = tuple(range(len(gives) if Parameter.VAR_POSITIONAL in kinds else len(needed)))
    if Parameter.VAR_KEYWORD in kinds:
        words += [name for index, name in enumerate(gives) if index not in positions and name not in words]
    return Choice(positions, tuple((name, gives.index(name)) for name in words if name in gives))


def _needed(parameter: Parameter) -> bool:
    return parameter.default is Parameter.empty


class Hook:
    """One function of the processor in one place of a scenario; `scenario` and `request` are what the user's object says."""

    __slots__ = ("_book", "_choice", "_function", "_metrics", "_processor", "kind", "name", "request", "scenario")

    def __init__(self, function: Function, kind: Kind, processor: Processor, book: Book, request: str = "") -> None:
        self.name = function.name
        self.kind = kind
        self.scenario = book.scenario
        self.request = request
        self._function = function
        self._processor = processor
        self._book = book
        self._metrics = Metrics(book)
        self._choice = Choice(tuple(range(len(kind.gives))))
        self.bind()
        if not processor.loaded:
            processor.bindings.append(self.bind)

    def bind(self) -> None:
        """Look at the function's parameters, as far as they are known. Raises HookFault."""
        parameters = self._function.parameters
        if parameters is None:
            return  # all that there is, if the import does not tell either
        if self._function.is_async and self.kind.key == "ifTrue":
            raise HookFault(f'the function "{self.name}" is async, and a condition is asked for at once')
        try:
            self._choice = choose(parameters, self.kind.gives)
        except HookFault as fault:
            raise HookFault(f'the function "{self.name}" {fault}') from None

    def now(self, user: Visitor, *given: Any) -> Any:
        """Call a plain function and return what it returns. Raises StepFailed for an exception, counted."""
        try:
            return self._call(user, given)
        except Exception as error:
            raise self._failed(user, error) from None

    def ask(self, user: Visitor) -> Any:
        """Call a plain function and return what it returns, True for an exception: so does Artillery with `ifTrue`."""
        try:
            return self._call(user, ())
        except Exception:
            return True

    async def run(self, user: Visitor, *given: Any) -> Any:
        """Call the function with what comes before the user among its kind's things; wait for it if it is a coroutine.

        Raises StepFailed for an exception, counted. What is due next is put off by the time it took.
        """
        began_ns = now_ns()
        try:
            result = self._call(user, given)
            if inspect.isawaitable(result):
                result = await _carried_out(result)
        except (Exception, asyncio.CancelledError) as error:
            raise self._failed(user, error) from None
        spent_ns = now_ns() - began_ns
        if user.pacer is not None:
            user.pacer.skip(user.due_ns, user.due_ns + spent_ns)
        user.due_ns += spent_ns
        return result

    def _call(self, user: Visitor, given: tuple[Any, ...]) -> Any:
        things = (*given, VirtualUser(user, self.scenario, self.request), self._metrics)
        choice = self._choice
        began_ns = now_ns()
        words = {name: things[index] for name, index in choice.words}
        try:
            result = self._function.call(*[things[index] for index in choice.positions], **words)
        except SystemExit as error:  # not the end of a worker
            raise HookExited(f"SystemExit: {error}").with_traceback(error.__traceback__) from None
        spent_ns = now_ns() - began_ns
        self._processor.spent_ns += spent_ns
        if spent_ns > _BLOCKING_NS:
            text = f'{self.kind.key} "{self.name}" held up the worker for {spent_ns / 1e6:.0f} ms; make it async, or quicker'
            self._book.count(BLOCKED)
            self._book.example(BLOCKED, text, user.masked)
        return result

    def _failed(self, user: Visitor, error: BaseException) -> StepFailed:
        return hook_failed(user, error, self._processor, self._book, f'{self.kind.key} "{self.name}"')


def hook_failed(user: Visitor, error: BaseException, processor: Processor, book: Book, what: str) -> StepFailed:
    """Count an exception of the user's code under its text and return what ends the virtual user."""
    name = user.masked(_error_name(error))
    if name not in processor.errors:
        if len(processor.errors) >= _MOST_NAMES:
            name = OTHER_ERRORS
        processor.errors.add(name)
    place = processor.place_of(error)
    text = f"{what}: {type(error).__name__}: {error}{f' ({place})' if place else ''}"
    book.error(name, text=text, mask=user.masked)
    user.fiber.deadline_ns = NEVER_NS
    return StepFailed(name, text)


def _error_name(error: BaseException) -> str:
    """Return what an exception is counted as: its `code`, if that is a text, else its message's first line."""
    code = getattr(error, "code", None)
    lines = (code if isinstance(code, str) and code else str(error)).splitlines()
    text = "".join(char for char in lines[0] if char.isprintable()).strip() if lines else ""
    kind = type(error).__name__
    if isinstance(error, KeyError):
        text = f"{kind}: {text}"
    return (text or kind)[:_LONGEST_NAME]


async def _carried_out(work: Any) -> Any:
    """Carry an awaitable out as a Task, and wait for it."""
    task = asyncio.ensure_future(work)
    task.add_done_callback(_heard)
    return await task


def _heard(task: asyncio.Future[Any]) -> None:
    """Take note of an exception that nobody may wait for: a task that is cut off with its virtual user."""
    if not task.cancelled():
        task.exception()
