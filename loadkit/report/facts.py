"""What a history tells of a run at a glance: the key numbers of its report, and how it ended in one word."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from loadkit.errors import ExitCode, UsageError
from loadkit.report.fingerprint import host_class
from loadkit.report.interventions import changed_load, stopped_by
from loadkit.report.store import LETTERS, is_id
from loadkit.slo.validity import CUT_OFF

MAX_COUNT = 2**53
"""The most requests that a report can mean; larger numbers are not whole in all that reads JSON."""

_PERCENTILES = ("p50", "p95", "p99")


class RunStatus(Enum):
    """How a run ended. Only one that passed may be part of a baseline.

    `altered`: people paused it or changed its rate, so whatever it came to, it is comparable with no other run.
    """

    PASSED = "passed"
    FAILED = "failed"
    REGRESSED = "regressed"
    INVALID = "invalid"
    STOPPED = "stopped"
    CUT_OFF = "cut off"
    ALTERED = "altered"
    RUNNING = "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as a list shows it. Times are milliseconds of response time without warm-up phases, null without samples.

    `error_rate` is the share of requests without a valid response or with a 5xx, and of calls that did not return.
    `directory` is where its files are, if they still are; `file` is the report that was read instead of a history.
    """

    id: str
    started_at: datetime
    name: str
    target: str
    fingerprint: str | None
    status: RunStatus
    exit_code: int
    duration_s: float
    host: str
    tags: Mapping[str, str]
    requests: int
    rate_per_s: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    error_rate: float | None
    directory: Path | None = None
    file: Path | None = None


def facts(report: Mapping[str, Any], *, directory: Path | None = None, file: Path | None = None) -> Run:
    """Return what a report tells at a glance. Raises UsageError when it is no report of loadkit."""
    try:
        return _facts(report["loadkit"], directory, file)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"{file or directory or 'this'} is not a report of loadkit: {_missing(report)}") from error


def _facts(found: Mapping[str, Any], directory: Path | None, file: Path | None) -> Run:
    judged, told = found["judged"], str(found.get("run"))
    made = judged["requests"] + judged["calls"]
    broken = made - judged["responses"] - judged["returns"]
    broken += sum(count for code, count in judged["codes"].items() if code.startswith("5"))
    times = judged.get("response_time_ms") or {}
    started_at = datetime.fromisoformat(found["started_at"]).astimezone(UTC)
    return Run(
        id=told if is_id(told) else _made_up_id(found, started_at),
        started_at=started_at,
        name=_text(found["name"]),
        target=_text((found.get("fingerprint") or {}).get("target") or found["target"]),
        fingerprint=(found.get("fingerprint") or {}).get("id"),
        status=_status(found),
        exit_code=int(found["exit_code"]),
        duration_s=float(found["elapsed_s"]),
        host=_text(host_class(found["host"])),
        tags={_text(key): _text(value) for key, value in found["tags"].items()},
        requests=_count(made),
        rate_per_s=made / judged["active_s"] if judged["active_s"] else 0.0,
        **{f"{name}_ms": times.get(name) for name in _PERCENTILES},
        error_rate=broken / made if made else None,
        directory=directory,
        file=file,
    )


def _text(value: Any) -> str:
    return str(value).replace("\0", "")  # which no text of PostgreSQL may hold


def _count(value: Any) -> int:
    if not 0 <= value <= MAX_COUNT:
        raise ValueError(f"{value} requests")
    return int(value)


def _status(found: Mapping[str, Any]) -> RunStatus:
    measurement = found["measurement"]
    if any(reason.startswith(CUT_OFF) for reason in measurement["reasons"]):
        return RunStatus.CUT_OFF
    if found["signal"] or stopped_by(found):
        return RunStatus.STOPPED
    if measurement["status"] == "invalid":
        return RunStatus.INVALID
    if changed_load(found):  # before the exit code, which is that of an invalid one where it was to be compared
        return RunStatus.ALTERED
    if found["exit_code"] == ExitCode.INVALID_MEASUREMENT:
        return RunStatus.INVALID
    words = {ExitCode.PASS: RunStatus.PASSED, ExitCode.REGRESSION: RunStatus.REGRESSED}
    return words.get(ExitCode(found["exit_code"]), RunStatus.FAILED)


def _made_up_id(found: Mapping[str, Any], started_at: datetime) -> str:
    """Return the id of a run that was not stored when it ran: the same each time that its report is read."""
    told = f"{found['started_at']} {found['digest']} {found['seed']} {found['elapsed_s']} {found['judged']['requests']}"
    letters = int.from_bytes(hashlib.sha256(told.encode()).digest()[:4], "big")
    return f"{started_at:%Y%m%d-%H%M%S}-{''.join(LETTERS[letters >> shift & 31] for shift in (0, 5, 10, 15))}"


def _missing(report: Any) -> str:
    if isinstance(report, Mapping) and "aggregate" in report and "loadkit" not in report:
        return "it is one of Artillery's, which holds no histograms; import what loadkit wrote with -o"
    return "it has no section `loadkit` with what a run measured"
