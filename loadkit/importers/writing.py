"""A draft becomes a scenario file that is pleasant to read: short forms, common headers once, notes as comments at the top."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from loadkit.importers.draft import Draft, Journey, Request, templated
from loadkit.importers.hiding import Hiding
from loadkit.importers.places import named
from loadkit.importers.unusable import drop_unusable

_PLAIN = re.compile(r"(?:[A-Za-z/][\w/.?=&%+\-]*|\$[\w.\[\]]+)(?: [\w/.\-<%=]+)*", re.ASCII)
_ENVIRONMENT = re.compile(r"\{\{ \$env\.(\w+) \}\}")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_WIDTH = 110
_DURATION_S = 60
_GRACE_S = 20  # below the 30 s that `run` gives
_NAMELESS_TARGET = "http://localhost:8080"


def write_scenario(draft: Draft, origin: str, directory: Path | None = None) -> str:
    """Return the text of a scenario file; `origin` says in its first line where it comes from. Secrets are taken out.

    The paths of files are written as they are from `directory`, in which it will stand; in full where that is not known.
    """
    if directory is not None:
        _move_files(draft, directory)
    draft.notes += drop_unusable(draft)
    hiding = Hiding()
    hiding.hide(draft)
    for journey in draft.journeys:
        named(journey.requests)
    common = _common_headers(draft.journeys)
    config: dict[str, Any] = {
        "target": draft.target or _NAMELESS_TARGET,
        "phases": [{"duration": _DURATION_S, "arrivalRate": _tidy(draft.rate_per_s)}],
    }
    if draft.variables:
        config["variables"] = {name: _values(values) for name, values in draft.variables.items()}
    if common:
        config["http"] = {"defaults": {"headers": templated(common)}}
    config["thresholds"] = ["http.error_rate < 1%", *draft.thresholds]
    scenarios = [_scenario(journey, common) for journey in draft.journeys]
    notes = list(dict.fromkeys(draft.notes))
    if not draft.target:
        notes.append(f"the target is not known; {_NAMELESS_TARGET} stands for it")
    longest_s = max((sum(request.think_s for request in journey.requests) for journey in draft.journeys), default=0.0)
    if longest_s > _GRACE_S:
        notes.append(
            f"a visit takes {longest_s:.0f} s and more: run with --graceful-stop {longest_s + _GRACE_S:.0f}s, "
            "so that the last ones can finish"
        )
    body = "\n".join([_yaml({"config": config}), _yaml({"scenarios": scenarios})])
    read = dict.fromkeys([*hiding.names, *_ENVIRONMENT.findall(body)])
    if read:
        notes.append(f"set these in the environment before a run: {', '.join(read)}")
    head = "".join(f"# {_one_line(line)}\n" for line in [origin, *notes])
    return f"{head}\n{body}" if head else body


def _move_files(draft: Draft, directory: Path) -> None:
    for journey in draft.journeys:
        for request in journey.requests:
            for value in request.body.values() if request.body_key == "formData" else ():
                for part in value if isinstance(value, list) else [value]:
                    if isinstance(part, dict) and "fromFile" in part:
                        part["fromFile"] = os.path.relpath(part["fromFile"], directory.absolute())


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _values(values: list[Any]) -> Any:
    return templated(values) if len(values) != 1 else templated(values[0])


def _scenario(journey: Journey, common: Mapping[str, str]) -> dict[str, Any]:
    flow: list[dict[str, Any]] = []
    for request in journey.requests:
        if request.think_s:
            flow.append({"think": _tidy(request.think_s)})
        flow.append({request.method.lower(): _spec(request, common)})
    made: dict[str, Any] = {"name": journey.name}
    if journey.weight != 1:
        made["weight"] = journey.weight
    return {**made, "flow": flow}


def _spec(request: Request, common: Mapping[str, str]) -> Any:
    headers = {name: value for name, value in request.headers.items() if common.get(name) != value}
    spec: dict[str, Any] = {"url": request.url}
    if request.name:
        spec["name"] = request.name
    for key, value in (("qs", request.query), ("headers", headers), ("cookie", request.cookies)):
        if value:
            spec[key] = value
    if request.auth:
        spec["auth"] = {"user": request.auth[0], "pass": request.auth[1]}
    if request.body_key:
        spec[request.body_key] = request.body
    spec |= {key: value[0] if key == "capture" and len(value) == 1 else value for key, value in request.more.items()}
    return templated(request.url) if len(spec) == 1 else templated(spec)


def _common_headers(journeys: list[Journey]) -> dict[str, str]:
    """Return the header fields that all requests have, where there are several; of `accept` that which most have.

    The others get an `accept` of their own then: it is a field that every request has.
    """
    headers = [request.headers for journey in journeys for request in journey.requests]
    if len(headers) < 2:
        return {}
    common = {name: value for name, value in headers[0].items() if all(one.get(name) == value for one in headers)}
    (accept, number), *_ = Counter(one.get("accept", "") for one in headers).most_common(1)
    if accept and number > len(headers) // 2:
        common["accept"] = accept
        for one in headers:
            one.setdefault("accept", "*/*")
    return common


def _tidy(number: float) -> float | int:
    """Return a number with three digits at most, whole where it is."""
    rounded = float(f"{number:.3g}")
    return int(rounded) if rounded == int(rounded) else rounded


class _Dumper(yaml.SafeDumper):
    """Quotes whatever the reader of scenarios might take for something else, and indents lists below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None)
    if "\n" in text and all(line == line.rstrip() and line.isprintable() for line in text.split("\n")):
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
    single = '"' in text and "'" not in text and text.isprintable()
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'" if single else '"')


def _list(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.SequenceNode:
    numbers = all(type(item) in (int, float) for item in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=numbers)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)


def _yaml(data: Any) -> str:
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
