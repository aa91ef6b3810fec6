"""The JSON Schema of a report, every key described; `schemas/report.schema.json` is this, written out."""

from __future__ import annotations

from loadkit.metrics.histogram import PERCENTILES
from loadkit.report.compared import comparison_schema, drift_schema
from loadkit.report.exports import exports_schema
from loadkit.report.fingerprint import fingerprint_schema
from loadkit.report.health import health_definitions, health_schema
from loadkit.report.heat import heat_schema
from loadkit.report.interventions import interventions_schema
from loadkit.report.measures import measures_schema
from loadkit.report.merging import merged_schema
from loadkit.report.observe import observe_schema
from loadkit.report.parts import measured_schema, phases_schema
from loadkit.report.recovery import recovery_schema
from loadkit.report.requests import timing_schema
from loadkit.report.shapes import (
    Schema,
    choice,
    flag,
    integer,
    list_of,
    map_of,
    nullable,
    nullable_reference,
    number,
    object_of,
    position,
    reference,
    text,
    titled,
)
from loadkit.report.slos import slos_schema
from loadkit.report.source import source_schema
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
    return titled(
        "loadkit report",
        {
            **object_of(
                "What a run measured and what it came to. Readers ignore keys they do not know.",
                {
                    "aggregate": reference("section", "The whole run, with its warm-up phases."),
                    "intermediate": list_of("Windows of ten seconds, in order.", reference("section", "One window.")),
                    "loadkit": object_of(
                        "What Artillery's report has no place for.", {**_origin(), **_course(), **_measures()}
                    ),
                },
            ),
            "$defs": {
                "section": _section(),
                "summary": _summary(),
                "position": position("A place in a scenario file."),
                **health_definitions(),
            },
        },
    )


def _origin() -> Schema:
    return {
        "format": {"const": 1, "description": "Version of this format; it changes when a key changes its meaning."},
        "run": nullable(text("The run's id, such as 20261121-090255-k3f9; null where it is not kept.")),
        "fingerprint": fingerprint_schema(),
        "name": text("The run's name."),
        "target": text("Where the load went, without user name and password."),
        "ways": list_of("How targets were reached, where it was not directly.", text("A sentence.")),
        "insecure": {"type": "boolean", "description": "True when TLS certificates were not verified."},
        "files": list_of("The scenario files, as written on the command line.", text("A file.")),
        "tags": map_of("Tags given with --tag.", text("The tag's value.")),
        "digest": text("Identifies the plan: same digest and seed, same arrivals and choices."),
        "seed": integer("Seed of every random choice.", minimum=None),
        "timeout_multiplier": number("By how much timeouts were longer than written; 1 unless somebody asked for it."),
        "workers": integer("Worker processes that made the load."),
        "commit": nullable(
            text("The commit of git that it ran at, as the CI service or git says; null outside of a repository.")
        ),
        "versions": map_of("Versions of loadkit, Python and the libraries that matter.", text("A version.")),
        "host": object_of(
            "The machine that made the load.",
            {
                "system": text("Operating system."),
                "machine": text("Processor architecture."),
                "cpus": integer("Number of processors."),
                "cpu": text("Model of the processors; empty where the system does not tell it."),
            },
        ),
    }


def _course() -> Schema:
    return {
        "started_at": {"type": "string", "format": "date-time", "description": "When load began, in UTC (ISO 8601)."},
        "elapsed_s": number("Seconds from the start to the end of the run."),
        "signal": nullable(text("The signal that ended the run early; null when none did.")),
        "aborted_by": nullable(
            object_of(
                "The threshold that ended the run early; null when none did.",
                {
                    "objective": text("The threshold, as written."),
                    "second": integer("The second of the run at which it ended the run."),
                },
            )
        ),
        "after_failed": nullable(text("Why the flow `after` the load failed; null when it did not.")),
        "interventions": interventions_schema(),
        "exit_code": integer("The exit code of the command."),
        "phases": phases_schema(),
        **measured_schema(),
        "measurement": _measurement(),
        "verdicts": list_of("What was judged, in the order of the file.", _verdict()),
        "slos": slos_schema(),
        "warnings": list_of("Warnings about the scenario.", _warning()),
    }


