"""Run a scenario file with its processor through the real engine in this process, against a server of the test's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

from loadkit.metrics.recorder import Recorder
from loadkit.scenario.compile import compile_plan
from loadkit.scenario.merge import load_document
from loadkit.scenario.processor import import_processor
from loadkit.scenario.settings import Settings
from tests.support.command import write_yaml
from tests.support.engine import Ran, on_loop, run_plan
from tests.support.raw_server import Handler, RawServer, raw_server


def ran_with_hooks(
    directory: Path,
    handler: Handler,
    source: str,
    flow: list[Any],
    *,
    config: Mapping[str, Any] | None = None,
    graceful_stop_ns: int = 5_000_000_000,
    **scenario: Any,
) -> tuple[Ran, RawServer]:
    """Run one visit of a scenario whose processor is `source`."""

    async def main() -> tuple[Ran, RawServer]:
        async with raw_server(handler) as server:
            (directory / "hooks.py").write_text(dedent(source))
            settings = {"target": server.url, "processor": "./hooks.py", **(config or {})}
            data = {"config": settings, "scenarios": [{"name": "it", "flow": flow, **scenario}]}
            document, _ = load_document([write_yaml(directory, data)])
            recorder = Recorder()
            plan = compile_plan(document, Settings(seed=1), recorder)
            import_processor(plan)
            return await run_plan(plan, recorder, graceful_stop_ns=graceful_stop_ns), server

    result: tuple[Ran, RawServer] = on_loop(main())
    return result
