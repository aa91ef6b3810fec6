"""JSON Lines, an object for each second of a run, while it goes on or when it is over: for jq and what collects logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from loadkit.outputs.exporter import Exporter
from loadkit.outputs.paper import Paper, Report
from loadkit.outputs.seconds import rows
from loadkit.outputs.streaming import Streamed, file_schema, held_file, read_file


def render(reports: Sequence[Report]) -> bytes:
    """Return an object for each second, a line each; a value that does not exist is null."""
    return b"".join(map(_line, rows(reports)))


def _line(values: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(values) + b"\n"


PAPERS: Mapping[str, Paper] = {"jsonl": Paper(render)}
EXPORTERS: Mapping[str, Exporter] = {
    "jsonl": Exporter(
        kind="jsonl",
        description="Writes an object for each second to a file of JSON Lines while the run goes on; `--jsonl` writes the same "
        "when it is over.",
        argument="file",
        metavar="FILE",
        schema=file_schema("lines", "seconds.jsonl"),
        required=("file",),
        holds=held_file,
        make=lambda options: Streamed(read_file(options), "jsonl", head=b"", row=_line),
    ),
}
