"""JSON Lines, an object for each second of a run: for jq and what collects logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from loadkit.outputs.paper import Paper, Report
from loadkit.outputs.seconds import rows


def render(reports: Sequence[Report]) -> bytes:
    """Return an object for each second, a line each; a value that does not exist is null."""
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows(reports))


PAPERS: Mapping[str, Paper] = {"jsonl": Paper(render)}
