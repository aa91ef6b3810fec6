"""The page of a run that goes on: an output that passes each second to a server in a thread of its own.

The coordinator's loop puts a second into a queue and goes on; whatever is worked out, encoded and sent is the server's. When the
server cannot keep up, seconds are missing on the page, which says so, and nowhere else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from threading import Event as Flag
from typing import Any

from loadkit.dashboard.address import Address
from loadkit.dashboard.controls import Controls, Steered
from loadkit.dashboard.events import Events
from loadkit.dashboard.guard import Guard
from loadkit.dashboard.live_page import LivePage
from loadkit.dashboard.live_run import LiveRun, Second
from loadkit.dashboard.serving import Serving
from loadkit.engine.events import Interval, LogLine, Started
from loadkit.scenario.plan import Plan

WAITING = 120
"""How many seconds may wait for the server's thread."""
LAST_S = 2.0
"""How long the end of a run may take to reach the viewers."""
_MOST_LINES = 50  # of a second
_STOPPED = "warning: the dashboard has stopped"


class Dashboard:
    """Shows a run in browsers while it goes on: an Output. `open` returns the URL, `close` ends the server.

    `run_id` is asked for the run's id when load begins. `held` says that the run waits until somebody begins it. What goes wrong is
    said once through `say`, in the coordinator's thread, and the run goes on without the page.
    """

    def __init__(
        self,
        plan: Plan,
        address: Address,
        token: str,
        *,
        held: bool = False,
        run_id: Callable[[], str | None] = lambda: None,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._run_id = run_id
        self._say = say
        self._token = token
        self._waiting: deque[Second] = deque()
        self._lines: deque[str] = deque(maxlen=_MOST_LINES)
        self._printed = 0
        self._missed = 0
        self._opened = self._told_end = False
        self._fault = ""  # set in the server's thread, said in the coordinator's
        self._controls = Controls()
        self._events = Events()
        self._page = LivePage(LiveRun(plan, held=held), self._events, self._controls, Guard(address, token))
        self._serving = Serving(self._page.application(), address)

    def open(self) -> str:
        """Serve from now on; return the URL, which lets its first visitor control. Raises PreflightError."""
        url = self._serving.start()
        self._opened = True
        return f"{url}?token={self._token}"

    def attend(self, session: Steered) -> None:
        """Let viewers with the token control the run; called in the loop of its session."""
        self._controls.attach(session)

    def start(self, event: Started) -> None:
        """Note that load begins."""
        self._serving.call(self._page.begin, event, self._run_id())

    def interval(self, event: Interval) -> None:
        """Pass the second on; leave it out where too many wait."""
        if self._fault and not self._told_end:
            self._give_up()
        if self._told_end:
            return
        if len(self._waiting) >= WAITING:
            self._missed += 1
            return
        lines, left_out = list(self._lines), self._printed - len(self._lines)
        self._lines.clear()
        self._printed = 0
        self._waiting.append(Second.of(event, lines, left_out, missed=self._missed))
        self._serving.call(self._take)

    def log(self, event: LogLine) -> None:
        """Keep the line for the second that goes on."""
        self._lines.append(event.text)
        self._printed += 1

    def finish(self, report: Mapping[str, Any], kept: str | None = None) -> None:
        """Tell viewers how the run ended and in which directory it is kept; wait until they know, two seconds at most."""
        self._end(report, kept)

    def close(self) -> None:
        """End the server, also when the run broke off: its viewers are told. May be called twice."""
        self._end(None, None)
        self._serving.close()

    def _end(self, report: Mapping[str, Any] | None, kept: str | None) -> None:
        if self._told_end or not self._opened:
            return
        self._told_end = True
        self._controls.detach()
        delivered = Flag()
        if self._serving.call(self._finish, report, kept, delivered):
            delivered.wait(LAST_S)
        if self._fault:
            self._say(f"{_STOPPED}: {self._fault}")

    def _give_up(self) -> None:
        self._told_end = True
        self._controls.detach()
        self._serving.close()
        self._say(f"{_STOPPED}, the run goes on without it: {self._fault}")
        self._fault = ""

    def _take(self) -> None:
        """Work out and send the oldest second that waits; on the server's loop."""
        try:
            self._page.add(self._waiting.popleft())
        except Exception as error:  # whatever it is, it must cost nothing but the page
            self._fault = self._fault or f"{type(error).__name__}: {error}"

    def _finish(self, report: Mapping[str, Any] | None, kept: str | None, delivered: Flag) -> None:
        try:
            self._page.end(report, kept)
        except Exception as error:  # as above
            self._fault = f"{type(error).__name__}: {error}"
        waiting = asyncio.ensure_future(self._events.drained())
        waiting.add_done_callback(lambda _: delivered.set())
