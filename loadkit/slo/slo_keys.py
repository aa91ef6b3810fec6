"""The keys of `config.slos`, each with its schema and what it means."""

from __future__ import annotations

from typing import Any

from loadkit.slo.alert import PROFILES

_SPAN: dict[str, Any] = {"type": ["number", "string"]}
_RATIO: dict[str, Any] = {"type": ["number", "string"]}

_LATENCY: dict[str, Any] = {
    "type": ["object", "string", "number"],
    "title": "Latency",
    "description": "Good is a valid response in less than a time: `{under: 300ms}`, or the time alone. A bare number is ms.",
    "properties": {
        "under": {
            **_SPAN,
            "title": "Under",
            "description": "What a good response takes less than. A bare number is milliseconds.",
            "examples": ["300ms"],
        },
        "measure": {
            "type": "string",
            "enum": ["response_time", "service_time"],
            "title": "Measure",
            "description": "From when the request was due (response_time), or from when it was sent (service_time).",
            "default": "response_time",
            "examples": ["service_time"],
        },
    },
    "required": ["under"],
    "additionalProperties": False,
    "examples": [{"under": "300ms"}],
}

_SLI: dict[str, Any] = {
    "type": "object",
    "title": "Service level indicator",
    "description": "Which requests are good events; one of `good`, `latency`, `availability` and `checks`. What got no valid "
    "response is an event, too.",
    "minProperties": 1,
    "properties": {
        "good": {
            "type": "string",
            "minLength": 1,
            "title": "Good",
            "description": "A condition over `status`, `error`, `check`, `latency` (or `response_time`) and `service_time` with "
            "and, or, not, in and comparisons. One about `status` counts HTTP requests alone.",
            "examples": ["status < 500 and not error", "status < 500 and not error and latency < 300ms"],
        },
        "latency": _LATENCY,
        "availability": {
            "type": "boolean",
            "title": "Availability",
            "description": "Good is a valid response below 500; of a function, that it returned.",
            "examples": [True],
        },
        "checks": {
            "type": ["boolean", "string", "array"],
            "items": {
                "type": "string",
                "title": "Kind",
                "description": "A kind of check.",
                "examples": ["statusCode"],
            },
            "title": "Checks",
            "description": "Good is a request of which every check (`expect`) held; with a kind or a list of kinds: every check of "
            "these. Requests without such a check are no events.",
            "examples": [True, "statusCode", ["statusCode", "hasProperty"]],
        },
    },
    "additionalProperties": False,
    "examples": [{"good": "status < 500 and not error"}, {"latency": {"under": "300ms"}}, {"availability": True}],
}

_OF: dict[str, Any] = {
    "type": ["string", "object"],
    "minLength": 1,
    "title": "Of",
    "description": "What it is about: the name of a request, or a mapping of `request`, `scenario` and `phase`. Default: all "
    "that is judged.",
    "properties": {
        "request": {
            "type": "string",
            "title": "Request",
            "description": "The name of a request or of a function that is called.",
            "examples": ["/checkout"],
        },
        "scenario": {
            "type": "string",
            "title": "Scenario",
            "description": "The name of a scenario.",
            "examples": ["buy"],
        },
        "phase": {
            "type": "string",
            "title": "Phase",
            "description": "The name of a phase.",
            "examples": ["peak"],
        },
    },
    "additionalProperties": False,
    "examples": ["/checkout", {"scenario": "buy", "phase": "peak"}],
}

_ALERT: dict[str, Any] = {
    "type": "object",
    "title": "Alert",
    "description": "A burn rate over two windows, or what is left of the budget.",
    "properties": {
        "name": {
            "type": "string",
            "minLength": 1,
            "title": "Name",
            "description": "What the alert is called. Default: its severity and its factor.",
            "examples": ["fast burn"],
        },
        "severity": {
            "type": "string",
            "enum": ["critical", "warning", "page", "ticket"],
            "title": "Severity",
            "description": "critical or warning; page and ticket are other words for them.",
            "default": "warning",
            "examples": ["critical"],
        },
        "burn_rate": {
            "type": ["number", "string"],
            "title": "Burn rate",
            "description": "How many times faster than its window allows the budget is spent.",
            "examples": [14.4],
        },
        "budget": {
            **_RATIO,
            "title": "Budget",
            "description": "Instead of `burn_rate`: what share of the budget is spent within the long window.",
            "examples": ["2%"],
        },
        "long": {
            **_SPAN,
            "title": "Long window",
            "description": "In which the budget burns. It is taken as written, however long the objective's window is.",
            "examples": ["1h"],
        },
        "short": {
            **_SPAN,
            "title": "Short window",
            "description": "In which it must burn as well, so that the alert ends soon. Default: a twelfth of the long one.",
            "examples": ["5m"],
        },
        "remaining": {
            **_RATIO,
            "title": "Remaining",
            "description": "Fires when less than this share of the budget is left in the ledger; by itself.",
            "examples": ["10%"],
        },
    },
    "additionalProperties": False,
    "examples": [{"severity": "critical", "burn_rate": 14.4, "long": "1h", "short": "5m"}],
}

