"""What checking scenario files found, in the formats that people, CI services and code scanners read.

text    as compilers print it                 github   workflow commands: annotations beside the lines of a pull request
json    one object with every finding         sarif    SARIF 2.1.0 (OASIS), which code scanning takes
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from loadkit import __version__
from loadkit.errors import CODES, Diagnostic, Severity
from loadkit.outputs.base import counted
from loadkit.outputs.workflow import workflow_command


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One scenario, of one file or several that are merged. `contents` says what a valid one holds: "1 phase, 1 scenario"."""

    files: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    contents: tuple[str, ...] = ()

    @property
    def errors(self) -> int:
        """Return how many faults it has."""
        return sum(found.severity is Severity.ERROR for found in self.diagnostics)

    @property
    def warnings(self) -> int:
        """Return how many warnings there are."""
        return len(self.diagnostics) - self.errors


def as_text(checked: Sequence[Checked]) -> str:
    """Return each finding with its line and hint, and a line for each scenario."""
    lines = []
    for one in checked:
        lines += [found.render(one.sources) for found in one.diagnostics]
        warnings = counted(one.warnings, "warning")
        if not one.errors:
            lines.append(f"ok: {', '.join(one.files)}: {', '.join((*one.contents, warnings))}")
        else:
            named = f"{', '.join(one.files)}: " if len(checked) > 1 else ""
            lines.append(named + count_faults(one.diagnostics))
    return "\n".join(lines)


def count_faults(diagnostics: Sequence[Diagnostic]) -> str:
    """Return "2 faults", or "2 faults, 1 warning"."""
    warnings = sum(found.severity is Severity.WARNING for found in diagnostics)
    faults = counted(len(diagnostics) - warnings, "fault")
    return f"{faults}, {counted(warnings, 'warning')}" if warnings else faults


def as_json(checked: Sequence[Checked]) -> str:
    """Return one object: the files, the numbers of errors and warnings, and each finding with its place."""
    found = {
        "version": __version__,
        "files": [file for one in checked for file in one.files],
        "errors": sum(one.errors for one in checked),
        "warnings": sum(one.warnings for one in checked),
        "diagnostics": [_record(diagnostic) for one in checked for diagnostic in one.diagnostics],
    }
    return json.dumps(found, indent=2, ensure_ascii=False)


def _record(found: Diagnostic) -> dict[str, Any]:
    return {
        "file": found.at.file,
        "line": found.at.line,
        "column": found.at.column,
        "end_column": found.at.column + max(1, found.length),
        "severity": found.severity.value,
        "code": found.code,
        "message": found.message,
        "hint": found.hint,
    }


def as_github(checked: Sequence[Checked]) -> str:
    """Return a workflow command for each finding."""
    return "\n".join(_command(found) for one in checked for found in one.diagnostics)


def _command(found: Diagnostic) -> str:
    at, text = found.at, "\n".join(filter(None, (found.message, found.hint and f"hint: {found.hint}")))
    properties: dict[str, Any] = {"title": f"{found.code} {CODES.get(found.code, '')}".strip()}
    if _is_file(at.file):
        place = {"line": at.line, "endLine": at.line, "col": at.column, "endColumn": at.column + max(1, found.length)}
        properties = {"file": Path(at.file).as_posix(), **place, **properties}
    else:
        text = f"{at}: {text}"
    return workflow_command(found.severity.value, text, properties)


def as_sarif(checked: Sequence[Checked]) -> str:
    """Return a SARIF log with one run; a rule is a diagnostic code."""
    diagnostics = [found for one in checked for found in one.diagnostics]
    codes = sorted({found.code for found in diagnostics})
    rules = [{"id": code, "shortDescription": {"text": CODES.get(code, code)}} for code in codes]
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "loadkit", "version": __version__, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(found, codes) for found in diagnostics],
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False)


def _result(found: Diagnostic, codes: list[str]) -> dict[str, Any]:
    at, text = found.at, "\n".join(filter(None, (found.message, found.hint and f"hint: {found.hint}")))
    result: dict[str, Any] = {
        "ruleId": found.code,
        "ruleIndex": codes.index(found.code),
        "level": found.severity.value,
    }
    if not _is_file(at.file):
        return {**result, "message": {"text": f"{at}: {text}"}}
    region = {"startLine": at.line, "startColumn": at.column, "endColumn": at.column + max(1, found.length)}
    place = {"artifactLocation": {"uri": _uri(at.file)}, "region": region}
    return {**result, "message": {"text": text}, "locations": [{"physicalLocation": place}]}


def _uri(file: str) -> str:
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _is_file(name: str) -> bool:
    return not name.startswith("-")  # values of options stand in texts named by the option


FORMATS: Mapping[str, Callable[[Sequence[Checked]], str]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
    "sarif": as_sarif,
}
