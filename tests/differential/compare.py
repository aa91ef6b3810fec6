"""How two outcomes of a case differ, in words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.differential.case import Case, Outcome


class Difference(NamedTuple):
    """One thing that is not the same; None where a tool does not have it."""

    what: str
    artillery: Any
    loadkit: Any

    def __str__(self) -> str:
        return f"{self.what}: Artillery {self.artillery!r}, loadkit {self.loadkit!r}"


def differences(artillery: Outcome, loadkit: Outcome) -> list[Difference]:
    """Return all that differs. Where Artillery hangs, it is enough to end well."""
    if artillery["exit"] == "never":
        return [] if loadkit["exit"] == "zero" else [Difference("exit code", "never", loadkit["exit"])]
    found = [
        *_named("counter", artillery["counters"], loadkit["counters"]),
        *_named("summary", *map(_counted, (artillery["summaries"], loadkit["summaries"]))),
        *_named("rate", dict.fromkeys(artillery["rates"], 1), dict.fromkeys(loadkit["rates"], 1)),
        *_received(artillery["received"], loadkit["received"]),
    ]
    if artillery["exit"] != loadkit["exit"]:
        found.append(Difference("exit code", artillery["exit"], loadkit["exit"]))
    return found


def _counted(summaries: dict[str, int]) -> dict[str, int]:
    """Return how many values each summary has; of an endpoint only that it is there: there are redirects' hops in it here."""
    return {name: 1 if "response_time./" in name else count for name, count in summaries.items()}


def _named(kind: str, one: dict[str, int], other: dict[str, int]) -> Iterator[Difference]:
    for name in sorted({*one, *other}):
        if one.get(name) != other.get(name):
            yield Difference(f"{kind} {name}", one.get(name), other.get(name))


def _received(one: list[Any], other: list[Any]) -> Iterator[Difference]:
    counts = [Counter(json.dumps(request, sort_keys=True) for request in requests) for requests in (one, other)]
    for request in sorted({*counts[0], *counts[1]}):
        if counts[0][request] != counts[1][request]:
            yield Difference(f"received {request}", counts[0][request], counts[1][request])


def unexpected(case: Case, found: list[Difference], said: str) -> list[str]:
    """Return what is not as the case's notes say: differences that they do not name, and what they name in vain."""
    known = case.notes.get("differences", [])
    meant = {Difference(note["what"], note.get("artillery"), note.get("loadkit")) for note in known}
    lines = [str(difference) for difference in found if difference not in meant]
    lines += [f"noted, but not so: {difference}" for difference in meant - set(found)]
    codes = {note["code"] for note in known if note.get("code")}
    lines += [f"{code} is to be printed, since the tools differ" for code in sorted(codes) if code not in said]
    return lines
