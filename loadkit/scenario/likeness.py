"""What makes two runs alike in what they do: digests of the scenario and of its phases, and the target.

A digest leaves out what changes no request: names of runs, scenarios and phases, what is judged, the seed, tags, comments. What a
secret is does not matter either, so a token that is new each time makes no other scenario.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from loadkit.redact import Secrets, mask_data

DEMO = "demo://"
_ELSEWHERE = {"target", "phases", "environments"}
_JUDGING = {"thresholds", "ensure", "slos", "apdex"}
_IDLE = {"name", "seed", "secrets", "statsInterval", "includeFiles", "pluginsScope", "bundling"}
_LENGTH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """`scenario` and `phases` are digests of 16 digits, `target` is a URL without user and password."""

    scenario: str = ""
    phases: str = ""
    target: str = ""


def likeness(data: Mapping[str, Any], *, solo: bool, picked: Sequence[int], target: str, secrets: Secrets) -> Likeness:
    """Return what a document does; `picked` are the numbers of the scenarios that run, `target` is where they go."""
    config = _mapping(data.get("config"))
    plugins = {name: given for name, given in _mapping(config.get("plugins")).items() if name not in _JUDGING}
    kept = {key: value for key, value in config.items() if key not in _ELSEWHERE | _JUDGING | _IDLE | {"plugins"}}
    flows = [_unnamed(item) for index, item in enumerate(_list(data.get("scenarios"))) if index in picked]
    errands = [_unnamed(data.get(name)) for name in ("before", "after")]
    phases = ["solo"] if solo else [_unnamed(phase) for phase in _list(config.get("phases"))]
    return Likeness(
        scenario=_digest([kept, plugins, flows, errands], secrets),
        phases=_digest(phases, secrets),
        target=secrets.mask(_place(target)),
    )


def short_digest(data: Any) -> str:
    """Return 16 digits that stand for plain data, in whatever order its keys are."""
    return hashlib.sha256(msgspec.json.encode(data, order="sorted")).hexdigest()[:_LENGTH]


def _digest(data: Any, secrets: Secrets) -> str:
    return short_digest(secrets.hide(mask_data(data)))


def _place(target: str) -> str:
    if target.startswith(DEMO):
        return DEMO  # it has another port each time
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}{parts.path.rstrip('/')}" if target else ""


def _unnamed(item: Any) -> Any:
    return {key: value for key, value in item.items() if key != "name"} if isinstance(item, Mapping) else item


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
