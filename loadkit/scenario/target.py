"""Where the load of a file goes: a URL, or the demo; none where nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loadkit.flow.step import Build, Where
from loadkit.protocols.address import split_url
from loadkit.scenario.demo_target import DEMO_TARGET, EXAMPLE, read_demo
from loadkit.scenario.source import Document


def check_target(target: str, document: Document, build: Build) -> None:
    """Report to `build` a target that is missing where something is sent to it, or is none."""
    at: Where = ("config", "target") if "target" in build.config else ("config",)
    if not target and _needs_none(document.data.get("scenarios"), build):
        return
    if not target:
        others = [*document.data, *(key for key in build.config if key != "target")]
        if build.malformed and build.closest("target", others):
            return  # it stands in the wrong place or is misspelt, which has been reported
        build.error(
            "LK213", at, "there is no target", hint='give `config.target`, -t URL or an environment; try "demo://"'
        )
        return
    if target.startswith(DEMO_TARGET):
        try:
            read_demo(target)
        except ValueError as error:
            build.error("LK212", at, str(error), hint=f'write "{DEMO_TARGET}" for the shop, or "{EXAMPLE}"')
        return
    try:
        build.reach(split_url(target)[0].place, at)
    except ValueError as error:
        build.error("LK212", at, str(error), hint='write "http://host:port", "https://host" or "demo://"')
        return
    if "?" in target or "#" in target:
        build.error("LK212", at, "a target ends with its path; paths of requests are appended to it", hint="use `qs`")


def _needs_none(scenarios: Any, build: Build) -> bool:
    """Say whether something is sent, and nothing of it to a target: Python functions are called and that is all."""
    flows = [item.get("flow") for item in scenarios if isinstance(item, Mapping)] if isinstance(scenarios, list) else []
    sending = [action for flow in flows for action in _sending(flow, build)]
    return bool(sending) and not any(build.actions[action].needs_target for action in sending)


def _sending(flow: Any, build: Build) -> Iterator[str]:
    """Yield the actions of a flow that send something."""
    for step in flow if isinstance(flow, list) else ():
        if isinstance(step, list):
            yield from _sending(step, build)
        elif isinstance(step, Mapping):
            for action in step:
                if action in build.actions and build.actions[action].requests:
                    yield action
                elif action in build.actions:
                    yield from _sending(step[action], build)
