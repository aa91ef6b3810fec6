"""What became of the exporters of a run, as the report says it."""

from __future__ import annotations

from loadkit.report.shapes import Schema, integer, list_of, nullable, object_of, text


def exports_schema() -> Schema:
    """Return the schema of the section `exports`."""
    return list_of(
        "Other systems that were told of the run, by `--out` or `config.outputs`.",
        object_of(
            "One of them.",
            {
                "kind": text("The kind of exporter, such as prometheus."),
                "to": text("Where to, without secrets."),
                "sent": integer("Seconds of the run that it took."),
                "lost": integer("Seconds that it did not take: it was away, too slow, or refused them."),
                "error": nullable(text("The last trouble that there was with it; null when there was none.")),
            },
        ),
    )
