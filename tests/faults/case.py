"""One case: the real command run against a fault, watched from the outside, and what must hold after every one.

case = run_case(tmp_path, load(faults.http, "/reset"))
assert_invariants(case, exit_code=0, good=good)
"""

import functools
import json
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from loadkit.metrics.sample import Outcome
from tests.faults.processes import Process, Watch, marked
from tests.support.command import ROOT, Result, ends_with

MB = 1_000_000
MOST_RSS_GROWTH = 50 * MB
MOST_DESCRIPTORS_LEFT = 5
LEAVE_S = 2.0
MOST_BLOCKED_MS = 50.0
MOST_STARVED = 0.1  # of the time; 0.02 were measured on a quiet machine, 0.36 on one where runs go wrong
LOADKIT = (sys.executable, "-m", "loadkit")
SETTLE = {"name": "settle", "pause": "600ms"}  # nobody is at work then: what is still open was not closed

_OTHER_ERRORS = re.compile(
    r"EAI_AGAIN|EAI_FAIL|EAI_SYSTEM|"
    r"cookie_parse_error_invalid_cookie|Invalid think time: .*|Invalid loop count: .*|Failed expectations for request .*"
)


@dataclass
class Case(Result):
    """How a command ended, and what was seen of its processes."""

    elapsed_s: float = 0.0
    processes: tuple[Process, ...] = ()
    stall_ms: float = 0.0
    """The longest that this machine kept the watching thread itself waiting: what no program here can be better than."""
    left: tuple[int, ...] = ()
    """Processes of the case that were alive two seconds after its end."""
    directory: Path = Path()

    @property
    def starved(self) -> bool:
        """Say whether a worker had no processor for much of the time: then its instants are the machine's and not ours."""
        return any(worker.waited_s > MOST_STARVED * self.elapsed_s for worker in self.workers)

    @property
    def workers(self) -> list[Process]:
        return [process for process in self.processes if process.is_worker]

    @property
    def coordinator(self) -> Process:
        return self.processes[0]

    @property
    def worker_peak_rss(self) -> int:
        return max(process.peak_rss for process in self.workers)

    @property
    def errors(self) -> dict[str, int]:
        """Errors by name."""
        counts = self.counters.items()
        return {name.removeprefix("errors."): count for name, count in counts if name.startswith("errors.") and count}

    @property
    def measurement(self) -> dict[str, Any]:
        assert self.report is not None
        measurement: dict[str, Any] = self.report["loadkit"]["measurement"]
        return measurement

    @property
    def texts(self) -> str:
        """The examples of errors, one a line."""
        assert self.report is not None
        examples: dict[str, list[dict[str, Any]]] = self.report["loadkit"]["examples"]
        return "\n".join(one["text"] for some in examples.values() for one in some)

    @property
    def outcomes(self) -> dict[str, set[str]]:
        """What each request came to, by its name: the errors, and the statuses of responses."""
        return {name: set(request["errors"]) | set(request["codes"]) for name, request in self.requests.items()}

    @property
    def requests(self) -> dict[str, dict[str, Any]]:
        assert self.report is not None
        return {request["name"]: request for request in self.report["loadkit"]["requests"]}

    @property
    def started(self) -> int:
        """Arrivals that were started: all, but for the few that a busy machine could not start before their phase ended."""
        return self.count("arrivals.started")

    def count(self, metric: str) -> int:
        return self.counters.get(metric, 0)


def load(
    target: str,
    flow: str | list[Any],
    *,
    phases: list[dict[str, Any]] | None = None,
    config: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a scenario: `flow` may be one path to get. Twenty virtual users within a second unless `phases` says more.

    A pause at the end shows what was not closed.
    """
    steps = [{"get": {"url": flow}}] if isinstance(flow, str) else flow
    chosen = phases if phases is not None else [{"duration": 1, "arrivalCount": 20}]
    whole = {"target": target, "phases": [*chosen, SETTLE], **(config or {})}
    return {"config": whole, "scenarios": [{"name": "it", "flow": steps}]}


def mixed(target: str, steps: Mapping[str, Any], *, arrivals: int, rate: float = 250, **config: Any) -> dict[str, Any]:
    """Return a scenario whose virtual users take one of the steps each, by chance.

    Each request is named by its key, so that one run shows what many faults come to: see `Case.outcomes`.
    """
    scenarios = [{"name": name, "flow": [_named(name, step)]} for name, step in steps.items()]
    phases = [{"duration": f"{max(1000, int(1000 * arrivals / rate))}ms", "arrivalCount": arrivals}, SETTLE]
    return {"config": {"target": target, "phases": phases, **config}, "scenarios": scenarios}


def _named(name: str, step: Any) -> dict[str, Any]:
    """Return a step with its request's name; a text is the path to get."""
    if isinstance(step, str):
        return {"get": {"url": step, "name": name}}
    return {verb: {**request, "name": name} for verb, request in step.items()}


def run_case(
    directory: Path,
    scenario: str | Mapping[str, Any],
    *arguments: object,
    env: Mapping[str, str] | None = None,
    prefix: Sequence[object] = (),
    timeout: float = 60,
) -> Case:
    """Run `PREFIX loadkit run FILE -o report.json ARGUMENTS` to its end and two seconds longer if a process is left.

    A prefix becomes the command (exec), such as `prlimit --nofile=64`.
    """
    path, report = directory / "case.yaml", directory / "report.json"
    path.write_text(scenario if isinstance(scenario, str) else yaml.safe_dump(dict(scenario), sort_keys=False))
    mark = f"FAULT_CASE={uuid.uuid4()}"
    began = time.monotonic()
    process = _start(mark, env or {}, (*prefix, *LOADKIT, "run", path, "-o", report, *arguments))
    watch = Watch(process.pid)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"the command did not end within {timeout} s:\n{out}\n{err}") from None
    finally:
        watch.stop()
    elapsed_s = time.monotonic() - began
    read = json.loads(report.read_text()) if report.exists() else None
    return Case(
        process.returncode,
        out,
        err,
        read,
        elapsed_s=elapsed_s,
        processes=tuple(watch.processes.values()),
        stall_ms=watch.stall_ms,
        left=tuple(_left(mark)),
        directory=directory,
    )


