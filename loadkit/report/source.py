"""The scenario in a report: as it ran, and the lines of the files that verdicts point to."""

from __future__ import annotations

from loadkit.report.shapes import Schema, list_of, nullable, object_of, text


def source_schema() -> Schema:
    """Return the schema of what a report holds of the scenario's text; null where a journal did not keep it."""
    return nullable(
        object_of(
            "The scenario, with secrets masked and cut where it is long; null where an old journal does not hold it.",
            {
                "text": text(
                    "As it ran: merged from its files, with the target and the seed that were decided, as YAML."
                ),
                "files": list_of(
                    "What it was read from; `at` of a verdict is a place in one of these.",
                    object_of(
                        "A file, or an option of the command line.",
                        {
                            "name": text("Its name, as positions write it."),
                            "text": text("Its text; every line stands where it stood, with secrets as asterisks."),
                        },
                    ),
                ),
            },
        )
    )
