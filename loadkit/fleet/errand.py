"""`before` and `after` in the coordinator: carried out on its event loop, ended by a wish to stop."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from loadkit.engine.errand import ErrandFailed, ErrandRun, plain
from loadkit.engine.events import LogLine
from loadkit.fleet.local import RunOptions
from loadkit.fleet.stop import Stop
from loadkit.scenario.plan import Errand, Plan


class ErrandCourse:
    """One errand of a run: go through `lines`, then look at what came of it.

    `failure` says why it did not come to its end, "" if it did; `interrupted` that somebody wished to stop meanwhile;
    `given` holds the variables that it set.
    """

    def __init__(self, plan: Plan, errand: Errand, options: RunOptions, stop: Stop) -> None:
        self._plan = plan
        self._errand = errand
        self._debug = options.debug
        self._stop = stop
        self._asked = stop.requests
        self.failure = ""
        self.given: dict[str, Any] = {}

    @property
    def interrupted(self) -> bool:
        """Say whether somebody wished to stop since it began."""
        return self._stop.requests > self._asked

    async def lines(self) -> AsyncGenerator[LogLine, None]:
        """Carry it out and yield what it logs."""
        name = self._errand.name
        if self._asked > 1:
            yield LogLine(text=f"warning: `{name}` was not run: you asked twice to stop", stream="stderr")
            return
        run = ErrandRun(self._plan, self._errand, debug=self._debug)
        try:
            async with aclosing(run.run(lambda: self.interrupted)) as batches:
                async for lines in batches:
                    for line in lines:
                        yield LogLine(**line._asdict())
        except ErrandFailed as failed:
            if self.interrupted:
                yield LogLine(text=f"warning: {failed}", stream="stderr")
            else:
                self.failure = str(failed)
            return
        self.given, left = plain(run.variables)
        for variable in left if name == "before" else ():
            text = f'warning: {self._errand.at}: "{variable}" is no plain data; virtual users do not have it'
            yield LogLine(text=text, stream="stderr")