_KEYS: dict[str, Any] = {
    "name": {
        "type": "string",
        "minLength": 1,
        "title": "Name",
        "description": "What it is called, in this file and in the ledger of its budget; each name once.",
        "examples": ["checkout-availability"],
    },
    "description": {
        "type": "string",
        "title": "Description",
        "description": "What it promises, in a sentence.",
        "examples": ["Customers can pay."],
    },
    "sli": _SLI,
    "of": _OF,
    "target": {
        **_RATIO,
        "title": "Target",
        "description": "What share must be good: more than 0 %, less than 100 %.",
        "examples": ["99.9%"],
    },
    "window": {
        **_SPAN,
        "title": "Window",
        "description": "The period of the error budget; a rolling one.",
        "default": "30d",
        "examples": ["30d", "7d", "1h"],
    },
    "method": {
        "type": "string",
        "enum": ["occurrences", "timeslices", "ratio_timeslices"],
        "title": "Budgeting method",
        "description": "What the target is about: events; slices of time, good where `timeSliceTarget` of their events are; or the "
        "mean over slices of the share of good events.",
        "default": "occurrences",
        "examples": ["timeslices"],
    },
    "timeSliceTarget": {
        **_RATIO,
        "title": "Target of a slice",
        "description": "What share of a slice's events must be good for the slice to be good. Of `timeslices`.",
        "examples": ["95%"],
    },
    "timeSliceWindow": {
        **_SPAN,
        "title": "Window of a slice",
        "description": "How long a slice is, in whole seconds. Of `timeslices` and `ratio_timeslices`.",
        "examples": ["1m"],
    },
    "expected_events": {
        "type": ["integer", "string"],
        "minimum": 1,
        "title": "Expected events",
        "description": "How many events production has in a whole window; needed for `consume_budget`. Digits may be grouped: "
        "12_000_000.",
        "examples": [12_000_000],
    },
    "alerts": {
        "type": ["object", "array"],
        "title": "Alerts",
        "description": "`{profile: document}`, `{profile: google-sre}`, whose windows grow with `window`, or a list of alerts of "
        "your own. A run says which of them its bad ratio would set off.",
        "default": {"profile": "document"},
        "properties": {
            "profile": {
                "type": "string",
                "enum": list(PROFILES),
                "title": "Profile",
                "description": "document: critical at 5x or with less than 10 % left, warning at 2x or 20 %. google-sre: 14.4x, "
                "6x, 3x and 1x.",
                "examples": ["google-sre"],
            }
        },
        "required": ["profile"],
        "additionalProperties": False,
        "items": _ALERT,
        "examples": [{"profile": "google-sre"}, _ALERT["examples"]],
    },
    "consume_budget": {
        "type": "boolean",
        "title": "Consume the budget",
        "description": "Whether bad events of a stored run are taken from the objective's ledger: for tests against production "
        "only. A test elsewhere consumes nothing.",
        "default": False,
        "examples": [True],
    },
    "abort": {
        "type": "boolean",
        "title": "Abort",
        "description": "Whether the run stops at once, in all workers, when more is bad than its own budget allows, so that the "
        "objective cannot be met any more.",
        "default": False,
        "examples": [True],
    },
    "severity": {
        "type": "string",
        "enum": ["error", "warning"],
        "title": "Severity",
        "description": "An error fails the run; a warning is shown.",
        "default": "error",
        "examples": ["warning"],
    },
}

CONFIG: dict[str, Any] = {
    "slos": {
        "type": "array",
        "title": "Service level objectives",
        "description": "What share of events must be good, judged by its confidence interval; exit code 3 when one is missed for "
        "certain. The report says how fast production would spend its error budget at the ratio that was measured.",
        "default": [],
        "examples": [
            [{"name": "availability", "sli": {"availability": True}, "target": "99.9%", "window": "30d"}],
            [{"name": "fast", "sli": {"latency": {"under": "300ms"}}, "of": "/checkout", "target": "95%"}],
        ],
        "items": {
            "type": "object",
            "title": "Objective",
            "description": "A service level objective with its indicator, target and window.",
            "properties": _KEYS,
            "required": ["name", "sli", "target"],
            "additionalProperties": False,
            "examples": [{"name": "availability", "sli": {"availability": True}, "target": "99.9%"}],
        },
    }
}
