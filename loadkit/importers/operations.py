"""Operations of an API in an order in which they can work, each with what an earlier one gave: its identifiers and its token.

first     what makes things, of few parameters before of many, since these are below what was made first
then      the others, lists before what is in them
last      what deletes things
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from loadkit.importers.answers import Value, is_key_of_identifier, nouns_of, values_in
from loadkit.importers.draft import Request, variable
from loadkit.importers.places import singular

_LOGIN = re.compile(r"(?i)(?:log|sign)[-_]?in$|authenticat|/(?:token|session)s?$|/auth$")
_DELETES = 2
_TOKEN = re.compile(r"(?i)(?:^|[-_a-z])(?:token|jwt)$")


@dataclass(slots=True, kw_only=True)
class Operation:
    """An operation: its request, whose URL has still the parameters of `open` in braces, each with a value to fall back on.

    `gives` is an example of the JSON that it answers with, None where that is not said; `bearer` says that it wants a token.
    """

    path: str
    request: Request
    open: dict[str, str] = field(default_factory=dict)
    gives: Any = None
    bearer: bool = False


@dataclass(slots=True)
class _Known:
    value: Value
    request: Request
    name: str = ""


def find_login(operations: Iterable[Operation]) -> Operation | None:
    """Return the operation that gives a token for credentials, if there is one."""
    for one in operations:
        path = re.sub(r"\{[^}]*\}", "", one.path).rstrip("/")
        if one.request.method == "post" and not one.bearer and _LOGIN.search(path) and _token_path(one.gives):
            return one
    return None


def flow_of(operations: Iterable[Operation], login: Operation | None) -> list[Request]:
    """Return the requests of operations; with a login before them where one of them wants a token."""
    ordered = _in_order(operations)
    wants = login is not None and any(one.bearer for one in ordered)
    if login is not None and wants:
        ordered = [_copy(login), *(one for one in ordered if one is not login)]
    known: list[_Known] = []
    names: set[str] = set()
    for number, one in enumerate(ordered):
        for name, fallback in one.open.items():
            before = one.path.partition(f"{{{name}}}")[0].rstrip("/").rpartition("/")[2]
            found = _find(known, nouns_of(name, singular(before).lower()) | {singular(before).lower()}, names)
            one.request.url = one.request.url.replace(f"{{{name}}}", found or quote(fallback, safe=""))
        if one.request.body_key in ("json", "form"):
            one.request.body = _filled(one.request.body, known, names)
        if wants and number == 0:
            capture(one.request, str(_token_path(one.gives)), "token")
            names.add("token")
        elif wants and one.bearer:
            one.request.headers["authorization"] = f"Bearer {variable('token')}"
        if one.gives is not None:
            known += [_Known(value, one.request) for value in values_in(one.gives, one.path)]
    return [one.request for one in ordered]


def capture(request: Request, path: str, name: str) -> None:
    """Let a request capture a value of its answer."""
    request.more.setdefault("capture", []).append({"json": path, "as": name})


def _rank(one: Operation) -> tuple[int, int]:
    parameters = one.path.count("{")
    if one.request.method == "post":
        return 0, parameters
    return (_DELETES, -parameters) if one.request.method == "delete" else (1, parameters)


def _in_order(operations: Iterable[Operation]) -> list[Operation]:
    """Return operations by rank, each behind those that give what it needs, as far as there are any."""
    left, ordered = sorted(operations, key=_rank), []
    while left:
        chosen = next((one for one in left if not _waits(one, left)), left[0])
        left.remove(chosen)
        ordered.append(chosen)
    return ordered


def _waits(one: Operation, left: Iterable[Operation]) -> bool:
    """Say whether an operation needs what another one has yet to give; what only it gives, it does not wait for."""
    own = _given(one)
    return any(
        (_needed(one) - own) & _given(other) for other in left if other is not one and _rank(other)[0] < _DELETES
    )


def _needed(one: Operation) -> set[str]:
    body = one.request.body if one.request.body_key in ("json", "form") and isinstance(one.request.body, dict) else {}
    keys = [*body, *(name for name in one.open if nouns_of(name))]
    return {noun for key in keys if is_key_of_identifier(str(key)) for noun in nouns_of(str(key))}


def _given(one: Operation) -> set[str]:
    values = values_in(one.gives, one.path) if one.gives is not None else ()
    return {noun for value in values if is_key_of_identifier(_key_of(value)) for noun in value.nouns}


def _copy(login: Operation) -> Operation:
    """Return the same with a request of its own: each scenario begins with one."""
    source = login.request
    request = Request(
        method=source.method, url=source.url, headers=dict(source.headers), query=dict(source.query), auth=source.auth,
        body=source.body, body_key=source.body_key, name=source.name,
    )  # fmt: skip
    return Operation(path=login.path, request=request, open=dict(login.open), gives=login.gives)


def _token_path(document: Any) -> str | None:
    """Return where a token stands in an answer."""
    found = [path for path, key in _leaves(document, "$", "") if _TOKEN.search(key) and "refresh" not in key.lower()]
    return found[0] if found else None


def _leaves(value: Any, path: str, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(
                item, f"{path}.{name}" if re.fullmatch(r"\w+", str(name)) else f"{path}['{name}']", str(name)
            )
    elif isinstance(value, str):
        yield path, key


def _find(known: list[_Known], nouns: frozenset[str], names: set[str]) -> str:
    """Return the mark of the latest value that is about one of the nouns, "" for none."""
    for one in reversed(known):
        if one.value.nouns & nouns and is_key_of_identifier(_key_of(one.value)):
            if not one.name:
                number, one.name = 1, one.value.name
                while one.name in names:
                    number += 1
                    one.name = f"{one.value.name}_{number}"
                names.add(one.name)
                capture(one.request, str(one.value.source["json"]), one.name)
            return variable(one.name)
    return ""


def _key_of(value: Value) -> str:
    return re.split(r"[.\[\]']+", str(value.source["json"]).rstrip("']0123456789["))[-1]


def _filled(body: Any, known: list[_Known], names: set[str]) -> Any:
    """Return a body in which keys such as cartId have what an earlier operation gave."""
    if isinstance(body, dict):
        return {
            key: (_find(known, nouns_of(str(key)), names) or item)
            if is_key_of_identifier(str(key)) and isinstance(item, str | int)
            else _filled(item, known, names)
            for key, item in body.items()
        }
    return [_filled(item, known, names) for item in body] if isinstance(body, list) else body
