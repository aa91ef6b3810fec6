"""The JSON Schema of a report, every key described; `schemas/report.schema.json` is this, written out."""

from __future__ import annotations

from loadkit.metrics.histogram import PERCENTILES
from loadkit.report.compared import comparison_schema, drift_schema
from loadkit.report.fingerprint import fingerprint_schema
from loadkit.report.health import health_definitions, health_schema
from loadkit.report.measures import measures_schema
from loadkit.report.merging import merged_schema
from loadkit.report.parts import measured_schema, phases_schema
from loadkit.report.recovery import recovery_schema
from loadkit.report.shapes import Schema
from loadkit.report.shapes import choice as _choice
from loadkit.report.shapes import flag as _flag
from loadkit.report.shapes import integer as _integer
from loadkit.report.shapes import list_of as _list
from loadkit.report.shapes import map_of as _map
from loadkit.report.shapes import nullable as _nullable
from loadkit.report.shapes import nullable_reference as _nullable_ref
from loadkit.report.shapes import number as _number
from loadkit.report.shapes import object_of as _object
from loadkit.report.shapes import reference as _ref
from loadkit.report.shapes import text as _text
from loadkit.report.slos import slos_schema
from loadkit.report.timeline import COLUMNS

_SUMMARY_WORDS = {
    "min": "smallest value",
    "max": "largest value",
    "count": "number of values",
    "mean": "mean, exact",
    "median": "the same as p50",
}


