"""What is known at a moment of what is watched: values, remarks and leaks, as plain data that never changes once it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from loadkit.report.observe import growth_data
from loadkit.slo.leak import Finding
from loadkit.slo.metric import Kind
from loadkit.slo.observed import Observed
from loadkit.stats.course import Course
from loadkit.stats.growth import Severity

FRESH_S = 5.0
"""A source whose last sample is older than that, and than five intervals, is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A moment. `at` is Unix time, `elapsed_s` counts from the beginning; `values` are the newest, by source and series.

    `columns` are the series as the report has them, `findings` what is thought of their growth, `ages_s` how old the last sample
    of each source is, None where there was none.
    """

    at: float
    elapsed_s: float
    every_s: float
    observed: Observed
    columns: tuple[Mapping[str, Any], ...] = ()
    values: Mapping[tuple[str, str], float] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    notes: tuple[Mapping[str, Any], ...] = ()
    lost: Mapping[str, int] = field(default_factory=dict)
    ages_s: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        """Return the worst that was found."""
        return next(
            (one for one in (Severity.CRITICAL, Severity.WARNING) if any(f.severity is one for f in self.findings)),
            Severity.NONE,
        )

    @staticmethod
    def word(found: Finding) -> str:
        """Return what is thought of a series in a word: critical, warning, ok, or unknown where it is too early to say."""
        if found.severity is Severity.NONE:
            return "unknown" if found.grown.growth.course is Course.UNKNOWN else "ok"
        return str(found.severity.value)

    @property
    def missing(self) -> list[str]:
        """Return the sources that have no fresh sample."""
        most_s = max(FRESH_S, 5 * self.every_s)
        return [name for name, age_s in self.ages_s.items() if (self.elapsed_s if age_s is None else age_s) > most_s]

    def kind(self, source: str, series: str) -> Kind:
        """Return what a series' values are."""
        found = self.observed.source(source)
        one = found.get(series) if found else None
        return one.kind if one else Kind.COUNT

    def health(self) -> dict[str, Any]:
        """Return whether samples come, and the worst that was found: `/health`."""
        missing = self.missing
        status = "lost" if missing else "ok" if self.severity is Severity.NONE else self.severity.value
        return {"status": status, "missing": missing, "elapsed_s": round(self.elapsed_s, 3)}

    def snapshot(self) -> dict[str, Any]:
        """Return the newest values, with what each series came to so far: `/snapshot`."""
        return {
            "at": datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds"),
            "elapsed_s": round(self.elapsed_s, 3),
            "series": [
                {**column, "value": self.values.get((column["name"], column["series"]))} for column in self.columns
            ],
            "notes": list(self.notes),
            "lost": dict(self.lost),
        }

    def leaks(self) -> dict[str, Any]:
        """Return what is thought of the growth of each series that holds something: `/leaks`."""
        return {
            "severity": self.severity.value,
            "warmup_s": self.observed.warmup_s,
            "elapsed_s": round(self.elapsed_s, 3),
            "verdicts": [growth_data(found) for found in self.findings],
        }
