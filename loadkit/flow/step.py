"""What a step is, and what a step's compile function is given.

A step compiles once, at load, to `async (user) -> None`; a flow is a tuple of them. The same compile checks the step: whatever
is wrong becomes a diagnostic at its position, and compiling goes on to find the rest.
"""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from loadkit.errors import Diagnostic, Position, Severity
from loadkit.flow.processor import Processor
from loadkit.flow.script import Script
from loadkit.hosts import Fence
from loadkit.metrics.book import Book, Series
from loadkit.metrics.events import NO_CHECKS
from loadkit.metrics.family import HTTP, PYTHON, Family
from loadkit.redact import Secrets
from loadkit.template.compile import ALWAYS_DEFINED, Template, TemplateFault, compile_value
from loadkit.template.expression import Expression, ExpressionFault, compile_expression, over_variables

if TYPE_CHECKING:
    from loadkit.flow.user import VirtualUser

Where = tuple[str | int, ...]
"""A path into the document: ("scenarios", 0, "flow", 2, "get", "url")."""

Inside = tuple[str, int]
"""A text, and the character in it that is meant."""

_MOST_HINTED = 200  # diagnostics; a comparison with a thousand names takes a millisecond

MAX_REQUEST_NAMES = 200
"""So many are kept apart: each has its own histograms, in every worker and every second."""

OTHER_REQUESTS = "_other_"
_KNOWN_IN_CONDITIONS = ALWAYS_DEFINED | {"$env", "$processEnvironment", "$loopCount", "$loopElement"}

StepFunction = Callable[["VirtualUser"], Awaitable[None]]


class Positions(Protocol):
    """Where things stand in the text; `Document` is one."""

    def at(self, where: Where, *, key: bool = False) -> Position:
        """Return where the value (or the key) at a path stands; the nearest known ancestor's place if need be."""

    def width(self, where: Where, *, key: bool = False) -> int:
        """Return how many characters a caret line should underline there."""

    def inside(self, where: Where, text: str, offset: int) -> tuple[Position, int] | None:
        """Return where a character of the text at a path stands, and how much to underline; None where that cannot be said."""


class Sent(NamedTuple):
    """What a step sends, as its text says it: the name it is measured by, how many of it, and its keys spelt out."""

    name: str
    number: int
    keys: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPlugin:
    """One action of a flow. `schema` describes the value under the action's key, `siblings` the keys allowed beside it."""

    schema: Mapping[str, Any]
    compile: Callable[[Mapping[str, Any], Where, Build], StepFunction]
    requests: bool = False
    """Whether the step sends one request, and so takes a pacing slot."""
    siblings: Mapping[str, Any] = field(default_factory=dict)
    sent: Callable[[Any], Sent] | None = None
    """Reads the value under the action's key, in its short form or whole; of a step that `requests`."""
    needs_target: bool = False
    """Whether what it sends goes to `config.target`."""


class Nobody:
    """Stands in for a virtual user where a constant is rendered at load."""

    number = 0

    def __init__(self, variables: Mapping[str, Any] | None = None) -> None:
        self.variables = dict(variables or {})
        self.random = Random(0)

    def next_number(self) -> int:
        """Return 0: what is rendered once has no sequence."""
        return 0


NOBODY = Nobody()


class Few:
    """The first 200 of the names it is called with; all others are OTHER_REQUESTS. For names that variables decide."""

    __slots__ = ("names",)

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __call__(self, name: str) -> str:
        """Return what a name counts as."""
        if len(self.names) < MAX_REQUEST_NAMES:
            self.names.add(name)
        return name if name in self.names else OTHER_REQUESTS


