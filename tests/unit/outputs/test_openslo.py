"""OpenSLO v1: the documents have the shape that the specification gives them, and come back as they went."""

from typing import Any

import pytest
import yaml
from jsonschema.validators import Draft202012Validator

from loadkit.errors import UsageError
from loadkit.importers.openslo import read_openslo
from loadkit.outputs.openslo import openslo
from loadkit.outputs.promql import Metrics
from loadkit.slo.objective import Slo
from tests.support.objectives import slo, slos

NAME = {"type": "string", "pattern": r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"}
SPAN = {"type": "string", "pattern": r"^[1-9][0-9]*[mhdwMQY]$"}
METADATA = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": NAME,
        "displayName": {"type": "string", "minLength": 1},
        "annotations": {"type": "object", "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 63}},
    },
    "additionalProperties": False,
}
SOURCE = {
    "type": "object",
    "required": ["metricSource"],
    "properties": {
        "metricSource": {"type": "object", "required": ["spec"], "properties": {"spec": {"type": "object"}}}
    },
}
SLI = {
    "type": "object",
    "required": ["ratioMetric"],
    "properties": {
        "ratioMetric": {
            "type": "object",
            "required": ["counter", "total", "good"],
            "properties": {"counter": {"type": "boolean"}, "good": SOURCE, "total": SOURCE},
            "additionalProperties": False,
        }
    },
    "additionalProperties": False,
}
SLO: dict[str, Any] = {
    "type": "object",
    "required": ["service", "budgetingMethod", "objectives", "indicator"],
    "additionalProperties": False,
    "properties": {
        "description": {"type": "string", "maxLength": 1050},
        "service": NAME,
        "indicator": {
            "type": "object",
            "required": ["metadata", "spec"],
            "properties": {"metadata": METADATA, "spec": SLI},
        },
        "timeWindow": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": {
                "type": "object",
                "required": ["duration", "isRolling"],
                "properties": {"duration": SPAN, "isRolling": {"const": True}},
            },
        },
        "budgetingMethod": {"enum": ["Occurrences", "Timeslices", "RatioTimeslices"]},
        "objectives": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["target"],
                "additionalProperties": False,
                "properties": {
                    "displayName": {"type": "string"},
                    "target": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
                    "timeSliceTarget": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
                    "timeSliceWindow": {"oneOf": [SPAN, {"type": "number", "exclusiveMinimum": 0}]},
                },
            },
        },
        "alertPolicies": {"type": "array", "items": NAME},
    },
    "if": {"properties": {"budgetingMethod": {"const": "Timeslices"}}},
    "then": {"properties": {"objectives": {"items": {"required": ["timeSliceTarget", "timeSliceWindow"]}}}},
}
CONDITION = {
    "type": "object",
    "required": ["severity", "condition"],
    "properties": {
        "severity": {"type": "string"},
        "condition": {
            "type": "object",
            "required": ["kind", "op", "threshold", "lookbackWindow", "alertAfter"],
            "additionalProperties": False,
            "properties": {
                "kind": {"const": "burnrate"},
                "op": {"enum": ["lte", "gte", "lt", "gt"]},
                "threshold": {"type": "number"},
                "lookbackWindow": SPAN,
                "alertAfter": SPAN,
            },
        },
    },
}
POLICY = {
    "type": "object",
    "required": ["alertWhenNoData", "alertWhenResolved", "alertWhenBreaching", "conditions", "notificationTargets"],
    "properties": {
        "conditions": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": {
                "type": "object",
                "required": ["kind", "metadata", "spec"],
                "properties": {"kind": {"const": "AlertCondition"}, "metadata": METADATA, "spec": CONDITION},
            },
        },
        "notificationTargets": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["targetRef"]}},
    },
}
SPECS = {
    "SLO": SLO,
    "AlertPolicy": POLICY,
    "Service": {"type": "object"},
    "AlertNotificationTarget": {"required": ["target"]},
}


def errors(document: dict[str, Any]) -> list[str]:
    whole = {
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": False,
        "properties": {
            "apiVersion": {"const": "openslo/v1"},
            "kind": {"enum": list(SPECS)},
            "metadata": METADATA,
            "spec": SPECS[document["kind"]],
        },
    }
    return [error.message for error in Draft202012Validator(whole).iter_errors(document)]


def written(made: tuple[Slo, ...]) -> str:
    documents, _ = openslo(made, Metrics(), "my shop")
    return "---\n".join(yaml.safe_dump(document, sort_keys=False) for document in documents)


def test_documents_are_valid() -> None:
    documents = list(yaml.safe_load_all(written(slos())))
    assert {document["metadata"]["name"]: found for document in documents if (found := errors(document))} == {}
    assert [document["kind"] for document in documents].count("SLO") == 6


def test_names_that_become_alike_stay_apart() -> None:
    pair = slos([{"name": name, "sli": {"availability": True}, "target": 0.9, "alerts": []} for name in ("A b", "a-b")])
    documents, _ = openslo(pair, Metrics(), "shop")
    assert [document["metadata"]["name"] for document in documents if document["kind"] == "SLO"] == ["a-b", "a-b-2"]


def test_what_it_cannot_say_is_told() -> None:
    _, notes = openslo([slo(window="1h")], Metrics(), "shop")
    assert "whole minutes, and its window is 15s" in notes[0]
    assert "no alert on what is left" in notes[-1]
    with pytest.raises(UsageError, match="its window is 1m30s"):
        openslo([slo(window="90s", alerts=[])], Metrics(), "shop")


def test_objectives_come_back_as_they_went() -> None:
    before = slos()
    after = slos(read_openslo(written(before), "slos.yaml").slos)
    assert after == before
