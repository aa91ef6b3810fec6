"""What k6 gives a script's `handleSummary`, as a schema: written after its documentation ("Custom summary") and `lib/summary`."""

from typing import Any

NUMBER, WHOLE, TEXT = {"type": "number"}, {"type": "integer", "minimum": 0}, {"type": "string"}


def closed(properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def metric(kind: str, values: dict[str, Any]) -> dict[str, Any]:
    thresholds = {"type": "object", "additionalProperties": closed({"ok": {"type": "boolean"}})}
    contains = {"enum": ["default", "time", "data"]}
    return closed(
        {"type": {"const": kind}, "contains": contains, "values": values, "thresholds": thresholds}, "thresholds"
    )


TREND = {"type": "object", "required": ["avg", "min", "med", "max", "p(90)", "p(95)"], "additionalProperties": NUMBER}
METRIC = {
    "oneOf": [
        metric("counter", closed({"count": WHOLE, "rate": NUMBER})),
        metric(
            "rate", closed({"rate": {"type": "number", "minimum": 0, "maximum": 1}, "passes": WHOLE, "fails": WHOLE})
        ),
        metric("gauge", closed({"value": NUMBER, "min": NUMBER, "max": NUMBER})),
        metric("trend", TREND),
    ]
}
CHECK = closed({"name": TEXT, "path": TEXT, "id": TEXT, "passes": WHOLE, "fails": WHOLE})
SCHEMA = closed(
    {
        "root_group": closed(
            {
                "name": TEXT,
                "path": TEXT,
                "id": {"const": "d41d8cd98f00b204e9800998ecf8427e"},
                "groups": {"type": "array"},
                "checks": {"type": "array", "items": CHECK},
            }
        ),
        "options": {"type": "object", "required": ["summaryTrendStats", "summaryTimeUnit", "noColor"]},
        "state": closed(
            {"isStdOutTTY": {"type": "boolean"}, "isStdErrTTY": {"type": "boolean"}, "testRunDurationMs": NUMBER}
        ),
        "metrics": {"type": "object", "additionalProperties": METRIC, "required": ["http_reqs", "http_req_failed"]},
    }
)
