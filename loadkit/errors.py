"""Positions, diagnostics and the exception tree; every exception knows its exit code.

LoadkitError
├─ ScenarioError     the file is wrong: every fault at once, by position
├─ UsageError        the command line is wrong
├─ PluginError       a plugin or an optional dependency is missing
├─ PreflightError    nothing can be attempted: unwritable output, too few descriptors, no embedded target, `before` failed
├─ FleetError        workers were lost; the run cannot be trusted as a whole
└─ JournalError      a journal of which nothing can be recovered
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum


class ExitCode(IntEnum):
    """What the process's exit status says. Precedence: signal > 5 > 3 > 4."""

    PASS = 0
    BUG = 1
    INVALID_INPUT = 2
    FAILED = 3
    REGRESSION = 4
    INVALID_MEASUREMENT = 5
    PREFLIGHT = 6
    SIGINT = 130
    SIGTERM = 143

    @classmethod
    def foremost(cls, *codes: ExitCode) -> ExitCode:
        """Return the one that takes precedence among the ends of runs; PASS of none."""
        return next((code for code in _PRECEDENCE if code in codes), cls.PASS)


_PRECEDENCE = (
    ExitCode.SIGINT,
    ExitCode.SIGTERM,
    ExitCode.INVALID_MEASUREMENT,
    ExitCode.FAILED,
    ExitCode.REGRESSION,
)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a text: file as the user wrote it, line and column counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Severity(Enum):
    """An error stops the command; a warning is shown and the run goes on."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One fault of a scenario file. `code` is a key of CODES and never changes its meaning."""

    code: str
    message: str
    at: Position
    severity: Severity = Severity.ERROR
    hint: str = ""
    length: int = 1

    def render(self, sources: Mapping[str, str]) -> str:
        """Return the diagnostic as compilers print it: headline, source line, caret, hint.

        `sources` maps file names to their whole text; an unknown file leaves out the source line.
        """
        lines = [_on_one_line(f"{self.at}: {self.severity.value} {self.code}: {self.message}")]
        text = sources.get(self.at.file, "").splitlines()
        if 0 < self.at.line <= len(text):
            lines += self._pointer(text[self.at.line - 1])
        if self.hint:
            first, *others = self.hint.split("\n")
            lines.append(_on_one_line(f"    hint: {first}"))
            lines += [_on_one_line(f"        {line}") if line else "" for line in others]
        return "\n".join(lines)

    def covers(self, at: Position) -> bool:
        """Return whether a place lies in what this diagnostic underlines."""
        behind = at.column - self.at.column
        return (at.file, at.line) == (self.at.file, self.at.line) and 0 <= behind < max(1, self.length)

    def _pointer(self, source: str) -> list[str]:
        """Return the source line, or what of a long one stands around the place, and the caret below it."""
        start, first = min(self.at.column - 1, len(source)), 0
        if len(source) > _LONGEST_LINE:
            first = max(0, min(start - _LONGEST_LINE // 2, len(source) - _LONGEST_LINE))
            source = source[first : first + _LONGEST_LINE]
        source = _CONTROL.sub(lambda match: match[0] if match[0] == "\t" else "\ufffd", source)
        indent = "".join("\t" if char == "\t" else " " for char in source[: start - first])
        width = max(1, min(self.length, len(source) - len(indent)))
        return [f"    {source}", f"    {indent}{'^' * width}"]


_LONGEST_LINE = 300
_LONGEST_MESSAGE = 2000
_CONTROL = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029]")


def _on_one_line(text: str) -> str:
    """Return a text, cut where it is long, with its control characters as escapes: no file steers the terminal."""
    if len(text) > _LONGEST_MESSAGE:
        text = f"{text[: _LONGEST_MESSAGE - 3]}..."
    return _CONTROL.sub(lambda match: repr(match[0])[1:-1], text)


class LoadkitError(Exception):
    """The root of all errors that loadkit raises on purpose."""

    exit_code = ExitCode.BUG


class ScenarioError(LoadkitError):
    """A scenario file that cannot mean anything; carries every fault found in it."""

    exit_code = ExitCode.INVALID_INPUT

    def __init__(self, diagnostics: Iterable[Diagnostic], sources: Mapping[str, str]) -> None:
        self.diagnostics = tuple(diagnostics)
        self.sources = dict(sources)
        super().__init__("\n".join(d.render(self.sources) for d in self.diagnostics))


class UsageError(LoadkitError):
    """A command line that cannot be carried out."""

    exit_code = ExitCode.INVALID_INPUT


class PluginError(LoadkitError):
    """A plugin or an optional dependency is missing; the message says what to install."""

    exit_code = ExitCode.INVALID_INPUT


class PreflightError(LoadkitError):
    """Nothing can be attempted: the output cannot be written, descriptors do not suffice, demo:// or `before` fails."""

    exit_code = ExitCode.PREFLIGHT


class FleetError(LoadkitError):
    """Workers were lost; the run cannot be trusted as a whole."""

    exit_code = ExitCode.INVALID_MEASUREMENT


class JournalError(LoadkitError):
    """A file that is no journal, or of which not even the beginning can be read."""

    exit_code = ExitCode.INVALID_INPUT


CODES: dict[str, str] = {
    # LK0xx: the text is not the YAML we read
    "LK001": "the file cannot be read",
    "LK002": "YAML syntax error",
    "LK003": "a tab is used for indentation",
    "LK004": "a quote is opened and never closed",
    "LK005": "the same key stands twice in one mapping",
    "LK006": "a template is not quoted",
    "LK007": "a YAML tag that is not allowed",
    "LK008": "the file is too large, too deep or expands to too much",
    "LK009": "a YAML 1.1 value that is read as text here (yes/no/on/off, octal, sexagesimal)",
    "LK010": "the file holds more than one document, or no mapping",
    # LK1xx: the shape is wrong
    "LK101": "unknown key",
    "LK102": "a value of the wrong type",
    "LK103": "a required key is missing",
    "LK104": "a value outside its range or not one of those allowed",
    "LK105": "a step without an action, or with more than one",
    "LK106": "a key that belongs to another action",
    "LK107": "unknown step action",
    "LK108": "extends: a file that cannot be read, or that extends itself",
    # LK2xx: the meaning is wrong
    "LK201": "a variable that nothing defines",
    "LK202": "a variable used before its capture",
    "LK203": "an unknown template function",
    "LK204": "a template that cannot be parsed",
    "LK205": "a JSONPath that cannot be parsed",
    "LK206": "a regular expression that cannot be compiled",
    "LK207": "a weight that is negative, or weights that are all zero",
    "LK208": "a phase that never starts anyone",
    "LK209": "open and closed keys in one phase",
    "LK210": "a payload that does not exist or cannot be read",
    "LK211": "a duration, rate or size that cannot be read",
    "LK212": "an invalid URL or target",
    "LK213": "no target",
    "LK214": "an invalid header, cookie or file reference",
    "LK215": "an unknown scenario name",
    "LK216": "a capture that cannot capture",
    "LK217": "phases that are all warm-up",
    "LK218": "a proxy, socket or address of config.http that cannot be used",
    "LK220": "a Python function that cannot be called",
    "LK230": "a processor that cannot be used",
    "LK231": "a function that cannot be called where it is named",
    "LK240": "an unknown kind of output",
    "LK241": "an option of an output that means nothing",
    "LK242": "two outputs that are in each other's way",
    # LK3xx: thresholds and objectives
    "LK301": "a threshold that cannot be parsed",
    "LK302": "an unknown metric",
    "LK303": "a percentile outside 0..100",
    "LK304": "an unknown request, scenario, phase or check in a threshold or an objective",
    "LK305": "keys of a threshold that do not go together",
    "LK310": "an indicator of an objective that cannot be read",
    "LK311": "an objective that can never be met or judged",
    "LK312": "an alert that can never fire, or always does",
    "LK313": "two objectives of one name",
    "LK314": "keys of an objective that do not go together",
    "LK315": "a setting of an objective that has no effect",
    # LK4xx: limits
    "LK401": "a host that is not allowed",
    "LK402": "a planned rate above the limit",
    # LK5xx: warnings, what Artillery would run
    "LK501": "an ifTrue expression that cannot be parsed; the request is sent",
    "LK502": "an environment variable that is not set",
    "LK503": "ensure without plugins.ensure is not judged",
    "LK504": "an unknown plugin",
    "LK505": "a key that is accepted and has no effect here",
    "LK506": "behaviour that differs from Artillery's",
    "LK507": "an unknown environment",
    "LK508": "an ifTrue that reads a variable that nothing defines",
    "LK509": "more request names than are kept apart",
    "LK510": "data without rows or values, or with too few rows",
    "LK512": "a capture or match that fails at each response, or takes something else than it says",
    "LK520": "a function that the processor does not have",
    # LK6xx: gates
    "LK601": "a gate that plans more time than its budget",
    "LK602": "two runs of a gate with the same name",
    "LK603": "an environment of a gate that does not exist, or in which nothing runs",
    "LK604": "a scenario file of a gate that does not exist",
    "LK605": "a gate where a scenario is expected",
    # LK7xx: the system under test
    "LK701": "an entry of config.observe that does not say what is observed, or says several things",
    "LK702": "two things that are observed under one name",
    "LK703": "a setting of what is observed that cannot be used",
}
