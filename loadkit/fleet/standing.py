"""The embedded target for as long as a command has several runs against it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from loadkit.demo.options import options_of
from loadkit.demo.process import start_demo
from loadkit.scenario.demo_target import DEMO_TARGET
from loadkit.scenario.plan import Plan
from loadkit.scenario.reading import aimed


@asynccontextmanager
async def standing(plan: Plan) -> AsyncIterator[Plan]:
    """Give the plan aimed at a demo that lasts until the block is left; one with a target of its own as it is.

    Raises PreflightError when the demo does not start.
    """
    if not plan.target.startswith(DEMO_TARGET):
        yield plan
        return
    demo = await start_demo(options_of(plan.target))
    try:
        yield aimed(plan, demo.url)
    finally:
        demo.stop()
