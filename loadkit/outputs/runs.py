"""Runs of the history as text: a table of many, and all that is to be said of one, from its report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from loadkit.outputs.base import Paint, against, counted, plain, printable
from loadkit.outputs.layout import columns, titled_parts
from loadkit.report.facts import Run, RunStatus
from loadkit.units import NS_PER_MS, NS_PER_S, format_duration_ns

_COLOURS = {
    RunStatus.PASSED: "green",
    RunStatus.FAILED: "red",
    RunStatus.REGRESSED: "red",
    RunStatus.RUNNING: "bold",
}
_VERDICT = "verdict"
_TITLES = ("id", "when (UTC)", "name", _VERDICT, "requests", "p95", "errors", "tags")
_LEFT = {0, 1, 2, 3, 7}
_WIDEST = 40
_TIMES = ("count", "mean", "p50", "p95", "p99", "max")
_MOST = 40


def run_lines(runs: Sequence[Run], *, paint: Paint = plain) -> Iterator[str]:
    """Yield a table of runs."""
    head, *lines = columns([_TITLES, *map(_row, runs)], left=_LEFT)
    yield paint(head, "bold")
    at = head.index(_VERDICT)
    for run, line in zip(runs, lines, strict=True):
        word = run.status.value
        yield f"{line[:at]}{paint(word, _COLOURS.get(run.status, 'yellow'))}{line[at + len(word) :]}"


def run_data(run: Run) -> dict[str, Any]:
    """Return a run as `--json` prints it."""
    return {
        "id": run.id,
        "started_at": run.started_at.isoformat(timespec="milliseconds"),
        "name": run.name,
        "target": run.target,
        "status": run.status.value,
        "exit_code": run.exit_code,
        "duration_s": run.duration_s,
        "host": run.host,
        "fingerprint": run.fingerprint,
        "tags": dict(run.tags),
        "requests": run.requests,
        "rate_per_s": round(run.rate_per_s, 3),
        "response_time_ms": {"p50": run.p50_ms, "p95": run.p95_ms, "p99": run.p99_ms},
        "error_rate": run.error_rate,
        "directory": str(run.directory) if run.directory else None,
    }


def show_lines(run: Run, report: Mapping[str, Any], held: str, *, paint: Paint = plain) -> Iterator[str]:
    """Yield what a report tells of its run; `held` says why the run is not removed, if something does."""
    found = report["loadkit"]
    yield paint(printable(f"{run.name}{against(run.target)}"), "bold")
    yield f"  {run.id}, {run.started_at:%Y-%m-%d %H:%M:%S} UTC, ran {format_duration_ns(run.duration_s * NS_PER_S)}"
    told: tuple[tuple[str, Iterable[str]], ...] = (
        ("Run", _about(run, found, held)),
        ("Times, without warm-up", _times(found["judged"], found)),
        ("Outcomes, without warm-up", _outcomes(found["judged"], run)),
        ("Verdicts", [_verdict(verdict, paint) for verdict in found["verdicts"]]),
        ("Comparison", _comparison(found.get("comparison"))),
        ("Measurement", [found["measurement"]["status"].upper(), *found["measurement"]["reasons"]]),
        ("Files", _files(run)),
    )
    parts = [(title, lines if title == "Verdicts" else map(printable, lines)) for title, lines in told]
    yield from titled_parts(parts, paint)
    yield ""
    yield paint(f"{run.status.value} (exit code {run.exit_code})", _COLOURS.get(run.status, "yellow"))


def tag_text(tags: Mapping[str, str]) -> str:
    """Return tags as they are written on the command line."""
    return ", ".join(f"{key}:{value}" if value else key for key, value in tags.items())


def _row(run: Run) -> tuple[str, ...]:
    whole = run.status is not RunStatus.RUNNING and run.exit_code >= 0
    return (
        run.id,
        f"{run.started_at:%Y-%m-%d %H:%M:%S}",
        _short(run.name),
        run.status.value,
        f"{run.requests:,}" if whole else "-",
        "-" if run.p95_ms is None else format_duration_ns(run.p95_ms * NS_PER_MS),
        "-" if run.error_rate is None else _error_rate(run.error_rate),
        _short(tag_text(run.tags)),
    )


def _error_rate(ratio: float) -> str:
    """Return a share; one that is not zero never looks like it."""
    return "0%" if not ratio else "<0.01%" if ratio < 0.0001 else f"{ratio * 100:.2f}%"


def _short(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _about(run: Run, found: Mapping[str, Any], held: str) -> Iterator[str]:
    yield f"files: {', '.join(found['files'])}"
    yield f"seed {found['seed']}, plan {found['digest'][:12]}, loadkit {found['versions']['loadkit']}"
    alike = found.get("fingerprint")
    if alike:
        yield f"fingerprint {alike['id']}: scenario {alike['scenario']}, phases {alike['phases']}, target {alike['target'] or '-'}"
    yield f"host: {run.host}; {counted(found['workers'], 'worker')}"
    if run.tags:
        yield f"tags: {tag_text(run.tags)}"
    if held:
        yield f"it is not removed by itself: {held}"


def _times(judged: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    named = [(item["name"], item) for item in (*found["requests"], *found["calls"])]
    rows = [("all requests", judged), *(named if len(named) > 1 else [])]
    width = max(len("service time"), *(len(_short(name)) for name, _ in rows[: _MOST + 1])) + 2
    yield f"{'':{width}}{''.join(f'{title:>10}' for title in _TIMES)}"
    for name, item in rows[: _MOST + 1]:
        kinds = [(kind, item.get(f"{kind.replace(' ', '_')}_ms")) for kind in ("response time", "service time")]
        if any(times for _, times in kinds):
            yield _short(name)
            yield from (f"{f'  {kind}':{width}}{_numbers(times)}" for kind, times in kinds if times)
    if len(rows) > _MOST + 1:
        yield f"and {len(rows) - _MOST - 1} more; --json has them all"


def _numbers(times: Mapping[str, Any]) -> str:
    shown = [f"{times['count']:,}", *(format_duration_ns(times[title] * NS_PER_MS) for title in _TIMES[1:])]
    return "".join(f"{text:>10}" for text in shown)


def _outcomes(judged: Mapping[str, Any], run: Run) -> Iterator[str]:
    if run.error_rate is not None:
        yield f"{_error_rate(run.error_rate)} of {run.requests:,} ({run.rate_per_s:.1f}/s) had no valid response, or a 5xx"
    yield from (f"{count:>8,}  status {code}" for code, count in judged["codes"].items())
    yield from (f"{count:>8,}  {name}" for name, count in judged["errors"].items())


def _verdict(verdict: Mapping[str, Any], paint: Paint) -> str:
    status = verdict["status"]
    word = paint(f"{status:<12}", {"pass": "green", "fail": "red"}.get(status, "yellow"))
    seen = f": {verdict['observed_text']}" if verdict["observed_text"] else ""
    why = f" ({verdict['reason']})" if verdict["reason"] else ""
    return f"{word}{printable(verdict['objective'] + seen + why)}"


def _comparison(found: Mapping[str, Any] | None) -> Iterator[str]:
    if not found:
        return
    severity = f" ({found['severity']})" if found["severity"] else ""
    why = f"; {found['reason']}" if found["reason"] else ""
    yield f"with {found['baseline'] or ', '.join(found['runs'])}: {found['verdict']}{severity}{why}"
    yield from (one["text"] for one in (*found["errors"], *found["series"]) if one["verdict"] == "regression")


def _files(run: Run) -> list[str]:
    if run.directory:
        return [str(run.directory)]
    return [str(run.file)] if run.file else ["the history alone has it; its directory is gone"]
