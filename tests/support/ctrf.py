"""What the schema of CTRF demands of a document, in the parts that a load test can fill.

Written after https://github.com/ctrf-io/ctrf (schema/ctrf.schema.json, draft 7, as of 2026): the same keys, types and values,
every object closed but `extra`. Keys for screenshots, retries and insights are left out, so they are refused here.
"""

from typing import Any

TEXT, NUMBER, WHOLE, ANYTHING = {"type": "string"}, {"type": "number"}, {"type": "integer"}, {"type": "object"}
NAME = {"type": "string", "minLength": 1}
SCALAR = {"anyOf": [TEXT, NUMBER, {"type": "boolean"}]}
STATUSES = ["passed", "failed", "skipped", "pending", "other"]


def closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**properties, "extra": ANYTHING},
        "required": list(required),
        "additionalProperties": False,
    }


COUNTS = ("tests", *STATUSES, "start", "stop")
TEST = closed(
    {
        "id": {"type": "string", "format": "uuid"}, "name": NAME, "status": {"enum": STATUSES}, "duration": WHOLE,
        "start": WHOLE, "stop": WHOLE, "suite": {"type": "array", "minItems": 1, "items": TEXT}, "message": TEXT,
        "trace": TEXT, "line": WHOLE, "rawStatus": TEXT, "tags": {"type": "array", "items": TEXT},
        "labels": {"type": "object", "additionalProperties": SCALAR}, "type": TEXT, "filePath": TEXT,
    },
    "name", "status", "duration",
)  # fmt: skip
ENVIRONMENT = closed(
    {
        "reportName": TEXT, "appName": TEXT, "appVersion": TEXT, "buildId": TEXT, "buildName": TEXT,
        "buildNumber": WHOLE, "buildUrl": TEXT, "repositoryName": TEXT, "repositoryUrl": TEXT, "commit": TEXT,
        "branchName": TEXT, "osPlatform": TEXT, "osRelease": TEXT, "osVersion": TEXT, "testEnvironment": TEXT,
        "healthy": {"type": "boolean"},
    }
)  # fmt: skip
RESULTS = closed(
    {
        "tool": closed({"name": NAME, "version": TEXT}, "name"),
        "summary": closed(dict.fromkeys((*COUNTS, "flaky", "suites", "duration"), WHOLE), *COUNTS),
        "tests": {"type": "array", "items": TEST},
        "environment": ENVIRONMENT,
    },
    "tool", "summary", "tests",
)  # fmt: skip
SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    **closed(
        {
            "reportFormat": {"const": "CTRF"},
            "specVersion": {"type": "string", "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+$"},
            "reportId": {"type": "string", "format": "uuid"},
            "timestamp": {"type": "string", "format": "date-time"},
            "generatedBy": TEXT,
            "results": RESULTS,
        },
        "results", "reportFormat", "specVersion",
    ),
}  # fmt: skip
