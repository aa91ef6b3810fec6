"""How long a visit can take and how many requests of which name it makes, as far as the file says it.

shortest visit = its think times                          the target answers at once
longest visit  = its think times with their jitter + the timeouts of its requests

What only a visit knows is assumed: a condition holds, a count that is a template is 1. Both are told as "uncertain". A think
time that is a template makes the longest visit unbounded.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from loadkit.flow.parallel import DEFAULT_LIMIT
from loadkit.protocols.keys import DEFAULT_TIMEOUT_S
from loadkit.scenario.rates import rounds_of
from loadkit.units import NS_PER_S, parse_duration_ns


@dataclass(slots=True, kw_only=True)
class Journey:
    """A visit of a scenario: `requests` by name, spans in seconds."""

    requests: Counter[str] = field(default_factory=Counter)
    shortest_s: float = 0.0
    longest_s: float = 0.0
    uncertain: bool = False

    def add(self, other: Journey, times: int = 1) -> None:
        """Add what is done so many times."""
        for name, number in other.requests.items():
            self.requests[name] += number * times
        self.shortest_s += other.shortest_s * times
        self.longest_s += other.longest_s * times if times else 0.0
        self.uncertain |= other.uncertain

    def wait_for(self, other: Journey) -> None:
        """Add what is done at the same time: the visit takes as long as the longest."""
        for name, number in other.requests.items():
            self.requests[name] += number
        self.shortest_s = max(self.shortest_s, other.shortest_s)
        self.longest_s = max(self.longest_s, other.longest_s)
        self.uncertain |= other.uncertain


def journey_of(flow: Any, config: Mapping[str, Any], actions: Mapping[str, Any], patience: float = 1.0) -> Journey:
    """Return what one visit does; timeouts are `patience` times as long as written."""
    total = Journey()
    for step in flow if isinstance(flow, list) else ():
        if isinstance(step, list):
            total.add(journey_of(step, config, actions, patience))
        elif isinstance(step, Mapping):
            for action in step:
                if action in actions:
                    total.add(*_of_action(action, step, config, actions, patience))
    return total


def _of_action(
    action: str, step: Mapping[str, Any], config: Mapping[str, Any], actions: Mapping[str, Any], patience: float
) -> tuple[Journey, int]:
    value = step[action]
    if action == "parallel" and isinstance(value, list):
        return _branches(value, step, config, actions, patience), 1
    if isinstance(value, list):
        inside, rounds = journey_of(value, config, actions, patience), rounds_of(step)
        inside.uncertain |= rounds is None
        return inside, 1 if rounds is None else rounds
    if action == "think":
        return _think(step, config), 1
    if actions[action].sent is None:
        return Journey(), 1
    name, number, spec = actions[action].sent(value)
    uncertain = isinstance(spec.get("ifTrue"), str) or str(spec.get("probability", 100)) != "100"
    return Journey(
        requests=Counter({name: 1}), longest_s=patience * _timeout_s(spec, config), uncertain=uncertain
    ), number


def _branches(
    items: list[Any], step: Mapping[str, Any], config: Mapping[str, Any], actions: Mapping[str, Any], patience: float
) -> Journey:
    """Return what branches do; where some wait for others to end, or stand in line, the longest visit is that of all in turn."""
    limit, http = step.get("limit", DEFAULT_LIMIT), config.get("http") or {}
    in_turn = limit not in (0, None) and (not isinstance(limit, int) or limit < len(items))
    in_turn |= http.get("pool") is not None or config.get("compat") == "artillery"
    made, longest_s = Journey(), 0.0
    for item in items:
        branch = journey_of([item], config, actions, patience)
        made.wait_for(branch)
        longest_s += branch.longest_s
    if in_turn:
        made.longest_s = longest_s
    return made


def _think(step: Mapping[str, Any], config: Mapping[str, Any]) -> Journey:
    http = config.get("http") or {}
    jitter = step.get("jitter", http.get("defaults", {}).get("think", {}).get("jitter", 0))
    try:
        pause_s = parse_duration_ns(step["think"]) / NS_PER_S
        if isinstance(jitter, str) and jitter.strip().endswith("%"):
            spread_s = pause_s * float(jitter.strip()[:-1]) / 100
        else:
            spread_s = parse_duration_ns(jitter, unit="ms") / NS_PER_S
    except ValueError:
        return Journey(longest_s=math.inf, uncertain=True)
    return Journey(shortest_s=max(0.0, pause_s - spread_s), longest_s=pause_s + spread_s)


def _timeout_s(spec: Mapping[str, Any], config: Mapping[str, Any]) -> float:
    http = config.get("http") or {}
    for value in (spec.get("timeout"), config.get("timeout"), http.get("timeout")):
        if value is not None:
            return parse_duration_ns(value) / NS_PER_S
    return float(DEFAULT_TIMEOUT_S)