def _measures() -> Schema:
    return {
        "requests": list_of("What happened to each request, by name.", _request()),
        "calls": list_of("What happened to each Python function that was called, by name.", _call()),
        "metrics": object_of(
            "All counters and summaries of the run, those that Artillery does not have as well.",
            {
                "counters": map_of("Counters by name, over all requests and scenarios.", integer("How often.")),
                "summaries": map_of("Aggregates of each time metric by its name.", reference("summary", "A metric.")),
            },
        ),
        "series": list_of("Histograms that can be merged and asked for any percentile.", _series()),
        "measures": measures_schema(),
        "comparison": nullable(comparison_schema()),
        "drift": nullable(drift_schema()),
        "recovery": recovery_schema(),
        "merged": merged_schema(),
        "apdex": nullable(
            object_of(
                "How satisfied users are with how long they wait; null without `plugins.apdex`.",
                {
                    "threshold_ms": number("Up to how long a request satisfies."),
                    "satisfied": integer("Responses within the threshold."),
                    "tolerated": integer("Responses within four times the threshold."),
                    "frustrated": integer("Responses that took longer."),
                    "score": number("(satisfied + tolerated / 2) / all, between 0 and 1."),
                    "ranking": text("excellent, good, fair, poor or unacceptable."),
                },
            )
        ),
        "exports": exports_schema(),
        "health": health_schema(),
        "timeline": _timeline(),
        "heat": heat_schema(),
        "observe": observe_schema(),
        "examples": map_of(
            "The first few texts of each error, by the error's name; of failed checks, by `expect.` and their kind.",
            list_of(
                "Texts in the order they were seen.",
                object_of(
                    "One occurrence.",
                    {"t_s": number("Seconds since the run's start."), "text": text("What happened.")},
                ),
            ),
        ),
        "source": source_schema(),
    }


