"""The schema of `comparison` in a report: what a run came to beside a baseline. The data is made by `loadkit.analysis`."""

from __future__ import annotations

from loadkit.report.shapes import Schema, choice, flag, integer, list_of, nullable, number, object_of, text

_VERDICTS = ("pass", "regression", "within_noise_but_slower", "improvement", "inconclusive", "unresolved", "invalid")
_SEVERITIES = ("minor", "major", "critical")


def comparison_schema() -> Schema:
    """Return the schema of a comparison."""
    return object_of(
        "What the run came to beside a baseline.",
        {
            "baseline": text("The baseline, as it was asked for."),
            "run": text("The run that was compared: its id, or when it was made."),
            "runs": list_of("The baseline's runs that it was compared with.", text("A run.")),
            "left_out": list_of(
                "Runs of the baseline that it was not compared with.",
                object_of("One of them.", {"run": text("The run."), "reason": text("Why it was left out.")}),
            ),
            "verdict": choice(
                "The worst of what decides; `invalid` where nothing could be compared, which is no pass.", *_VERDICTS
            ),
            "severity": _severity("How grave a regression is."),
            "blocked": flag("Whether it fails the command: exit code 4."),
            "exit": integer("The exit code of the comparison alone: 0, 4 or 5."),
            "reason": text("Why, where the series do not say it."),
            "steady_s": integer("Seconds of steady load of the shortest run."),
            "series": list_of("Percentiles of the response time.", _series()),
            "errors": list_of("Error rates.", _errors()),
            "notes": list_of("What to keep in mind.", text("A sentence.")),
            "settings": _settings(),
        },
    )


def drift_schema() -> Schema:
    """Return the schema of a comparison with the runs that a rolling baseline began with."""
    return object_of(
        "What the run came to beside the runs that its baseline began with, where those are others by now.",
        {
            "runs": list_of("The runs that it began with.", text("A run.")),
            "verdict": choice("As that of the comparison; it does not change the exit code.", *_VERDICTS),
            "severity": _severity("How grave the drift is."),
            "text": text("The gravest of it in one line; empty without a regression."),
        },
    )


def _severity(description: str) -> Schema:
    return {"enum": [*_SEVERITIES, None], "description": f"{description} Null where there is none."}


def _change(description: str) -> Schema:
    return nullable({"type": "number", "description": description})


def _common() -> dict[str, Schema]:
    return {
        "family": choice("Requests, or calls of Python functions.", "http", "python"),
        "name": nullable(text("The name; null: all of them.")),
        "gated": flag("Whether it decides; the others inform."),
        "verdict": choice("What was found.", *_VERDICTS),
        "severity": _severity("How grave it is."),
        "blocked": flag("Whether it fails the command."),
        "baseline_runs": integer("Baseline runs behind it."),
        "p_value": nullable(number("How probable as much is without a change.")),
        "p_adjusted": nullable(number("The same, adjusted after Holm for how many decide.")),
        "note": text("What there is to say about it."),
        "text": text("All of it in one line."),
    }


def _series() -> Schema:
    advice = object_of(
        "What would settle it.",
        {
            "seconds": nullable(integer("Seconds of steady load, in both runs.")),
            "runs": nullable(integer("Runs on each side.")),
        },
    )
    return object_of(
        "One percentile of one name.",
        {
            **_common(),
            "percentile": choice("Which one.", "p50", "p95", "p99"),
            "of": choice("Of requests that went well, or of all.", "good", "every"),
            "baseline_ms": nullable(number("Geometric mean of the baseline's runs.")),
            "run_ms": nullable(number("The run's.")),
            "ratio": _change("The change: 0.18 is 18 % slower."),
            "low": _change("Lower end of its 95 % interval."),
            "high": _change("Upper end of its 95 % interval."),
            "samples": integer("Samples of the run."),
            "effective_samples": number("How many independent samples would know as much."),
            "open_above": flag(
                "Whether the upper end is unknown in one of the runs: a regression can be found, nothing excluded."
            ),
            "noise": nullable(number("What runs of the same thing differ by: a standard deviation, 0.05 is 5 %.")),
            "resolution": nullable(number("Half the width of the interval.")),
            "detectable": nullable(number("A change from which on four of five would have been found.")),
            "advice": nullable(advice),
        },
    )


def _errors() -> Schema:
    return object_of(
        "The error rate of one name.",
        {
            **_common(),
            "baseline_errors": integer("Errors of the baseline's runs together."),
            "baseline_requests": integer("Requests of the baseline's runs together."),
            "errors": integer("Errors of the run."),
            "requests": integer("Requests of the run."),
            "difference": _change("Difference of the rates: 0.01 is a point more."),
            "low": _change("Lower end of its 95 % interval."),
            "high": _change("Upper end of its 95 % interval."),
        },
    )


def _settings() -> Schema:
    def steps(description: str) -> Schema:
        return object_of(description, {name: number(f"From here on {name}.") for name in _SEVERITIES})

    return object_of(
        "What was asked for.",
        {
            "latency": steps("Changes of latency: 0.1 is 10 % slower."),
            "errors": steps("Differences of error rates: 0.01 is a point more."),
            "block_on": choice("The severity that fails the command.", *_SEVERITIES, "none"),
            "on_inconclusive": choice("What becomes of an open result.", "pass", "warn", "fail"),
            "noise_floor": number("What runs of the same thing are expected to differ by."),
            "alpha": number("How often a false alarm may be."),
            "across": list_of("What was allowed to differ: scenario, phases, target, host.", text("A part.")),
        },
    )
