"""From visits seen in a log to weighted scenarios.

visit      = requests of one client with pauses below 30 minutes        journey   = the paths of a visit, identifiers named
scenarios  = the most frequent journeys that came at least twice, weighted by how often they came; and for all other
             requests one scenario each path, weighted by how often it was asked for, so that the mix of requests is that of the log
think time = the median pause at that place of the journey
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlsplit

from loadkit.importers.draft import Draft, Journey, Request, variable
from loadkit.importers.places import general_path, is_identifier

GAP_S = 30 * 60
_MOST_JOURNEYS, _MOST_SINGLES, _LONGEST = 8, 20, 25
_MOST_VALUES = 20
_LEAST_PAUSE_S = 0.3
_FOLLOWS_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A request of a log: when, whose, what, and whether the answer was a redirect."""

    at_s: float
    client: str
    method: str
    url: str
    redirected: bool = False

    @property
    def general(self) -> tuple[str, str]:
        """Return the method, and the path with its identifiers named."""
        return self.method, general_path(urlsplit(self.url).path)


Signature = tuple[tuple[str, str], ...]


def without_followed(seen: Iterable[Seen]) -> tuple[list[Seen], int]:
    """Return requests without those that redirects led to, and how many these are: a virtual user follows by itself."""
    kept: list[Seen] = []
    waiting: dict[str, float] = {}  # until when a client is expected to follow
    followed = 0
    for one in sorted(seen, key=lambda one: one.at_s):
        follows = one.method == "GET" and one.at_s <= waiting.pop(one.client, -1.0)
        if follows:
            followed += 1
        else:
            kept.append(one)
        if one.redirected:
            waiting[one.client] = one.at_s + _FOLLOWS_WITHIN_S
    return kept, followed


def draft_of(seen: Iterable[Seen]) -> Draft:
    """Return the draft of what was seen."""
    ordered = sorted(seen, key=lambda one: one.at_s)
    grouped: dict[Signature, list[list[Seen]]] = defaultdict(list)
    for visit in _visits(ordered):
        grouped[tuple(one.general for one in visit)].append(visit)
    usual = sorted(
        (signature for signature, visits in grouped.items() if len(visits) > 1 and 1 < len(signature) <= _LONGEST),
        key=lambda signature: (-len(grouped[signature]) * len(signature), signature),
    )[:_MOST_JOURNEYS]
    usual.sort(key=lambda signature: (-len(grouped[signature]), signature))
    others = [
        one for signature, visits in grouped.items() if signature not in usual for visit in visits for one in visit
    ]
    urls = _Urls(ordered)
    draft = Draft(journeys=[_journey(signature, grouped[signature], urls) for signature in usual])
    counts = Counter(one.general for one in others)
    for general, number in counts.most_common(_MOST_SINGLES):
        draft.journeys.append(
            Journey(name=f"{general[0]} {general[1]}", requests=[urls.request(general)], weight=number)
        )
    rest = sum(counts.values()) - sum(number for _, number in counts.most_common(_MOST_SINGLES))
    if rest:
        draft.notes.append(f"left out: {rest} requests to paths that were seldom asked for")
    span_s = max(1.0, ordered[-1].at_s - ordered[0].at_s)
    draft.rate_per_s = max(sum(journey.weight for journey in draft.journeys) / span_s, 0.01)
    draft.variables = urls.variables
    return draft


def _visits(ordered: list[Seen]) -> list[list[Seen]]:
    current: dict[str, list[Seen]] = {}
    visits: list[list[Seen]] = []
    for one in ordered:
        visit = current.get(one.client)
        if visit is None or one.at_s - visit[-1].at_s > GAP_S:
            visit = current[one.client] = []
            visits.append(visit)
        visit.append(one)
    return visits


def _journey(signature: Signature, visits: list[list[Seen]], urls: _Urls) -> Journey:
    requests = []
    for index, general in enumerate(signature):
        request = urls.request(general)
        pause_s = median(visit[index].at_s - visit[index - 1].at_s for visit in visits) if index else 0.0
        request.think_s = round(pause_s, 1) if pause_s >= _LEAST_PAUSE_S else 0.0
        requests.append(request)
    first, last = signature[0][1], signature[-1][1]
    name = f"{first} to {last}, {len(signature)} requests"
    return Journey(name=name, requests=requests, weight=len(visits))


class _Urls:
    """What URLs looked like: identifiers become variables with the values that came most often, the usual query stays."""

    def __init__(self, seen: list[Seen]) -> None:
        self.variables: dict[str, list[object]] = {}
        self._queries: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._values: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
        for one in seen:
            split, general = urlsplit(one.url), one.general
            self._queries[general][split.query] += 1
            for index, segment in enumerate(split.path.split("/")):
                if is_identifier(segment):
                    self._values[general[1], index][segment] += 1

    def request(self, general: tuple[str, str]) -> Request:
        """Return a request to a path."""
        method, path = general
        segments = path.split("/")
        for index, segment in enumerate(segments):
            values = [value for value, _ in self._values[path, index].most_common(_MOST_VALUES)]
            if values and segment.startswith("{"):
                segments[index] = variable(
                    self._variable(segment.strip("{}"), sorted(values, key=lambda value: (len(value), value)))
                )
        query = next(iter(self._queries[general].most_common(1)))[0]
        named = any(segment != before for segment, before in zip(segments, path.split("/"), strict=True))
        url = "/".join(segments) + (f"?{query}" if query else "")
        return Request(method=method, url=url, name=path if named else "")

    def _variable(self, word: str, values: list[str]) -> str:
        """Return the name of the variable with these values."""
        name, number = f"{word}_id" if word != "id" else "some_id", 1
        typed: list[object] = [
            int(value) if value.isdigit() and not value.startswith("0") else value for value in values
        ]
        while self.variables.get(name, typed) != typed:
            number += 1
            name = f"{word}_id_{number}"
        self.variables[name] = typed
        return name