def _section() -> Schema:
    stamps = {
        f"{edge}{kind}At": integer(f"When the {edge} {noun} was seen, in Unix milliseconds; absent when none was.")
        for edge in ("first", "last")
        for kind, noun in (("Counter", "counter"), ("Histogram", "time"), ("Metric", "metric"))
    }
    named = map_of(
        "Aggregates of each time metric, in milliseconds, by the metric's name.", reference("summary", "A metric.")
    )
    made = object_of(
        "Metrics of a stretch of time, named and shaped as Artillery does.",
        {
            "counters": map_of("Counters by name, over all requests and scenarios.", integer("How often.")),
            "rates": map_of(
                "Rates by name, per second: `http.request_rate`, `python.call_rate`.", number("Per second.")
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
    return object_of(
        "Aggregates of a time metric, in milliseconds.",
        {name: number(f"{words[0].upper()}{words[1:]}.") for name, words in {**_SUMMARY_WORDS, **percentiles}.items()},
    )


def _measurement() -> Schema:
    return object_of(
        "Whether the generator kept up, so that the figures are the target's.",
        {
            "status": text("`valid`, `suspect` or `invalid`."),
            "reasons": list_of("Why it is not valid.", text("A sentence.")),
            "notes": list_of("What to keep in mind about figures that are valid.", text("A sentence.")),
        },
    )


def _verdict() -> Schema:
    return object_of(
        "One objective and what was measured.",
        {
            "objective": text("The objective, as written."),
            "origin": text("Where it comes from: `threshold`, `ensure`, `slo`, `expect` or `solo`."),
            "status": text("`pass`, `fail`, `inconclusive` or `invalid`."),
            "strict": flag("Whether a failure fails the run."),
            "severity": choice("`error` where a failure fails the run, else `warning`.", "error", "warning"),
            "name": text("Its name, as given; empty where it has none."),
            "tags": map_of("Its tags.", text("The tag's value.")),
            "scope": text('What it is about: `global`, or such as `of "/pay" in phase "peak"`.'),
            "window": nullable(
                object_of(
                    "The window that was judged each second; null when the run was judged as a whole.",
                    {
                        "logic": choice("How it looks at seconds.", "for", "over", "within"),
                        "seconds": integer("How long it is.", minimum=1),
                    },
                )
            ),
            "observed": nullable({"type": "number", "description": "Measured value in `unit`; null without samples."}),
            "limit": nullable({"type": "number", "description": "The limit in `unit`; null for an expression."}),
            "unit": text("`ns`, `count`, `bytes`, `ratio` or `per_s`; empty for an expression."),
            "observed_text": text("Measured value with its unit."),
            "limit_text": text("The limit with its operator and unit."),
            "low": nullable(
                {"type": "number", "description": "Lower end of its 95 % interval; null where it is not known."}
            ),
            "high": nullable(
                {"type": "number", "description": "Upper end of its 95 % interval; null where it is not known."}
            ),
            "note": text("What is missing for a certified interval."),
            "steady_s": nullable(number("Seconds of steady load that it was looked for in; null where none is kept.")),
            "samples": integer("How many samples stand behind the value."),
            "reason": text("Why, where the value alone does not say it."),
            "breaches": nullable(_breaches()),
            "at": nullable_reference("position", "Where the objective stands; null when it is built in."),
        },
    )


def _breaches() -> Schema:
    instant = "whole seconds since the run's start, the end of a window"
    return object_of(
        "What was found second by second, where it was followed; null for what is judged at the end.",
        {
            "judged": integer("How often a value was compared."),
            "bad": integer("How often it did not hold."),
            "longest_row_s": integer("The longest time, in seconds, that it did not hold without a break."),
            "first_bad_s": nullable(integer(f"When it first did not hold: {instant}.")),
            "failed_s": nullable(integer("When the objective failed; null when it did not.")),
            "at_failure": nullable({"type": "number", "description": "The value then, in the verdict's `unit`."}),
            "worst": nullable({"type": "number", "description": "The value furthest to the wrong side."}),
            "worst_s": nullable(integer("When that was.")),
        },
    )


def _warning() -> Schema:
    return object_of(
        "A warning about the scenario.",
        {
            "code": text("Stable code."),
            "message": text("What was noticed."),
            "at": reference("position", "Where."),
        },
    )


def _request() -> Schema:
    made = object_of(
        "All requests of one name.",
        {
            "name": text("The request's name."),
            "requests": integer("Requests sent."),
            "responses": integer("Valid responses."),
            "codes": map_of("Responses by status code.", integer("How often.")),
            "errors": map_of("Errors by name.", integer("How often.")),
            "checks_ok": integer("Expectations that held."),
            "checks_failed": integer("Expectations that did not hold."),
            "downloaded_bytes": integer("Bytes received."),
            "uploaded_bytes": integer("Bytes sent."),
            "response_time_ms": reference("summary", "From the intended instant to the last byte."),
            "service_time_ms": reference("summary", "From the actual start to the last byte."),
            "failure_time_ms": reference("summary", "Time spent on requests without a valid response."),
            "timing_ms": timing_schema(),
        },
    )
    made["required"] = [key for key in made["required"] if not key.endswith("_ms")]
    return made


def _call() -> Schema:
    made = object_of(
        "All calls of one name.",
        {
            "name": text("The name of the call: the function's, unless it has one of its own."),
            "calls": integer("Calls made, without those to warm up."),
            "returns": integer("Calls that returned a value."),
            "errors": map_of("Errors by name.", integer("How often.")),
            "checks_ok": integer("Expectations that held."),
            "checks_failed": integer("Expectations that did not hold."),
            "response_time_ms": reference("summary", "From the intended instant to the function's return."),
            "service_time_ms": reference("summary", "From the function's start to its return."),
            "failure_time_ms": reference("summary", "Time spent on calls that did not return a value."),
        },
    )
    made["required"] = [key for key in made["required"] if not key.endswith("_ms")]
    return made


def _series() -> Schema:
    return object_of(
        "One histogram.",
        {
            "metric": text("Name of the metric."),
            "label": text("Request, scenario or worker; empty where there is none."),
            "count": integer("Number of values."),
            "sum_ns": integer("Exact sum in nanoseconds."),
            "min_ns": integer("Exact minimum in nanoseconds."),
            "max_ns": integer("Exact maximum in nanoseconds."),
            "clamped": integer("Values above one hour, counted as one hour."),
            "hdr": text("HdrHistogram, V2 compressed, base64, in microseconds (1 to 3.6e9, three digits)."),
        },
    )


def _timeline() -> Schema:
    columns = "; ".join(f"{name}: {words}" for name, words in COLUMNS.items())
    return object_of(
        "The run second by second.",
        {
            "columns": list_of(f"What the values of a row are, in order. {columns}.", text("A column.")),
            "rows": list_of(
                "One row a second.",
                list_of("The values.", {"type": ["number", "null"], "description": "A value; null without samples."}),
            ),
        },
    )
