"""The step `parallel`: several branches of a virtual user at once, and the wait for the last of them.

running --a branch ends--> running, or joined when it was the last
   |---- a branch fails --> failing: those at work finish, none is begun; then the step fails
   '---- Cancelled ------> every branch is cut off where it stands
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any

from loadkit.flow.fiber import Cancelled, park
from loadkit.flow.step import NOBODY, Build, StepFunction, StepPlugin, Where
from loadkit.flow.user import Session, StepFailed, VirtualUser

DEFAULT_LIMIT = 100
_LANES = "parallel"  # under this name a user's lanes stand among its sessions

# parallel: [step | [steps in order], ...]      limit: how many at once


class Lane(VirtualUser):
    """What carries out one branch after the other: a fiber and connections of its own, all else is its user's."""

    __slots__ = ("_first", "_muted", "_trunk")

    def __init__(self, trunk: VirtualUser, *, first: bool) -> None:
        super().__init__(trunk.run, trunk.number)
        self._trunk = trunk
        self._first = first
        self._muted = False

    @property
    def muted(self) -> bool:
        """Return whether a branch beside this one, or beside one that this is a part of, has failed."""
        return self._muted or self._trunk.muted

    @property
    def random(self) -> Random:
        """Return the user's random source."""
        return self._trunk.random

    def session(self, protocol: str, make: Callable[[], Any]) -> Any:
        """Return a session beside the user's own; the first lane goes on with that, since the user itself only waits."""
        of_user = self._trunk.sessions.get(protocol) or self._trunk.session(protocol, make)
        made = self.sessions[protocol] = of_user.branch(first=self._first)
        return made

    def begin_branches(self) -> None:
        """Take over what the user has by now."""
        user = self._trunk
        self.number, self.variables, self.pacer, self.due_ns = user.number, user.variables, user.pacer, user.due_ns
        self._muted = False

    def mute(self) -> None:
        """Say that another branch has failed."""
        self._muted = True


class _Lanes:
    """A user's lanes, kept with their connections from one `parallel` to the next."""

    def __init__(self) -> None:
        self._made: list[Lane] = []

    def take(self, user: VirtualUser, count: int) -> Sequence[Lane]:
        """Return so many lanes, ready to begin."""
        while len(self._made) < count:
            self._made.append(Lane(user, first=not self._made))
        for lane in self._made[:count]:
            lane.begin_branches()
        return self._made[:count]

    def reset(self) -> None:
        """Begin a new visit of the same user."""
        for session in self._sessions():
            session.reset()

    def secrets(self) -> Iterator[str]:
        """Yield what the lanes' sessions hold."""
        for session in self._sessions():
            yield from session.secrets()

    def branch(self, *, first: bool) -> _Lanes:
        """Return the lanes of a lane: its own."""
        return _Lanes()

    def close(self) -> None:
        """Close the lanes' connections."""
        for lane in self._made:
            lane.close()

    def _sessions(self) -> Iterator[Session]:
        return (session for lane in self._made for session in lane.sessions.values())


def compile_parallel(step: Mapping[str, Any], where: Where, build: Build) -> StepFunction:
    """Compile branches that run at the same time."""
    at = (*where, "parallel")
    branches = build.branches(step["parallel"], at)
    limit_of = _limit(step, where, build)
    pooled = build.config.get("http", {}).get("pool") is not None
    if not build.compat and not pooled and len(branches) > 1:
        text = "these steps are under way at the same time, each on a connection of its own"
        build.warn("LK506", at, f"{text} (Artillery sends them one after the other without `http.pool`)", key=True)

    async def parallel(user: VirtualUser) -> None:
        lanes = user.session(_LANES, _Lanes) if _LANES not in user.sessions else user.sessions[_LANES]
        await _Join(branches).run(user, lanes.take(user, min(limit_of(user), len(branches))))

    if any(steps and steps[0] in build.requests for steps in branches):
        build.requests.add(parallel)  # it begins with a request, and so with a pacing slot
    return parallel


def _limit(step: Mapping[str, Any], where: Where, build: Build) -> Callable[[Any], int]:
    template = build.template(step.get("limit", DEFAULT_LIMIT), (*where, "limit"))

    def limit(user: Any) -> int:
        try:
            return max(0, int(template.render(user))) or DEFAULT_LIMIT
        except (TypeError, ValueError, OverflowError):
            return DEFAULT_LIMIT

    if not template.is_constant:
        return limit
    fixed = limit(NOBODY)
    return lambda user: fixed


class _Join:
    """One run of the branches. What ends the visit is the first failure; those of the other branches are no errors beside it."""

    __slots__ = ("_error", "_failed", "_left", "_parked", "_running", "_user")

    def __init__(self, branches: Iterable[tuple[StepFunction, ...]]) -> None:
        self._left = iter(branches)
        self._running: list[Lane] = []
        self._failed: StepFailed | None = None
        self._error: BaseException | None = None
        self._parked = False

    async def run(self, user: VirtualUser, lanes: Sequence[Lane]) -> None:
        """Run everything and wait; the user's next step is due at the end of the last branch. Raises what a branch raised."""
        self._user = user
        for lane in lanes:
            if not self._failed:
                self._running.append(lane)
                user.run.branch(lane, self._work(lane), partial(self._ended, lane))
        try:
            while self._running:
                self._parked = True
                await park()
        except Cancelled as cancelled:
            self._parked = False
            self._cut_off()
            self._error = self._error or (None if self._failed else cancelled)
        user.due_ns = max((lane.due_ns for lane in lanes), default=user.due_ns)
        if self._error is not None:
            raise self._error
        if self._failed is not None:
            raise self._failed

    async def _work(self, lane: Lane) -> None:
        """Carry out branches until there are no more, or one has failed."""
        try:
            for steps in self._left:
                for step in steps:
                    await step(lane)
                if self._failed:
                    return
        except StepFailed as failed:
            self._fail(failed)
        except Exception as error:  # whoever counts the visit's end names it
            self._error = self._error or error
            self._fail(StepFailed())
        finally:
            if lane.traces:
                lane.tell()

    def _fail(self, failed: StepFailed) -> None:
        self._failed = self._failed or failed
        for lane in self._running:
            lane.mute()

    def _ended(self, lane: Lane, error: BaseException | None) -> None:
        self._running.remove(lane)
        if error is not None and not isinstance(error, Cancelled):
            self._error = self._error or error
        if not self._running and self._parked:
            self._parked = False
            self._user.fiber.resume()

    def _cut_off(self) -> None:
        """Cut off every branch that is at work; one that was waiting for a response counts it as cancelled."""
        self._left = iter(())
        for lane in list(self._running):
            if lane in self._running:
                lane.fiber.throw(Cancelled())


STEPS = {
    "parallel": StepPlugin(
        compile=compile_parallel,
        schema={
            "$ref": "#/$defs/flow",
            "title": "Parallel",
            "description": "Do these steps at the same time, as a browser fetches what a page needs; an item that is a list is "
            "done in order. The flow goes on when the last one is done.",
            "examples": [[{"get": {"url": "/style.css"}}, {"get": {"url": "/logo.png"}}]],
        },
        siblings={
            "limit": {
                "type": "integer",
                "minimum": 0,
                "title": "Limit",
                "description": "How many of the steps are under way at once, at most; 0 is the default.",
                "examples": [6],
                "default": DEFAULT_LIMIT,
            }
        },
    )
}
