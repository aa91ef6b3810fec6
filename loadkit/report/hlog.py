"""A run's histograms as a log that HdrHistogram's tools read: a row for each second and series, format version 1.3.

    #[Histogram log format version 1.3]
    #[StartTime: 1700000004.500 (seconds since epoch), 2023-11-14T22:13:24.500Z]
    "StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"
    #[Series: http.response_time:/products = {"metric": "http.response_time", "label": "/products"}]
    Tag=http.response_time:/products,0.000,1.000,25.000,HISTFAAAA...

Seconds count from StartTime, values are microseconds (1 to 3.6e9, three digits), Interval_Max is in milliseconds. A series is
introduced by a line that other readers pass over, since a tag may hold no comma, space or line break and a name may.

Source: `HistogramLogWriter` and `HistogramLogReader` of HdrHistogram (Gil Tene).
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime

from loadkit.metrics.snapshot import Snapshot
from loadkit.report.report import SERIES
from loadkit.units import NS_PER_MS, NS_PER_S

_UNSAFE = re.compile(r"[^A-Za-z0-9._/:+-]")
_LONGEST = 80


class HistogramLog:
    """Makes the lines of a log, second by second. `started_at` is Unix time in seconds."""

    def __init__(self, started_at: float) -> None:
        self._started_at = started_at
        self._tags: dict[tuple[str, str], str] = {}

    def head(self) -> str:
        """Return the lines that a log begins with."""
        instant = datetime.fromtimestamp(self._started_at, UTC).isoformat(timespec="milliseconds")
        return (
            "#[Histogram log format version 1.3]\n"
            f"#[StartTime: {self._started_at:.3f} (seconds since epoch), {instant.replace('+00:00', 'Z')}]\n"
            '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n'
        )

    def rows(self, snapshot: Snapshot) -> str:
        """Return the rows of the next second, those of the series that a report holds; nothing for one without values."""
        lines = []
        start_s, length_s = snapshot.start_ns / NS_PER_S, (snapshot.end_ns - snapshot.start_ns) / NS_PER_S
        for (metric, label), histogram in sorted(snapshot.histograms.items()):
            if metric not in _SERIES or not histogram.total:
                continue
            tag = self._tags.get((metric, label))
            if tag is None:
                tag = self._tags[metric, label] = tag_of(metric, label)
                lines.append(f"#[Series: {tag} = {json.dumps({'metric': metric, 'label': label})}]\n")
            max_ms = histogram.max_ns / NS_PER_MS
            lines.append(f"Tag={tag},{start_s:.3f},{length_s:.3f},{max_ms:.3f},{histogram.encode()}\n")
        return "".join(lines)


_SERIES = frozenset(SERIES)


def tag_of(metric: str, label: str) -> str:
    """Return the tag of a series: its names as far as a tag can hold them, else a digest to tell it from others like it."""
    name = f"{metric}:{label}" if label else metric
    clean = _UNSAFE.sub("_", name)[:_LONGEST]
    if clean == name:
        return name
    return f"{clean}~{hashlib.blake2s(name.encode('utf-8', 'surrogatepass'), digest_size=4).hexdigest()}"
