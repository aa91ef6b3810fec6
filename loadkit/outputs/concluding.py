"""The one line that says what a run came to."""

from __future__ import annotations

from collections.abc import Sequence

from loadkit.engine.interventions import counted_text
from loadkit.engine.result import RunResult
from loadkit.errors import ExitCode
from loadkit.metrics.family import HTTP, PYTHON
from loadkit.outputs.base import Paint, counted, plain, printable
from loadkit.slo.evaluate import Status, Verdict
from loadkit.slo.window import clock


def conclusion(result: RunResult, *, paint: Paint = plain) -> str:
    """Return the one line that says what the run came to."""
    judged = [verdict for verdict in result.verdicts if verdict.strict]
    unsure = sum(verdict.status is Status.INCONCLUSIVE for verdict in judged)
    note = f" ({unsure} inconclusive)" if unsure else ""
    code, also = result.exit_code, _intervened(result)
    if result.signal:
        text = f"INTERRUPTED by {result.signal}: the figures cover the part that ran{also} (exit code {code:d})"
        return paint(text, "yellow")
    if code is ExitCode.INVALID_MEASUREMENT:
        text = f"INVALID: this measurement cannot be trusted, see above{_aborted(result)}{also} (exit code {code:d})"
        return paint(text, "red")
    if code is not ExitCode.PASS:
        return paint(f"FAIL: {_failed(result, judged)}{note}{_aborted(result)}{also} (exit code {code:d})", "red")
    if not judged:
        text = f"PASS: nothing was judged{_unanswered(result)}{also}; config.thresholds says what must hold"
        return paint(text, "yellow")
    held = [verdict for verdict in judged if verdict.status is Status.PASS]
    colour = "green" if held and not also else "yellow"
    return paint(f"PASS: {f'{_held(held)} held' if held else 'nothing failed'}{note}{also}", colour)


def _intervened(result: RunResult) -> str:
    count = counted_text(result.interventions)
    return f", with {count}" if count else ""


def _aborted(result: RunResult) -> str:
    abort = result.aborted_by
    return f"; stopped at {clock(abort.second)} by {printable(abort.objective_text)}" if abort else ""


def _held(judged: Sequence[Verdict]) -> str:
    checks = any(verdict.origin == "expect" for verdict in judged)
    return " and ".join([*_numbers(judged), *(["all checks"] if checks else [])])


def _numbers(judged: Sequence[Verdict]) -> list[str]:
    """Return how many thresholds and objectives there are: ["2 thresholds", "1 objective"]."""
    objectives = sum(verdict.origin == "slo" for verdict in judged)
    thresholds = sum(verdict.origin not in ("expect", "slo") for verdict in judged)
    found = ((thresholds, "threshold"), (objectives, "objective"))
    return [counted(number, noun) for number, noun in found if number]


def _failed(result: RunResult, judged: Sequence[Verdict]) -> str:
    parts = []
    for noun, is_one in (("threshold", lambda origin: origin not in ("expect", "slo")), ("objective", "slo".__eq__)):
        verdicts = [verdict for verdict in judged if is_one(verdict.origin)]
        failed = sum(verdict.status is Status.FAIL for verdict in verdicts)
        parts += [f"{failed} of {counted(len(verdicts), noun)} failed"] if failed else []
    checks = [verdict for verdict in judged if verdict.origin == "expect" and verdict.status is Status.FAIL]
    after = ["`after` failed"] if result.after_failed else []
    return " and ".join([*parts, *(verdict.observed_text for verdict in checks), *after])


def _unanswered(result: RunResult) -> str:
    told = []
    for family, noun, ending in ((HTTP, "request", "got no valid response"), (PYTHON, "call", "did not return")):
        made = result.summary.count(family.made)
        missing = made - result.summary.count(family.done)
        told += [f"{missing:,} of {counted(made, noun)} {ending}"] if missing else []
    return f", but {' and '.join(told)}" if told else ""
