"""A search for a capacity as text: its trials, and the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loadkit.analysis.capacity import Ask, Capacity, Stage, Status
from loadkit.analysis.outcome import QUEUE, Outcome, Seen
from loadkit.outputs.base import Paint, plain, printable
from loadkit.stats.intervals import Estimate
from loadkit.units import format_duration_ns, three_digits

_WAVERS = 0.02
_COLOURS = {Outcome.PASS: "green", Outcome.FAIL: "red", Outcome.UNSURE: "yellow", Outcome.INVALID: "yellow"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a search for a capacity came to, with what it was about. Rates are visits per second.

    `planned` is the load that is planned, None where nobody says it; `exit_code` is what the command ends with.
    """

    name: str
    target: str
    files: tuple[str, ...]
    digest: str
    seed: int
    criteria: tuple[str, ...]
    criteria_from: str
    capacity: Capacity
    findings: tuple[str, ...]
    planned: float | None
    planned_from: str
    signal: str | None
    started_at: float
    elapsed_s: float
    exit_code: int

    @property
    def requests_per_visit(self) -> float:
        """Return the mean number of requests of a visit, by all trials that passed."""
        passed = [one.seen for one in self.capacity.tried if one.counts_as is Outcome.PASS]
        visits = sum(seen.visits_per_s * seen.seconds for seen in passed)
        mean = sum(seen.requests_per_s * seen.seconds for seen in passed) / visits if visits else 1.0
        # What is under way when a trial begins and ends makes it waver about the number of requests that a visit has.
        return float(round(mean)) if abs(mean - round(mean)) < _WAVERS * mean else mean

    def requests(self, visits_per_s: float | None) -> float | None:
        """Return a rate of visits as requests per second."""
        return None if visits_per_s is None else visits_per_s * self.requests_per_visit

    @property
    def headroom(self) -> float | None:
        """Return by which share the capacity exceeds the planned load; below 0 where the plan exceeds it.

        While nothing has failed the capacity is known from below alone, and says nothing of a plan above it.
        """
        low, high = self.capacity.low, self.capacity.high
        if low is None or not self.planned or (high is None and low < self.planned):
            return None
        return low / self.planned - 1


def trial_line(number: int, ask: Ask, seen: Seen, following: Ask | None, *, paint: Paint = plain) -> str:
    """Return the line of a trial that was made: rate, outcome, why, and what comes next."""
    p99 = seen.times.get("p99")
    parts = [
        f"{number:>2}  {ask.stage.value:<8.8} {three_digits(ask.rate):>6}/s {seen.seconds:>4.0f} s ",
        f"{paint(f'{seen.outcome.value:<7}', _COLOURS[seen.outcome])} p99 {_enclosed(p99) if p99 else 'unknown'}",
    ]
    missed = f"{seen.criterion}: {seen.reason}" if seen.criterion not in ("", QUEUE) else seen.reason
    why = missed if seen.outcome is not Outcome.PASS else _margin(seen)
    return f"{' '.join(parts)}{f'; {printable(why)}' if why else ''}; {_next(ask, following)}"


def _margin(seen: Seen) -> str:
    return f"{seen.margin:.0%} below the limit" if seen.margin is not None else ""


def _next(ask: Ask, following: Ask | None) -> str:
    if following is None:
        return "done"
    if following.goes_on:
        return "goes on"
    if following.stage is Stage.CONFIRM and following.rate == ask.rate:
        return "next: once more"
    return f"next: {three_digits(following.rate)}/s"


def _enclosed(found: Estimate) -> str:
    ends = [None if end is None else format_duration_ns(end) for end in (found.low, found.high)]
    return f"{format_duration_ns(found.value)} ({ends[0] or '?'} to {ends[1] or '?'})"


def answer_lines(answer: Answer, *, paint: Paint = plain) -> Iterator[str]:
    """Yield the lines of the answer."""
    found = answer.capacity
    yield ""
    yield paint(_headline(answer), _colour(found.status))
    for name, text in _facts(answer):
        yield f"  {name:<20} {printable(text)}"
    for finding in answer.findings:
        yield paint(f"  note: {printable(finding)}", "yellow")
    yield f"  took {format_duration_ns(answer.elapsed_s * 1e9)}, {len(found.tried)} trials (exit code {answer.exit_code})"


def _colour(status: Status) -> str:
    return "green" if status in (Status.FOUND, Status.AT_LEAST) else "red" if status is Status.NONE else "yellow"


def _headline(answer: Answer) -> str:
    found, holding = answer.capacity, " and ".join(answer.criteria)
    rate = _rates(answer, found.low)
    held = f" with {holding}" if holding else ""
    unconfirmed = "" if found.confirmed else ", not confirmed"
    if found.status is Status.FOUND:
        return f"Capacity: {rate}{held}"
    if found.status is Status.NONE:
        lowest = min((one.ask.rate for one in found.tried), default=0.0)
        return f"No capacity: even {_rates(answer, lowest)} does not hold {holding}"
    what = {
        Status.AT_LEAST: "the most that was to be tried",
        Status.GENERATOR_LIMIT: "generator limit: above that this machine is the limit, not the target",
        Status.UNRELIABLE: "unreliable: what passed once failed when it was confirmed",
        Status.INTERRUPTED: f"{answer.signal or 'interrupted'}: what was known by then",
    }[found.status]
    if found.low is None:
        return f"Capacity: unknown ({what})"
    return f"Capacity: at least {rate}{held} ({what}{unconfirmed})"


def _rates(answer: Answer, visits: float | None) -> str:
    requests = answer.requests(visits)
    if visits is None or requests is None:
        return "nothing"
    each = answer.requests_per_visit
    apart = f" ({three_digits(visits)} visits/s of {each:.3g} requests)" if abs(each - 1) > 0.005 else ""
    return f"{three_digits(requests)} requests/s{apart}"


def _facts(answer: Answer) -> Iterator[tuple[str, str]]:
    found = answer.capacity
    if found.low is not None and found.high is not None:
        low, high = (three_digits(answer.requests(rate) or 0) for rate in (found.low, found.high))
        near = (
            ""
            if found.reached is None
            else f"; the limit is reached at about {three_digits(answer.requests(found.reached) or 0)}"
        )
        yield "interval", f"{low} passed, {high} requests/s failed{near}"
    if found.status is Status.GENERATOR_LIMIT:
        yield "generator", found.reason
    elif found.criterion:
        yield "limiting criterion", f"{found.criterion} ({found.reason})" if found.reason else found.criterion
    if found.unstable:
        low, high = (three_digits(answer.requests(rate) or 0) for rate in found.unstable)
        yield (
            "unstable region",
            f"{low} to {high} requests/s: some of it passed, and less had failed; the lower load counts",
        )
    if answer.planned and found.low is not None:
        word = _headroom(answer)
        planned = f"{three_digits(answer.requests(answer.planned) or 0)} requests/s by {answer.planned_from}"
        yield "planned load", f"{planned}: {word}"


def _headroom(answer: Answer) -> str:
    share = answer.headroom
    if share is None:
        return "not known, since the search did not come to it"
    if share < 0:
        return f"exceeds it by {-share:.0%} of the plan"
    return f"{'at least ' if answer.capacity.high is None else ''}{share:.0%} headroom"