def report_schema() -> Schema:
    """Return the schema of a report, in draft 2020-12. Keys that it does not name may be added later."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "loadkit report",
        **_object(
            "What a run measured and what it came to. Readers ignore keys they do not know.",
            {
                "aggregate": _ref("section", "The whole run, with its warm-up phases."),
                "intermediate": _list("Windows of ten seconds, in order.", _ref("section", "One window.")),
                "loadkit": _object(
                    "What Artillery's report has no place for.", {**_origin(), **_course(), **_measures()}
                ),
            },
        ),
        "$defs": {"section": _section(), "summary": _summary(), "position": _position(), **health_definitions()},
    }


def _origin() -> Schema:
    return {
        "format": {"const": 1, "description": "Version of this format; it changes when a key changes its meaning."},
        "run": _nullable(_text("The run's id, such as 20261121-090255-k3f9; null where it is not kept.")),
        "fingerprint": fingerprint_schema(),
        "name": _text("The run's name."),
        "target": _text("Where the load went, without user name and password."),
        "ways": _list("How targets were reached, where it was not directly.", _text("A sentence.")),
        "insecure": {"type": "boolean", "description": "True when TLS certificates were not verified."},
        "files": _list("The scenario files, as written on the command line.", _text("A file.")),
        "tags": _map("Tags given with --tag.", _text("The tag's value.")),
        "digest": _text("Identifies the plan: same digest and seed, same arrivals and choices."),
        "seed": _integer("Seed of every random choice.", minimum=None),
        "timeout_multiplier": _number("By how much timeouts were longer than written; 1 unless somebody asked for it."),
        "workers": _integer("Worker processes that made the load."),
        "commit": _nullable(
            _text("The commit of git that it ran at, as the CI service or git says; null outside of a repository.")
        ),
        "versions": _map("Versions of loadkit, Python and the libraries that matter.", _text("A version.")),
        "host": _object(
            "The machine that made the load.",
            {
                "system": _text("Operating system."),
                "machine": _text("Processor architecture."),
                "cpus": _integer("Number of processors."),
                "cpu": _text("Model of the processors; empty where the system does not tell it."),
            },
        ),
    }


def _course() -> Schema:
    return {
        "started_at": {"type": "string", "format": "date-time", "description": "When load began, in UTC (ISO 8601)."},
        "elapsed_s": _number("Seconds from the start to the end of the run."),
        "signal": _nullable(_text("The signal that ended the run early; null when none did.")),
        "aborted_by": _nullable(
            _object(
                "The threshold that ended the run early; null when none did.",
                {
                    "objective": _text("The threshold, as written."),
                    "second": _integer("The second of the run at which it had failed."),
                },
            )
        ),
        "after_failed": _nullable(_text("Why the flow `after` the load failed; null when it did not.")),
        "exit_code": _integer("The exit code of the command."),
        "phases": phases_schema(),
        **measured_schema(),
        "measurement": _measurement(),
        "verdicts": _list("What was judged, in the order of the file.", _verdict()),
        "slos": slos_schema(),
        "warnings": _list("Warnings about the scenario.", _warning()),
    }


def _measures() -> Schema:
    return {
        "requests": _list("What happened to each request, by name.", _request()),
        "calls": _list("What happened to each Python function that was called, by name.", _call()),
        "metrics": _object(
            "All counters and summaries of the run, those that Artillery does not have as well.",
            {
                "counters": _map("Counters by name, over all requests and scenarios.", _integer("How often.")),
                "summaries": _map("Aggregates of each time metric by its name.", _ref("summary", "A metric.")),
            },
        ),
        "series": _list("Histograms that can be merged and asked for any percentile.", _series()),
        "measures": measures_schema(),
        "comparison": _nullable(comparison_schema()),
        "drift": _nullable(drift_schema()),
        "recovery": recovery_schema(),
        "merged": merged_schema(),
        "apdex": _nullable(
            _object(
                "How satisfied users are with how long they wait; null without `plugins.apdex`.",
                {
                    "threshold_ms": _number("Up to how long a request satisfies."),
                    "satisfied": _integer("Responses within the threshold."),
                    "tolerated": _integer("Responses within four times the threshold."),
                    "frustrated": _integer("Responses that took longer."),
                    "score": _number("(satisfied + tolerated / 2) / all, between 0 and 1."),
                    "ranking": _text("excellent, good, fair, poor or unacceptable."),
                },
            )
        ),
        "health": health_schema(),
        "timeline": _timeline(),
        "examples": _map(
            "The first few texts of each error, by the error's name; of failed checks, by `expect.` and their kind.",
            _list(
                "Texts in the order they were seen.",
                _object(
                    "One occurrence.",
                    {"t_s": _number("Seconds since the run's start."), "text": _text("What happened.")},
                ),
            ),
        ),
    }


def _section() -> Schema:
    stamps = {
        f"{edge}{kind}At": _integer(f"When the {edge} {noun} was seen, in Unix milliseconds; absent when none was.")
        for edge in ("first", "last")
        for kind, noun in (("Counter", "counter"), ("Histogram", "time"), ("Metric", "metric"))
    }
    named = _map("Aggregates of each time metric, in milliseconds, by the metric's name.", _ref("summary", "A metric."))
    made = _object(
        "Metrics of a stretch of time, named and shaped as Artillery does.",
        {
            "counters": _map("Counters by name, over all requests and scenarios.", _integer("How often.")),
            "rates": _map(
                "Rates by name, per second: `http.request_rate`, `python.call_rate`.", _number("Per second.")
            ),
            **stamps,
            "period": {
                "type": ["integer", "string"],
                "description": "Start of the (last) window in Unix milliseconds; text in `intermediate`.",
            },
            "summaries": named,
            "histograms": {**named, "description": "The same as `summaries`."},
        },
    )
    made["required"] = [key for key in made["required"] if key not in stamps]
    return made


def _summary() -> Schema:
    percentiles = {name: f"the value that {percent:g} % do not exceed" for name, percent in PERCENTILES.items()}
    return _object(
        "Aggregates of a time metric, in milliseconds.",
        {name: _number(f"{words[0].upper()}{words[1:]}.") for name, words in {**_SUMMARY_WORDS, **percentiles}.items()},
    )


def _position() -> Schema:
    return _object(
        "A place in a scenario file.",
        {
            "file": _text("File as written on the command line."),
            "line": _integer("Line, from 1.", minimum=1),
            "column": _integer("Column, from 1.", minimum=1),
        },
    )


def _measurement() -> Schema:
    return _object(
        "Whether the generator kept up, so that the figures are the target's.",
        {
            "status": _text("`valid`, `suspect` or `invalid`."),
            "reasons": _list("Why it is not valid.", _text("A sentence.")),
            "notes": _list("What to keep in mind about figures that are valid.", _text("A sentence.")),
        },
    )


def _verdict() -> Schema:
    return _object(
        "One objective and what was measured.",
        {
            "objective": _text("The objective, as written."),
            "origin": _text("Where it comes from: `threshold`, `ensure`, `slo`, `expect` or `solo`."),
            "status": _text("`pass`, `fail`, `inconclusive` or `invalid`."),
            "strict": _flag("Whether a failure fails the run."),
            "severity": _choice("`error` where a failure fails the run, else `warning`.", "error", "warning"),
            "name": _text("Its name, as given; empty where it has none."),
            "tags": _map("Its tags.", _text("The tag's value.")),
            "scope": _text('What it is about: `global`, or such as `of "/pay" in phase "peak"`.'),
            "window": _nullable(
                _object(
                    "The window that was judged each second; null when the run was judged as a whole.",
                    {
                        "logic": _choice("How it looks at seconds.", "for", "over", "within"),
                        "seconds": _integer("How long it is.", minimum=1),
                    },
                )
            ),
            "observed": _nullable({"type": "number", "description": "Measured value in `unit`; null without samples."}),
            "limit": _nullable({"type": "number", "description": "The limit in `unit`; null for an expression."}),
            "unit": _text("`ns`, `count`, `bytes`, `ratio` or `per_s`; empty for an expression."),
            "observed_text": _text("Measured value with its unit."),
            "limit_text": _text("The limit with its operator and unit."),
            "low": _nullable(
                {"type": "number", "description": "Lower end of its 95 % interval; null where it is not known."}
            ),
            "high": _nullable(
                {"type": "number", "description": "Upper end of its 95 % interval; null where it is not known."}
            ),
            "note": _text("What is missing for a certified interval."),
            "steady_s": _nullable(
                _number("Seconds of steady load that it was looked for in; null where none is kept.")
            ),
            "samples": _integer("How many samples stand behind the value."),
            "reason": _text("Why, where the value alone does not say it."),
            "breaches": _nullable(_breaches()),
            "at": _nullable_ref("position", "Where the objective stands; null when it is built in."),
        },
    )


def _breaches() -> Schema:
    instant = "whole seconds since the run's start, the end of a window"
    return _object(
        "What was found second by second, where it was followed; null for what is judged at the end.",
        {
            "judged": _integer("How often a value was compared."),
            "bad": _integer("How often it did not hold."),
            "longest_row_s": _integer("The longest time, in seconds, that it did not hold without a break."),
            "first_bad_s": _nullable(_integer(f"When it first did not hold: {instant}.")),
            "failed_s": _nullable(_integer("When the objective failed; null when it did not.")),
            "at_failure": _nullable({"type": "number", "description": "The value then, in the verdict's `unit`."}),
            "worst": _nullable({"type": "number", "description": "The value furthest to the wrong side."}),
            "worst_s": _nullable(_integer("When that was.")),
        },
    )


def _warning() -> Schema:
    return _object(
        "A warning about the scenario.",
        {
            "code": _text("Stable code."),
            "message": _text("What was noticed."),
            "at": _ref("position", "Where."),
        },
    )


def _request() -> Schema:
    made = _object(
        "All requests of one name.",
        {
            "name": _text("The request's name."),
            "requests": _integer("Requests sent."),
            "responses": _integer("Valid responses."),
            "codes": _map("Responses by status code.", _integer("How often.")),
            "errors": _map("Errors by name.", _integer("How often.")),
            "checks_ok": _integer("Expectations that held."),
            "checks_failed": _integer("Expectations that did not hold."),
            "downloaded_bytes": _integer("Bytes received."),
            "uploaded_bytes": _integer("Bytes sent."),
            "response_time_ms": _ref("summary", "From the intended instant to the last byte."),
            "service_time_ms": _ref("summary", "From the actual start to the last byte."),
            "failure_time_ms": _ref("summary", "Time spent on requests without a valid response."),
        },
    )
    made["required"] = [key for key in made["required"] if not key.endswith("_ms")]
    return made


def _call() -> Schema:
    made = _object(
        "All calls of one name.",
        {
            "name": _text("The name of the call: the function's, unless it has one of its own."),
            "calls": _integer("Calls made, without those to warm up."),
            "returns": _integer("Calls that returned a value."),
            "errors": _map("Errors by name.", _integer("How often.")),
            "checks_ok": _integer("Expectations that held."),
            "checks_failed": _integer("Expectations that did not hold."),
            "response_time_ms": _ref("summary", "From the intended instant to the function's return."),
            "service_time_ms": _ref("summary", "From the function's start to its return."),
            "failure_time_ms": _ref("summary", "Time spent on calls that did not return a value."),
        },
    )
    made["required"] = [key for key in made["required"] if not key.endswith("_ms")]
    return made


def _series() -> Schema:
    return _object(
        "One histogram.",
        {
            "metric": _text("Name of the metric."),
            "label": _text("Request, scenario or worker; empty where there is none."),
            "count": _integer("Number of values."),
            "sum_ns": _integer("Exact sum in nanoseconds."),
            "min_ns": _integer("Exact minimum in nanoseconds."),
            "max_ns": _integer("Exact maximum in nanoseconds."),
            "clamped": _integer("Values above one hour, counted as one hour."),
            "hdr": _text("HdrHistogram, V2 compressed, base64, in microseconds (1 to 3.6e9, three digits)."),
        },
    )


def _timeline() -> Schema:
    columns = "; ".join(f"{name}: {words}" for name, words in COLUMNS.items())
    return _object(
        "The run second by second.",
        {
            "columns": _list(f"What the values of a row are, in order. {columns}.", _text("A column.")),
            "rows": _list(
                "One row a second.",
                _list("The values.", {"type": ["number", "null"], "description": "A value; null without samples."}),
            ),
        },
    )