def assert_invariants(
    case: Case, *, exit_code: int, good: Case, rss_growth: int = MOST_RSS_GROWTH, blocked_ms: float = MOST_BLOCKED_MS
) -> None:
    """What holds after every case. `good` is a run of the same kind against a target that behaves."""
    assert ends_with(case, exit_code), f"exit code {case.code}:\n{case.out}\n{case.err}"
    assert "Traceback" not in case.err + case.out
    assert case.report is not None, case.err
    _validator().validate(case.report)
    assert_accounts(case)
    assert_errors_are_known(case)
    assert not case.left, f"processes {case.left} outlived the command by {LEAVE_S} s"
    grown = case.worker_peak_rss - good.worker_peak_rss
    assert grown <= rss_growth, f"a worker grew by {grown / MB:.0f} MB over a good run"
    grown = case.coordinator.peak_rss - good.coordinator.peak_rss
    assert grown <= rss_growth, f"the coordinator grew by {grown / MB:.0f} MB over a good run"
    open_now = max(worker.descriptors_at_end for worker in case.workers)
    open_then = max(worker.descriptors_as_a_rule for worker in good.workers)  # at its end it may be closing already
    assert open_now <= open_then + MOST_DESCRIPTORS_LEFT, f"{open_now} descriptors open at the end, {open_then} usually"
    assert_loop_not_blocked(case, blocked_ms)


def assert_given_up_after(case: Case, spent: Mapping[str, float], limit_ms: float, *, within_ms: float = 100) -> None:
    """Requests ended at their limit: never sooner, and 99 of 100 not much later."""
    assert spent["min"] >= limit_ms
    if not case.starved:
        assert spent["p99"] <= limit_ms + within_ms + case.stall_ms


def assert_accounts(case: Case) -> None:
    """Every arrival and every visit is accounted for."""
    count = case.count
    assert count("arrivals.planned") == count("arrivals.started") + count("arrivals.dropped") + count("arrivals.lost")
    assert count("arrivals.dropped.generator") <= 0.1 * count("arrivals.planned"), "too busy a machine to show anything"
    assert count("vusers.created") == count("vusers.completed") + count("vusers.failed")
    failed_requests = case.summaries.get("http.failure_time", {}).get("count", 0)
    assert count("http.requests") == count("http.responses") + failed_requests


def assert_errors_are_known(case: Case) -> None:
    """Every error's name is in the closed set, and none is a fault of loadkit."""
    known = {outcome.value for outcome in Outcome} - {Outcome.OK.value, Outcome.INTERNAL.value}
    unknown = [name for name in case.errors if name not in known and not _OTHER_ERRORS.fullmatch(name)]
    assert not unknown, f"{unknown}:\n{case.texts}"


def assert_loop_not_blocked(case: Case, most_ms: float = MOST_BLOCKED_MS) -> None:
    """Arrivals were not kept waiting by the loop: 99 of 100 within 50 ms, and what this machine itself stood still.

    Of a few arrivals, 9 of 10: on a busy machine the hundredth is chance. A worker that had no processor for much of the
    time says nothing about its loop.
    """
    lag = case.summaries.get("generator.lag")
    if lag is not None and not case.starved:
        seen = lag["p99"] if lag["count"] >= 500 else lag["p90"]
        assert seen <= most_ms + case.stall_ms, f"arrivals {lag} late; the machine stood still {case.stall_ms} ms"


def _start(mark: str, env: Mapping[str, str], arguments: tuple[object, ...]) -> subprocess.Popen[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOADKIT_")}
    name, _, value = mark.partition("=")
    return subprocess.Popen(
        [*map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**inherited, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "LOADKIT_NO_STORE": "1", **env, name: value},
    )


def _left(mark: str) -> list[int]:
    until = time.monotonic() + LEAVE_S
    while left := marked(mark):
        if time.monotonic() > until:
            return left
        time.sleep(0.05)
    return []


@functools.cache
def _validator() -> Any:
    return jsonschema.Draft202012Validator(json.loads((ROOT / "schemas/report.schema.json").read_text()))