class Build:
    """Everything a compile function needs: the configuration, where things stand, and what is defined so far."""

    def __init__(
        self,
        positions: Positions,
        config: Mapping[str, Any],
        *,
        base: Path,
        actions: Mapping[str, StepPlugin],
        functions: Mapping[str, Any],
        book: Book,
    ) -> None:
        self.positions = positions
        self.config = config
        self.base = base
        self.actions = actions
        self.functions = functions
        self.book = book  # of the scenario that is being compiled
        self.secrets = Secrets()
        self.fence = Fence()
        self.processor: Processor | None = None  # the user's functions, which nobody calls before load
        self.script: Script | None = None  # a processor that loadkit cannot run
        self.has_unread_processor = False  # nobody knows what it would have written and recorded
        self.named_functions: dict[str, str] = {}  # each with the kind of place that names it first
        self.scenario: Mapping[str, Any] = {}  # the one that is being compiled, and where it stands
        self.scenario_at: Where = ()
        self.compat = config.get("compat") == "artillery"  # do as Artillery does, traps included
        self.hosts: dict[str, None] = {}  # those that are known before load, in order
        self.diagnostics: list[Diagnostic] = []
        self._known: set[Diagnostic] = set()
        self.request_names: set[str] = set()
        self.endpoint = Few()  # what metrics-by-endpoint calls requests
        self.few_errors = Few()  # errors that variables name
        self.failed_request = Few()  # those that `expect.reportFailuresAsErrors` names
        self.requests: set[StepFunction] = set()
        self.direct = False  # the target is the demo, which no proxy stands before
        self.kept: dict[str, Any] = {}  # what a protocol reads once for all of its steps
        self.ways: dict[str, None] = {}  # sentences about how targets are reached, where it is not directly
        self.origins: set[str] = set()  # where requests go: a virtual user has a connection to each
        self.expect_at: Position | None = None  # the first `expect`, for the verdict on all checks
        self.defined: set[str] = set()
        self.later: dict[str, Where] = {}  # captures anywhere in this scenario, for "used before its capture"
        self.has_unknown_fields = False  # a payload could not be read: any name may be one of its fields
        self.lenient = False  # a variable that nothing defines is a warning
        self.timeouts_ns: set[int] = set()  # how long requests may take
        self.patience = 1.0  # times as long as it is written
        self.loops = 0
        self.beside = 0  # so many `parallel` steps are around what is being compiled
        self.malformed = False  # the schema's check found faults: go on where a value has the wrong type
        self.imports: list[Callable[[], None]] = []  # what whoever makes load does first; faults become diagnostics
        self.reported: Callable[[Where], bool] = lambda where: False  # whether that check has spoken of a place

    def error(
        self, code: str, where: Where, message: str, *, hint: str = "", key: bool = False, inside: Inside | None = None
    ) -> None:
        """Report a fault that makes the file meaningless; `inside` says at which character of the value."""
        self._report(Severity.ERROR, code, where, message, hint=hint, key=key, inside=inside)

    def warn(
        self, code: str, where: Where, message: str, *, hint: str = "", key: bool = False, inside: Inside | None = None
    ) -> None:
        """Report something that runs and that the author should know; `inside` says at which character of the value."""
        self._report(Severity.WARNING, code, where, message, hint=hint, key=key, inside=inside)

    def template(self, value: Any, where: Where) -> Template:
        """Compile a value (text, or lists and mappings with texts in them); faults become diagnostics.

        The result of a template that cannot be compiled renders the value as it stands.
        """
        try:
            template = compile_value(value, self.functions, script=self.compat)
        except TemplateFault as first:
            for fault in (first, *first.others):
                inside = fault.text, fault.offset
                self.error(fault.code, (*where, *fault.where), str(fault), hint=fault.hint, inside=inside)
            self._check_names(first, where)
            return Template.constant(value)
        self._check_names(template, where)
        return template

    def condition(self, text: str, where: Where) -> Callable[[VirtualUser], bool]:
        """Compile an `ifTrue` expression; one that cannot be parsed warns and is always true, as in Artillery."""
        try:
            expression = compile_expression(text)
        except ExpressionFault as fault:
            message = f"{fault}; the request is always sent"
            self.warn("LK501", where, message, hint=fault.hint, inside=(text, fault.offset))
            return lambda user: True
        self._check_condition(expression, where)
        evaluate = over_variables(expression)
        return lambda user: bool(evaluate(user.variables))

    def reach(self, host: str, where: Where) -> None:
        """Say that requests go to a host; one that is not allowed is a fault (LK401)."""
        self.hosts[host] = None
        if not self.fence.may_allow(host):
            hint = "allow it with --allow-host, or in .loadkit.yaml"
            self.error("LK401", where, f"{host} is not among the allowed hosts", hint=hint)

    def define(self, name: str) -> None:
        """Say that a variable has a value from here on. `name` may be a path; its root counts."""
        self.defined.add(root_of(name))

    def series(
        self,
        name: str,
        where: Where,
        endpoint: str | None = None,
        family: Family = HTTP,
        checks: frozenset[str] = NO_CHECKS,
    ) -> Series:
        """Return where the samples of a request name and an endpoint go, which is the name unless another is given.

        What comes after the first 200 names is one, OTHER_REQUESTS, and so are endpoints. Python functions have no endpoint.
        `checks` are the kinds of checks that the step makes.
        """
        name = self.secrets.mask_values(name)
        if name not in self.request_names and len(self.request_names) >= MAX_REQUEST_NAMES:
            if OTHER_REQUESTS not in self.request_names:
                text = f"the file has more than {MAX_REQUEST_NAMES} request names; from here on requests with new ones count as"
                hint = "give requests that do the same the same `name`"
                self.warn("LK509", where, f'{text} "{OTHER_REQUESTS}"', hint=hint)
            name = OTHER_REQUESTS
            endpoint = OTHER_REQUESTS if endpoint != "" else ""
        self.request_names.add(name)
        if family is PYTHON:
            return self.book.calls(name, checks)
        return self.book.series(name, endpoint and self.endpoint(endpoint), checks)

    def steps(self, items: Iterable[Any], where: Where) -> tuple[StepFunction, ...]:
        """Compile a list of steps in order."""
        return tuple(made for index, item in enumerate(items) for made in self.item(item, (*where, index)))

    def item(self, item: Any, where: Where) -> tuple[StepFunction, ...]:
        """Compile one item of a flow, a step or a list of steps; what is neither has been reported already."""
        if isinstance(item, list):
            return self.steps(item, where)
        actions = [name for name in item if name in self.actions] if isinstance(item, Mapping) else []
        return self._step(self.actions[actions[0]], item, where) if len(actions) == 1 else ()

    def branches(self, items: Iterable[Any], where: Where) -> tuple[tuple[StepFunction, ...], ...]:
        """Compile items that run at the same time: each knows only what is defined before them, what follows knows it all."""
        before, after = set(self.defined), set(self.defined)
        self.beside += 1
        made = []
        for index, item in enumerate(items):
            self.defined = set(before)
            made.append(self.item(item, (*where, index)))
            after |= self.defined
        self.beside -= 1
        self.defined = after
        return tuple(made)

    def _step(self, action: StepPlugin, item: Mapping[str, Any], where: Where) -> tuple[StepFunction, ...]:
        try:
            made = action.compile(item, where, self)
            if action.requests:
                self.requests.add(made)
            return (made,)
        except (TypeError, AttributeError, KeyError, ValueError):
            if not self.malformed:
                raise
            return ()  # a value of the wrong type, which the schema's check has reported

    @contextmanager
    def loop(self, *names: str) -> Iterator[None]:
        """Compile a loop's body: `names` are defined inside; what the body captures stays defined after it."""
        added = {name for name in names if name not in self.defined}
        self.defined |= added
        self.loops += 1
        yield
        self.loops -= 1
        self.defined -= added

    @contextmanager
    def aside(self, book: Book) -> Iterator[None]:
        """Compile what is no part of the load: it records into a book of its own, its names and origins are nobody else's."""
        kept = self.book, self.request_names, self.origins, self.expect_at, set(self.defined), self.later, self.lenient
        self.book, self.request_names, self.origins = book, set(), set()
        yield
        self.book, self.request_names, self.origins, self.expect_at, self.defined, self.later, self.lenient = kept

    def closest(self, name: str, known: Iterable[str]) -> str:
        """Return a hint naming the closest match, or "" when nothing is close, or when more is wrong than will be shown."""
        return closest_hint(name, known) if len(self.diagnostics) < _MOST_HINTED else ""

    def _check_names(self, compiled: Template | TemplateFault, where: Where) -> None:
        for at, name in compiled.unset_env:
            text, hint = unset_text(name, compat=self.compat)
            self.warn("LK502", (*where, *at), text, hint=hint, inside=compiled.places.get((at, name)))
        for use, names in compiled.uses:
            for name in names:
                self._check_variable(name, (*where, *use), compiled.places.get((use, name)))

    def _check_condition(self, expression: Expression, where: Where) -> None:
        """Warn of names that nothing defines; a capture anywhere in the scenario will do, it may have failed before."""
        known = {*self.defined, *self.later, *_KNOWN_IN_CONDITIONS}
        unknown = [name for name in expression.names if name not in known and root_of(name) not in known]
        if self.has_unknown_fields:
            return
        outcome = "it is null here"
        if len(unknown) == len(expression.names):
            outcome = f"the condition is {'always' if expression.evaluate(lambda name: None) else 'never'} true"
        for name in unknown[:_MOST_HINTED]:
            text = f'nothing defines the variable "{root_of(name)}"; {outcome}'
            hint = f'a text stands in double quotes: "{name}"' if f"'{name}'" in expression.source else ""
            self.warn("LK508", where, text, hint=hint or self.closest(root_of(name), known))

    def _check_variable(self, name: str, where: Where, inside: Inside | None) -> None:
        if name in self.defined:
            return
        if name in self.later and where[:1] == ("config",):
            return  # a default of requests, such as a header: it is empty until the capture
        if name in self.later:
            line = self.positions.at(self.later[name]).line
            text = f'variable "{name}" is used before its capture on line {line}'
            if self.loops:
                self.warn("LK202", where, f"{text}; it is empty in the first round", inside=inside)
            elif self.beside:
                text = f'variable "{name}" is captured on line {line}, by a step that may still be under way'
                self.warn("LK202", where, f"{text}; it may be empty here", inside=inside)
            elif self.compat:
                self.warn("LK202", where, f'{text}; it is the text "undefined" here', inside=inside)
            else:
                self.error("LK202", where, text, hint="move the request that captures it up", inside=inside)
            return
        if self.has_unknown_fields:
            return
        hint = self.closest(name, {*self.defined, *self.later})
        if where[:2] == ("config", "variables") and not hint:
            hint = "variables are given values in the order in which they are written, before the fields of payloads"
        if self.processor is not None or self.script is not None:
            text = f'nothing defines the variable "{name}", unless the processor does'
            self.warn("LK201", where, text, hint=hint, inside=inside)
            return
        if self.lenient or self.compat:
            if self.lenient and not hint:
                hint = "`after` knows what `before` captured, and nothing of what virtual users did"
            what = 'it is the text "undefined" here' if self.compat else "it is empty here"
            self.warn("LK201", where, f'nothing defines the variable "{name}"; {what}', hint=hint, inside=inside)
            return
        self.error("LK201", where, f'nothing defines the variable "{name}"', hint=hint, inside=inside)

    def _report(
        self, severity: Severity, code: str, where: Where, message: str, *, hint: str, key: bool, inside: Inside | None
    ) -> None:
        if severity is Severity.ERROR and self.reported(where):
            return
        at, length = self.positions.at(where, key=key), self.positions.width(where, key=key)
        if inside is not None:
            at, length = self.positions.inside(where, *inside) or (at, length)
        made = Diagnostic(code=code, message=message, at=at, severity=severity, hint=hint, length=length)
        if made not in self._known:
            self._known.add(made)
            self.diagnostics.append(made)


def unset_text(name: str, *, compat: bool) -> tuple[str, str]:
    """Return what is said about an environment variable that is not set, and the hint."""
    text = f"the environment variable {name} is not set"
    hint = f"export {name}=..., or name a file with --dotenv"
    return f'{text}; the text "undefined" stands for it, as in Artillery' if compat else text, hint


def root_of(path: str) -> str:
    """Return the variable that a path starts from: "pet" for "pet.tags[0]"."""
    return path.split(".", 1)[0].split("[", 1)[0].strip()


def closest_hint(name: str, known: Iterable[str]) -> str:
    """Return 'did you mean "x"?' for the closest match, or "" when nothing is close."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f'did you mean "{found[0]}"?' if found else ""
