"""The end of a run as text: times per request, outcomes, what was dropped, thresholds, and one line that says it all.

A time is never printed without saying which one it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from loadkit.engine.interventions import counted_text, summed_up
from loadkit.engine.result import RunResult
from loadkit.errors import ExitCode
from loadkit.flow.apdex import apdex_of
from loadkit.flow.hook import BLOCKED
from loadkit.metrics.family import HTTP, PYTHON, Family
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Snapshot, worker_label
from loadkit.outputs.base import Paint, against, counted, plain, printable
from loadkit.outputs.breakdown import phase_lines, scenario_lines
from loadkit.outputs.concluding import conclusion
from loadkit.outputs.layout import titled_parts
from loadkit.outputs.objectives import objective_lines, verdict_line
from loadkit.outputs.observed import leak_lines, observed_lines
from loadkit.outputs.progress import format_rate
from loadkit.outputs.verdicts import short_run, verdict_lines
from loadkit.scenario.judged import active_s, has_warmup
from loadkit.slo.evaluate import Status, Verdict
from loadkit.slo.validity import Validity
from loadkit.units import NS_PER_S, format_bytes, format_duration_ns

MOST_REQUESTS = 40
_TIMES = ("response time", "service time", "failure time")
_FAILED_CHECKS = "plugins.expect.failed."
_COLUMNS = ("count", "mean", "p50", "p95", "p99", "max")


class Section(NamedTuple):
    """A part of the summary that others found, such as a comparison; what is `troubled` is shown with -q as well."""

    title: str
    lines: Sequence[str]
    troubled: bool = False


def summary(
    result: RunResult,
    *,
    sections: Sequence[Section] = (),
    last: str = "",
    reports: Sequence[str] = (),
    paint: Paint = plain,
) -> Iterator[str]:
    """Yield the lines of the whole summary.

    `sections` stand behind the thresholds, `reports` says where reports were written, and `last` takes the place of the line
    that says it all.
    """
    seen, warm = result.summary, has_warmup(result.plan)
    whole_s = active_s(result.plan, seen.end_ns, warmup=True)
    yield ""
    yield paint(printable(f"{result.plan.name}{against(result.plan.secrets.mask(result.target))}"), "bold")
    yield f"  {_extent(result)}"
    if told := summed_up(result.interventions, result.elapsed_s):
        yield paint(printable(f"  {told}"), "yellow")
    if result.plan.insecure:
        yield "  TLS certificates were not verified"
    if result.plan.settings.timeout_multiplier != 1:
        yield f"  timeouts are {result.plan.settings.timeout_multiplier:g} times as long as written"
    parts: list[tuple[str, Iterable[str]]] = [
        (f"Times{', without warm-up' if warm else ''}", _times(result.judged)),
        ("Phases", phase_lines(result)),
        (f"Scenarios{', without warm-up' if warm else ''}", scenario_lines(result)),
        (f"Outcomes{', with warm-up' if warm else ''}", _outcomes(seen, whole_s)),
        ("Apdex", _apdex(result)),
        ("Recovery", _recovery(result)),
        ("Virtual users and arrivals", _arrivals(seen)),
        ("Thresholds", [*verdict_lines(_thresholds(result), paint), *short_run(_thresholds(result))]),
        ("Objectives", objective_lines(result.slos, paint, strict=not result.plan.solo)),
        ("System under test", observed_lines(result, paint)),
        *((section.title, section.lines) for section in sections),
        ("Measurement", [*_measurement(result, paint), *_health(result.summary)]),
        ("Report", reports),
    ]
    yield from titled_parts(parts, paint)
    yield ""
    yield from _after(result, paint)
    yield last or conclusion(result, paint=paint)


def quiet_summary(
    result: RunResult, *, sections: Sequence[Section] = (), last: str = "", paint: Paint = plain
) -> Iterator[str]:
    """Yield what -q leaves: verdicts that do not hold, errors, an invalid measurement, an early end, that people intervened.

    Nothing when all is well.
    """
    yield from verdict_lines((v for v in _thresholds(result) if v.status is not Status.PASS), paint)
    yield from (verdict_line(one, paint) for one in result.slos if one.status is not Status.PASS)
    yield from _error_lines(result.summary)
    yield from leak_lines(result, paint)
    if result.measurement.status is Validity.INVALID:
        yield from _measurement(result, paint)
    for section in sections:
        yield from section.lines if section.troubled else ()
    yield from _after(result, paint)
    if last or result.exit_code is not ExitCode.PASS or counted_text(result.interventions):
        yield last or conclusion(result, paint=paint)


def _thresholds(result: RunResult) -> list[Verdict]:
    """Return the verdicts but those on objectives, which have more to say."""
    return [verdict for verdict in result.verdicts if verdict.origin != "slo"]


def _after(result: RunResult, paint: Paint) -> Iterator[str]:
    if result.after_failed:
        yield paint(printable(result.after_failed), "red")


def _extent(result: RunResult) -> str:
    plan, took = result.plan, format_duration_ns(result.elapsed_s * 1e9)
    parts = [
        f"ran {took}" if result.elapsed_s else "load never began",
        counted(len(plan.phases), "phase"),
        counted(result.workers, "worker"),
    ]
    parts += [f"seed {plan.seed}", f"plan {plan.digest[:12]}"]
    parts += [printable(f"{key}:{value}") for key, value in result.tags.items()]
    return ", ".join(parts)


def _recovery(result: RunResult) -> Iterator[str]:
    """Yield how the target recovered from each peak."""
    for found in result.recovery:
        watched = format_duration_ns(found.watched_s * NS_PER_S)
        worst = f"worst second {format_duration_ns(found.worst_ns)}"
        if found.after_s is None:
            text = f"not within {watched}, as long as it was watched; {worst}"
        elif not found.after_s:
            text = f"at once; {worst}"
        else:
            text = f"{format_duration_ns(found.after_s * NS_PER_S)} after the peak; {worst}"
        yield printable(f'{found.name}: back under "{found.objective}" {text}')


def _times(seen: Snapshot) -> Iterator[str]:
    for family, noun, begun in ((HTTP, "request", "sent"), (PYTHON, "call", "made")):
        names = sorted(seen.labels(family.made), key=lambda name: -seen.count(family.made, name))
        if not names:
            continue
        yield f"response time counts from when a {noun} was due, service time from when it was {begun}"
        yield " " * 20 + "".join(f"{column:>11}" for column in _COLUMNS)
        if len(names) > 1:
            yield f"all {noun}s"
            yield from _time_rows(seen, family, None)
        for name in names[:MOST_REQUESTS]:
            yield printable(name)
            yield from _time_rows(seen, family, name)
        if len(names) > MOST_REQUESTS:
            yield f"... and {len(names) - MOST_REQUESTS} more {noun}s; the report of -o FILE holds them all"


def _time_rows(seen: Snapshot, family: Family, label: str | None) -> Iterator[str]:
    for metric, words in zip(family.times, _TIMES, strict=True):
        histogram = seen.histogram(metric, label)
        if histogram.total:
            yield f"  {words:<18}{histogram.total:>11,}" + "".join(f"{text:>11}" for text in _aggregates(histogram))


def _aggregates(histogram: Histogram) -> Iterator[str]:
    yield format_duration_ns(histogram.mean_ns())
    yield from (format_duration_ns(histogram.percentile_ns(percent)) for percent in (50, 95, 99))
    yield format_duration_ns(histogram.max_ns)


def _outcomes(seen: Snapshot, active_s: float) -> Iterator[str]:
    requests, responses = seen.count("http.requests"), seen.count("http.responses")
    if requests:
        rate = format_rate(requests / active_s if active_s > 0 else 0.0)
        received = format_bytes(seen.count("http.downloaded_bytes"))
        yield f"{counted(requests, 'request')} ({rate}), {counted(responses, 'response')}, {received} received"
    calls, returned = seen.count(PYTHON.made), seen.count(PYTHON.done)
    if calls:
        rate = format_rate(calls / active_s if active_s > 0 else 0.0)
        yield f"{counted(calls, 'call')} ({rate}), {returned:,} returned"
    for metric in seen.metrics():
        if metric.startswith("http.codes.") and seen.count(metric):
            yield f"{seen.count(metric):>11,}  status {metric.removeprefix('http.codes.')}"
    yield from _error_lines(seen)
    yield from _notes(seen)


_NOTED = {
    "http.redirects.post_to_get": "a POST that 301 or 302 redirected went on as GET; Artillery sends it again (LK506)",
    "http.retries": "sent again since an idle connection had closed; Artillery counts ECONNRESET (LK506)",
}


def _notes(seen: Snapshot) -> Iterator[str]:
    """Yield what is no error and that the reader of the figures should know."""
    for metric, text in _NOTED.items():
        if seen.count(metric):
            yield f"{seen.count(metric):>11,}  {text}"
    cut = seen.count("log.lines_dropped")
    if cut:
        yield f"{cut:>11,}  log lines not shown: more were written than can be passed on"
    blocked = seen.count(BLOCKED)
    if blocked:
        yield f"{blocked:>11,}  calls of hooks that held up a worker for more than 100 ms"
        yield from _example_lines(seen, BLOCKED)


def _apdex(result: RunResult) -> Iterator[str]:
    found = apdex_of(result.plan.config, result.summary)
    if found is not None:
        counts = f"{found.satisfied:,} satisfied, {found.tolerated:,} tolerated, {found.frustrated:,} frustrated"
        yield f"{found.score:.3f} ({found.ranking}): {counts}, of {format_duration_ns(found.limit_ns)}"


def _error_lines(seen: Snapshot) -> Iterator[str]:
    """Yield errors and failed checks, the most frequent first, each with an example."""
    found = [(seen.count(metric), words, example) for metric, words, example in _troubles(seen)]
    for count, words, example in sorted(found, key=lambda row: -row[0]):
        if count:
            yield f"{count:>11,}  {printable(words)}"
            yield from _example_lines(seen, example)


def _example_lines(seen: Snapshot, name: str) -> Iterator[str]:
    for at_ns, text in seen.examples.get(name, ())[:1]:
        when = f" (at {format_duration_ns(at_ns)})" if 0 < at_ns <= seen.end_ns else ""
        yield printable(f"             e.g. {text}{when}")


def _troubles(seen: Snapshot) -> Iterator[tuple[str, str, str]]:
    """Yield (counter, what it counts in words, name of its examples)."""
    for metric in seen.metrics():
        if metric.startswith("errors."):
            name = metric.removeprefix("errors.")
            yield metric, f"error {name}", name
        elif metric.startswith(_FAILED_CHECKS):
            kind = metric.removeprefix(_FAILED_CHECKS)
            yield metric, f"failed check {kind}", f"expect.{kind}"


def _arrivals(seen: Snapshot) -> Iterator[str]:
    users = {word: seen.count(f"vusers.{word}") for word in ("created", "completed", "failed", "skipped")}
    if any(users.values()):
        yield "virtual users: " + ", ".join(f"{count:,} {word}" for word, count in users.items() if count)
    planned = seen.count("arrivals.planned") or seen.count("arrivals.due")
    if planned:
        late, dropped = seen.count("arrivals.late"), seen.count("arrivals.dropped")
        started = seen.count("arrivals.started")
        text = f"arrivals: {planned:,} planned, {started:,} started, {late:,} late (> 10 ms), {dropped:,} dropped"
        why = ("max_vusers", "generator")
        causes = [f"{count:,} {word}" for word in why if (count := seen.count(f"arrivals.dropped.{word}"))]
        text = f"{text} ({', '.join(causes)})" if causes else text
        lost, withheld, added = (seen.count(f"arrivals.{name}") for name in ("lost", "withheld", "added"))
        text = f"{text}, {withheld:,} withheld" if withheld else text
        text = f"{text}, {added:,} added to the plan" if added else text
        yield f"{text}, {lost:,} lost with their worker" if lost else text
    for path in sorted(seen.labels("payloads.exhausted")):
        yield f"{printable(path)}: no row was left, so nobody was started any more (onExhausted: stop)"
    lag = seen.histogram("generator.lag")
    if lag.total:
        p50, p99 = (format_duration_ns(lag.percentile_ns(percent)) for percent in (50, 99))
        yield f"generator lag: p50 {p50}, p99 {p99}, max {format_duration_ns(lag.max_ns)}"


def _measurement(result: RunResult, paint: Paint) -> list[str]:
    measured = result.measurement
    colours = {Validity.VALID: "green", Validity.SUSPECT: "yellow", Validity.INVALID: "red"}
    word = paint(measured.status.name, colours[measured.status])
    lines = [f"{word}: {reason}" for reason in measured.reasons] or [f"{word}: the generator kept up"]
    return [*lines, *(f"note: {note}" for note in measured.notes)]


def _health(seen: Snapshot) -> Iterator[str]:
    """Yield one line about the worker with the fullest core: "worker 0: cpu 43% (max 61%), loop lag p99 400us"."""
    cpus = seen.gauges_of("worker.cpu")
    if not cpus:
        return
    worker = max(cpus, key=lambda worker: cpus[worker].most)
    label, cpu = worker_label(worker), cpus[worker]
    parts = [f"{label}: cpu {cpu.mean:.0%} (max {cpu.most:.0%})"]
    hooks = seen.gauges.get(("worker.hooks", worker))
    if hooks:
        parts.append(f"hooks {hooks.mean:.0%} (max {hooks.most:.0%})")
    for metric, percent, words in (("generator.loop_lag", 99, "loop lag p99"), ("generator.gc_pause", 100, "gc max")):
        times = seen.histogram(metric, label)
        if times.total:
            span = times.percentile_ns(percent) if percent < 100 else times.max_ns
            parts.append(f"{words} {format_duration_ns(span)}")
    descriptors, limit = (seen.gauges.get((f"worker.{name}", worker)) for name in ("fds", "fds_limit"))
    if descriptors and limit:
        parts.append(f"fds {descriptors.most:.0f}/{limit.value:.0f}")
    yield ", ".join(parts)
