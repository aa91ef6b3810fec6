"""A virtual user: who carries out a scenario's steps. It owns its variables and its protocol sessions."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator
from random import Random
from typing import Any, Protocol

from loadkit.clock import Clock
from loadkit.flow.fiber import Fiber
from loadkit.flow.pacing import Pacer
from loadkit.flow.tracer import TRACE, Tracer, VisitTrace
from loadkit.metrics.recorder import Recorder
from loadkit.redact import Secrets

_MASK = (1 << 64) - 1


class Session(Protocol):
    """What a protocol keeps for one virtual user: connections, cookies."""

    def reset(self) -> None:
        """Begin a new visit of the same user: fresh cookies, the connections stay."""

    def secrets(self) -> Iterable[str]:
        """Return the values that it holds and that are not to be shown."""

    def branch(self, *, first: bool) -> Session:
        """Return what another branch of the same user keeps: connections of its own beside the same cookies.

        The `first` branch may go on with this one, since the user itself waits meanwhile.
        """

    def close(self) -> None:
        """Give everything up at the user's end."""


class Services(Protocol):
    """What a running worker offers to steps."""

    clock: Clock
    recorder: Recorder
    seed: int
    debug: bool
    starved_ns: int
    """When this machine last had no descriptor or port left for a connection."""
    secrets: Secrets
    shared: dict[str, Any]
    """What a protocol keeps once per worker, by the protocol's name: resolvers, pools, TLS contexts."""
    sequence: Iterator[int]
    """Numbers that no other worker has."""
    tracer: Tracer | None
    """Makes and keeps spans; None where no visit is traced."""

    def log(self, text: str, *, stream: str = "stdout", ids: tuple[str, str] = ("", "")) -> None:
        """Send a line to the coordinator, which prints it. `ids` are those of the trace and the span that it is about."""

    def branch(
        self, user: VirtualUser, work: Coroutine[Any, Any, None], ended: Callable[[BaseException | None], None]
    ) -> None:
        """Set a branch of a virtual user to work, on a fiber of its own; `ended` is called at its end."""


class StepFailed(Exception):
    """A step ended its virtual user. Whoever raises it has counted the error already, as `errors.<name>`.

    `unanswered` says that a request got no valid response.
    """

    def __init__(self, name: str = "", text: str = "", *, unanswered: bool = False) -> None:
        super().__init__(text or name)
        self.name = name
        self.unanswered = unanswered


class VirtualUser:
    """One virtual user on one fiber. `due_ns` is the intended time of what it does next."""

    __slots__ = ("_random", "due_ns", "fiber", "number", "pacer", "run", "sessions", "traces", "variables", "withheld")

    fiber: Fiber

    def __init__(self, run: Services, number: int) -> None:
        self.run = run
        self.number = number
        self.variables: dict[str, Any] = {}
        self.withheld: dict[str, Any] = {}  # what captures found and did not store, since another one failed
        self.sessions: dict[str, Any] = {}
        self.traces: list[str] = []  # what --debug has noted and not told yet
        self.due_ns = 0
        self.pacer: Pacer | None = None
        self._random: Random | None = None

    @property
    def random(self) -> Random:
        """Return this visit's random source, seeded by the run's seed and the visit's number."""
        if self._random is None:
            self._random = Random(mix(self.run.seed, self.number))
        return self._random

    @property
    def muted(self) -> bool:
        """Return whether another branch has failed already: `errors` counts what ends visits, and this one ends anyhow."""
        return False

    def session(self, protocol: str, make: Callable[[], Any]) -> Any:
        """Return a protocol's session, begun now."""
        made = self.sessions[protocol] = make()
        return made

    def next_number(self) -> int:
        """Return a number that nobody in the run has been given before."""
        return next(self.run.sequence)

    def begin(self, number: int, due_ns: int) -> None:
        """Begin another visit: a new number and fresh cookies; the connections stay. Its variables are the caller's to give."""
        self.number = number
        self.due_ns = due_ns
        self._random = None
        for session in self.sessions.values():
            session.reset()

    def masked(self, text: str) -> str:
        """Return a text about this virtual user as it may be kept and shown."""
        return self.run.secrets.mask(text, self._held())

    def masked_values(self, text: str) -> str:
        """Return a text without the secret values that are known; for one whose names have been seen to."""
        return self.run.secrets.mask_values(text, self._held())

    def tell(self) -> None:
        """Write what --debug has noted; after the captures, so that what they took out of a response is known as a secret."""
        for text in self.traces:
            self._log(self.masked_values(text), stream="stderr")
        self.traces.clear()

    def log(self, text: str) -> None:
        """Print a text, masked; with JSON logs the line has the ids of the last traced request."""
        self._log(self.masked(text), stream="stdout")

    @property
    def trace_told(self) -> str:
        """Return what names the trace of the last request behind a text about it, "" where none is traced."""
        trace: VisitTrace | None = self.sessions.get(TRACE)
        return f" (trace {trace.ids[0]})" if trace is not None and trace.ids[0] else ""

    def _log(self, text: str, *, stream: str) -> None:
        trace: VisitTrace | None = self.sessions.get(TRACE)
        self.run.log(text, stream=stream, ids=trace.ids if trace is not None else ("", ""))

    def _held(self) -> Iterator[Any]:
        secrets = self.run.secrets
        for name, value in (*self.variables.items(), *self.withheld.items()):
            if secrets.holds(name):
                yield value
        for session in self.sessions.values():
            yield from session.secrets()

    def close(self) -> None:
        """Close what the protocols hold."""
        for session in self.sessions.values():
            session.close()


def mix(seed: int, number: int, salt: int = 0) -> int:
    """Return 64 well-mixed bits for (seed, number): splitmix64's finaliser (Steele, Lea, Flood 2014) over both."""
    value = (seed * 0x9E3779B97F4A7C15 + number * 0xD1342543DE82EF95 + salt * 0xA0761D6478BD642F + 1) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def uniform(seed: int, number: int, salt: int = 0) -> float:
    """Return a number in [0, 1) that depends on nothing but its arguments."""
    return (mix(seed, number, salt) >> 11) / (1 << 53)
