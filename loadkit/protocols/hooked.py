"""An HTTP step with hooks around it. A step without hooks never comes here.

    ifTrue -> beforeRequest hooks -> what they left is rendered and sent -> captures, checks -> afterResponse hooks

Nothing of a request that the hooks did not change is compiled twice. Of one that they did change, the *shape* is compiled, which is
what keys it has, with a template in the place of each changed value; so a signature that is another one for each request costs
no more than any other template.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from loadkit.errors import Severity
from loadkit.flow.function import Runnable
from loadkit.flow.handed import Response, Timings
from loadkit.flow.response import Response as PlainResponse
from loadkit.flow.step import Build, StepFunction
from loadkit.flow.user import StepFailed, VirtualUser
from loadkit.metrics.sample import Outcome
from loadkit.protocols.exchange import Cookies, Exchange
from loadkit.protocols.http1 import Connection
from loadkit.protocols.http_step import compile_exchange
from loadkit.protocols.params import MAPPINGS, RequestParams, SentParams, given_params
from loadkit.protocols.request import Hop, InvalidRequest, RequestSpec, Wire, compile_request
from loadkit.template.compile import Template, TemplateFault, compile_value
from loadkit.units import NS_PER_MS

_MOST_SHAPES = 100
_VALUES = "$hook"  # the variable that holds the changed values while a request is rendered


def compile_hooked(
    x: Exchange, before: tuple[Runnable, ...], after: tuple[Runnable, ...], spec: Mapping[str, Any], build: Build
) -> StepFunction:
    """Return the step of an exchange with hooks before and after it; `spec` is what the file says of the request."""
    given = given_params(x.spec.method, spec, build)
    condition, inner, name = x.condition, replace(x, condition=None), x.series.name
    plain = compile_exchange(inner)
    amended = Amender(inner, spec, given, build)

    async def step(user: VirtualUser) -> None:
        if condition is not None and not condition(user):
            return
        params = RequestParams(given, name)
        for hook in before:
            await hook.run(user, params)
        changes = params.changes() if before else None
        if not after:
            await (compile_exchange(amended(user, changes)) if changes else plain)(user)
            return
        exchange = amended(user, changes) if changes else inner
        kept: list[tuple[SentParams, Response]] = []
        checks = replace(exchange.checks, keep=_keeper(params, kept))
        failed: StepFailed | None = None
        try:
            await compile_exchange(replace(exchange, checks=checks))(user)
        except StepFailed as error:
            if not kept:
                raise
            failed = error
        for sent, response in kept:
            for hook in after:
                await hook.run(user, sent, response)
        if failed is not None:
            raise failed

    return step


def _keeper(
    params: RequestParams, kept: list[tuple[SentParams, Response]]
) -> Callable[[Wire, Connection, PlainResponse], None]:
    """Return what keeps a response for the hooks after it: by then its connection may serve another request."""

    def keep(wire: Wire, connection: Connection, found: PlainResponse) -> None:
        first_ns, end_ns = (instant - connection.sent_ns for instant in (connection.first_byte_ns, connection.end_ns))
        timings = Timings(max(0, first_ns) / NS_PER_MS, max(0, end_ns) / NS_PER_MS)
        response = Response(found.status, connection.raw_headers(), found.body, timings)
        kept.append((SentParams(params, wire), response))

    return keep


@dataclass(frozen=True, slots=True, kw_only=True)
class _AmendedSpec(RequestSpec):
    """A changed request of one virtual user: its templates read the changed values beside the variables."""

    context: Any

    def redirected(self, user: VirtualUser, wire: Wire, hop: Hop) -> Wire:
        return RequestSpec.redirected(self, self.context, wire, hop)


class _Context:
    """A virtual user, to templates, with one variable more."""

    __slots__ = ("_user", "variables")

    def __init__(self, user: VirtualUser, values: list[Any]) -> None:
        self._user = user
        self.variables = {**user.variables, _VALUES: values}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._user, name)


class Amender:
    """Makes the exchange of a request that hooks have changed."""

    def __init__(self, x: Exchange, spec: Mapping[str, Any], given: Mapping[str, Any], build: Build) -> None:
        self._x = x
        self._written = spec
        self._given = given
        self._build = build
        self._shapes: dict[bytes, RequestSpec] = {}
        self._texts: dict[str, Template] = {}

    def __call__(self, user: VirtualUser, changes: Mapping[str, Any]) -> Exchange:
        """Return the exchange with what has been changed. Raises StepFailed, counted, for what cannot be sent."""
        try:
            cookies = self._cookies(changes["cookie"]) if "cookie" in changes else self._x.cookies
            return replace(self._x, spec=self._spec(user, changes), cookies=cookies)
        except (InvalidRequest, ValueError, TypeError) as error:
            book, name = self._x.series.book, self._x.series.name
            text = f"{self._x.spec.method} {name}: {error}"
            book.error(Outcome.INVALID_REQUEST.value, name, text=text, mask=user.masked)
            raise StepFailed(Outcome.INVALID_REQUEST.value, text) from None

    def _spec(self, user: VirtualUser, changes: Mapping[str, Any]) -> RequestSpec:
        values: list[Any] = []
        spec: dict[str, Any] = dict(self._written)
        for key, value in changes.items():
            for name in (key, "uri") if key == "url" else (key,):
                spec.pop(name, None)
            if key == "formData" or not _is_given(key, value):
                spec |= {key: value} if _is_given(key, value) else {}
            elif key in ("headers", "auth"):
                spec[key] = {
                    str(name): self._place(values, user, item, _was(self._given[key], name))
                    for name, item in value.items()
                    if item is not None
                }
            elif key != "method":
                spec[key] = self._place(values, user, value, None)
        method = str(changes.get("method", self._x.spec.method)).upper()
        shape = msgspec.json.encode([method, spec], order="deterministic")
        compiled = self._shapes.get(shape)
        if compiled is None:
            compiled = self._compile(method, spec)
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            self._shapes[shape] = compiled
        context: Any = _Context(user, values)
        render = compiled.render
        return _AmendedSpec(
            method=compiled.method,
            render=lambda user: render(context),
            constant=None,
            headers=compiled.headers,
            origin=compiled.origin,
            context=context,
        )

    def _place(self, values: list[Any], user: VirtualUser, value: Any, before: Any) -> Any:
        """Return what stands for a value in the shape: itself where it is as in the file, else a template that reads it."""
        if before is not None and before == value:
            return before
        values.append(self._rendered(user, value))
        return f"{{{{ {_VALUES}[{len(values) - 1}] }}}}"

    def _rendered(self, user: VirtualUser, value: Any) -> Any:
        """Return a changed value with the templates in it rendered."""
        if isinstance(value, str):
            return self._text(value).render(user) if "{{" in value else value
        if isinstance(value, bytes):
            return value.decode()
        if isinstance(value, dict):
            return {name: self._rendered(user, item) for name, item in value.items()}
        return [self._rendered(user, item) for item in value] if isinstance(value, list | tuple) else value

    def _text(self, text: str) -> Template:
        found = self._texts.get(text)
        if found is None:
            try:
                found = compile_value(text, self._build.functions, script=self._build.compat)
            except TemplateFault as fault:
                raise InvalidRequest(f"a hook wrote a template that cannot be read: {fault}") from None
            if len(self._texts) < _MOST_SHAPES:
                self._texts[text] = found
        return found

    def _compile(self, method: str, spec: Mapping[str, Any]) -> RequestSpec:
        build = copy(self._build)
        build.diagnostics, build._known = [], set()
        build.later, build.has_unknown_fields = {}, True  # what a template reads that nothing defines is empty
        if not method.replace("-", "").isalpha() or not method.isascii():
            raise InvalidRequest(f"{method!r} is not a method")
        compiled = compile_request(method, spec, ("scenarios",), build)
        errors = [found for found in build.diagnostics if found.severity is Severity.ERROR]
        if errors:
            raise InvalidRequest(f"what a hook made of the request cannot be sent: {errors[0].message}")
        return compiled

    def _cookies(self, cookies: Mapping[str, Any]) -> Cookies:
        made = []
        for name, value in cookies.items():
            if not name or any(char in ' \t\r\n;,="' for char in str(name)):
                raise InvalidRequest(f"{name!r} is not a cookie name")
            made.append((str(name), self._text(str(value)).text))
        return tuple(made)


def _is_given(key: str, value: Any) -> bool:
    """Say whether a key counts as given: None stands for its absence, and an empty mapping where there is nothing else."""
    return value is not None and not (key in MAPPINGS and value == {})


def _was(mapping: Any, name: object) -> Any:
    return mapping.get(name) if isinstance(mapping, dict) else None
