import json

import jsonschema
import pytest

from loadkit.errors import Diagnostic, Position, Severity
from loadkit.outputs.findings import FORMATS, Checked, as_github, as_json, as_sarif, as_text, count_faults

AT = Position("load tests/a%,b:c.yaml", 3, 7)
FAULT = Diagnostic(code="LK101", message="100 %\r\nof it: all, really", at=AT, hint="mend it", length=4)
WARNING = Diagnostic(code="LK504", message="odd", at=Position("--overrides", 1, 2), severity=Severity.WARNING)
CHECKED = [Checked(files=(AT.file,), diagnostics=(FAULT, WARNING)), Checked(files=("b.yaml",), contents=("1 phase",))]

# What SARIF 2.1.0 requires of the objects that are written here (sarif-schema-2.1.0.json: `required`, types, ranges).
_TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
_COLUMN = {"type": "integer", "minimum": 1}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "properties": {"id": {"type": "string"}, "shortDescription": _TEXT},
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message"],
                            "properties": {
                                "message": _TEXT,
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "locations": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "properties": {
                                            "physicalLocation": {
                                                "type": "object",
                                                "required": ["artifactLocation"],
                                                "properties": {
                                                    "region": {
                                                        "type": "object",
                                                        "properties": {
                                                            "startLine": _COLUMN,
                                                            "startColumn": _COLUMN,
                                                            "endColumn": _COLUMN,
                                                        },
                                                    }
                                                },
                                            }
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def test_annotations_escape_what_would_end_them():
    first, second = as_github(CHECKED).split("\n")
    assert first == (
        "::error file=load tests/a%25%2Cb%3Ac.yaml,line=3,endLine=3,col=7,endColumn=11,title=LK101 unknown key"
        "::100 %25%0D%0Aof it: all, really%0Ahint: mend it"
    )
    assert second == "::warning title=LK504 an unknown plugin::--overrides:1:2: odd"


def test_sarif_is_what_the_standard_requires():
    log = json.loads(as_sarif(CHECKED))
    jsonschema.Draft202012Validator(SARIF).validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == ["LK101", "LK504"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "load%20tests/a%25%2Cb%3Ac.yaml"
    assert place["region"] == {"startLine": 3, "startColumn": 7, "endColumn": 11}
    assert "locations" not in run["results"][1], "an option is no file"


def test_json_counts_and_places():
    found = json.loads(as_json(CHECKED))
    assert (found["errors"], found["warnings"], found["files"]) == (1, 1, [AT.file, "b.yaml"])
    assert [one["code"] for one in found["diagnostics"]] == ["LK101", "LK504"]


def test_text_names_the_files_when_there_are_several():
    lines = as_text(CHECKED).splitlines()
    assert lines[-2:] == [f"{AT.file}: 1 fault, 1 warning", "ok: b.yaml: 1 phase, 0 warnings"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_clean_file_is_well_formed_in_every_format(name):
    text = FORMATS[name]([Checked(files=("b.yaml",))])
    assert json.loads(text) if name in ("json", "sarif") else text in ("", "ok: b.yaml: 0 warnings")


def test_faults_are_counted_apart_from_warnings():
    assert count_faults([FAULT, FAULT]) == "2 faults"
    assert count_faults([FAULT, WARNING]) == "1 fault, 1 warning"
