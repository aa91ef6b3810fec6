"""What `plugins.expect.outputFormat` prints of each request: its checks, and what was exchanged when one fails.

pretty       every request; the exchange, too, when a check failed
prettyError  requests of which a check failed
json         every request, one line of JSON
silent       nothing
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from loadkit.flow.checks import Told
from loadkit.flow.expect import Texts
from loadkit.flow.response import Response
from loadkit.flow.user import VirtualUser
from loadkit.template.text import to_json, to_text

_SHOWN = 512
_OWN = "$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The request whose response is checked. `path` is what stood in its request line, `url` the whole."""

    method: str
    url: str
    path: str
    name: str
    json: Any = None


Results = Sequence[tuple[str, str | None, Told]]
"""Of each check its type, what was wrong (None where it holds), and what was expected and got."""

Print = Callable[[VirtualUser, Asked, Response, Results], str]
"""Gives the text to print, "" for none."""


def results_of(names: tuple[str, ...], texts: Texts, told: tuple[Told, ...]) -> Results:
    """Return what is known of each check, in order."""
    return list(zip(names, texts, told, strict=True))


def _pretty(user: VirtualUser, asked: Asked, response: Response, results: Results) -> str:
    lines = [f"* {asked.method} {asked.path} {f'- {asked.name}' if asked.name else ''}".rstrip(), ""]
    for name, text, (expected, got) in results:
        lines.append(f"  {'ok' if text is None else 'not ok'} {name} {to_text(got)}")
        if text is not None:
            lines += [f"  expected: {to_text(expected)}", f"       got: {to_text(got)}"]
    if any(text is not None for _, text, _ in results):
        lines += _exchange(user, asked, response)
    return "\n".join(lines)


def _exchange(user: VirtualUser, asked: Asked, response: Response) -> list[str]:
    lines = ["  Request params:", f"    {asked.url}"]
    if asked.json is not None:
        lines.append(f"    {to_json(asked.json)}")
    lines += ["  Headers:", *(f"  {name}: {value}" for name, value in response.fields())]
    lines += ["  Body:", response.text[:_SHOWN], "  User variables:"]
    lines += [f"    {name}: {to_text(value)}" for name, value in user.variables.items() if not name.startswith(_OWN)]
    return lines


def _pretty_error(user: VirtualUser, asked: Asked, response: Response, results: Results) -> str:
    failed = any(text is not None for _, text, _ in results)
    return _pretty(user, asked, response, results) if failed else ""


def _json(user: VirtualUser, asked: Asked, response: Response, results: Results) -> str:
    found = [
        {"ok": text is None, "expected": expected, "type": name, "got": got} for name, text, (expected, got) in results
    ]
    named = {"name": asked.name} if asked.name else {}
    return to_json({**named, "url": asked.path, "results": found})


PRINTS: dict[str, Print] = {"pretty": _pretty, "prettyError": _pretty_error, "json": _json}
