"""A gate file: the runs that decide about a release, in one environment, and the time that they may take together.

planned time = sum over runs of (its phases + ALLOWANCE)                  must not exceed the budget

The allowance is for starting the workers, the visits that end after the last phase, and the report. Retries are not planned.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from loadkit.errors import Diagnostic, Position, ScenarioError, Severity
from loadkit.scenario.check import check_against
from loadkit.scenario.gate_keys import DEFAULT_BUDGETS, NO_BUDGET, gate_schema
from loadkit.scenario.source import Reading, Where, in_order, read_source
from loadkit.units import NS_PER_S, format_duration_ns, parse_duration_ns

ALLOWANCE_NS = 5 * NS_PER_S
DEFAULT_ENVIRONMENT = "ci"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRun:
    """One run of a gate. `files` are paths as they are opened; `variables` and `overrides` are JSON texts.

    `places` says where in the gate file stands what is passed on like an option: "--target", "--overrides", "--variables".
    """

    name: str
    files: tuple[str, ...]
    at: Position
    required: bool = True
    weight: float = 1.0
    retries: int = 0
    baseline: str | None = None
    environment: str | None = None
    target: str | None = None
    variables: str | None = None
    overrides: str | None = None
    scenario_name: str | None = None
    seed: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, Position] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A gate in one of its environments; `budget_ns` is None where it may take as long as it likes."""

    name: str
    file: str
    environment: str
    budget_ns: int | None
    budget_at: Position
    budget_width: int
    runs: tuple[GateRun, ...]
    sources: Mapping[str, str]
    warnings: tuple[Diagnostic, ...] = ()


def read_gate(path: Path | str, environment: str | None = None) -> Gate:
    """Read a gate file for an environment, "ci" unless another is named. Raises ScenarioError with every fault of it."""
    reader = _Reader(read_source(path), Path(path))
    gate = reader.gate(environment or DEFAULT_ENVIRONMENT)
    return reader.judged([gate])[0]


def read_gates(path: Path | str) -> list[Gate]:
    """Return a gate file for each environment in which something runs. Raises ScenarioError with every fault of it."""
    reader = _Reader(read_source(path), Path(path))
    return reader.judged([reader.gate(name) for name in reader.used()])


class _Reader:
    """Makes gates of a file, and collects what is wrong with it. Raises ScenarioError where its shape is."""

    def __init__(self, reading: Reading, path: Path) -> None:
        self.path = path
        self.found = list(reading.diagnostics)
        if reading.document is None:
            raise ScenarioError(self.found, reading.sources)
        self.document = reading.document
        self.data = reading.document.data
        self.found += check_against(self.document, gate_schema())
        self.judged([])
        self.budgets = _budgets(self.data)
        self._check_environments()
        self.spans = {name: self._budget(name, written) for name, written in self.budgets.items()}

    def judged(self, gates: list[Gate]) -> list[Gate]:
        """Return gates with the warnings of their file. Raises ScenarioError when there are errors."""
        found = in_order(self.found)
        if any(one.severity is Severity.ERROR for one in found):
            raise ScenarioError(found, self.document.sources)
        return [replace(gate, warnings=found) for gate in gates]

    def report(self, code: str, where: Where, message: str, hint: str = "", *, key: bool = False) -> None:
        """Add an error at a value, or at its key."""
        at, length = self.document.at(where, key=key), self.document.width(where, key=key)
        self.found.append(Diagnostic(code=code, message=message, at=at, hint=hint, length=length))

    def used(self) -> list[str]:
        """Return the environments in which something runs."""
        return [name for name in self.budgets if any(_takes_part(run, name) for run in self.data["runs"])]

    def gate(self, name: str) -> Gate:
        """Return the gate in an environment."""
        taking_part = [index for index, run in enumerate(self.data["runs"]) if _takes_part(run, name)]
        if name not in self.budgets:
            message = f'there is no environment "{name}"'
            self.report("LK603", ("environments",), message, _closest(name, list(self.budgets)), key=True)
        elif not taking_part:
            hint = f"choose another environment with -e, or take {name} into the `only` of a run"
            self.report("LK603", ("runs",), f'no run takes part in the environment "{name}"', hint, key=True)
        self._check_names(taking_part)
        budget: Where = ("environments", name, "budget")
        return Gate(
            name=self.data.get("name") or self.path.stem,
            file=str(self.path),
            environment=name,
            budget_ns=self.spans.get(name),
            budget_at=self.document.at(budget),
            budget_width=self.document.width(budget),
            runs=tuple(self._run(index, name) for index in taking_part),
            sources=self.document.sources,
        )

    def _check_environments(self) -> None:
        known = list(self.budgets)
        for index, run in enumerate(self.data["runs"]):
            for number, name in enumerate(run.get("only", ())):
                if name not in known:
                    message = f'there is no environment "{name}"'
                    self.report("LK603", ("runs", index, "only", number), message, _closest(name, known))

    def _check_names(self, indexes: list[int]) -> None:
        first: dict[str, int] = {}
        for index in indexes:
            run = self.data["runs"][index]
            name = _run_name(run)
            if name in first:
                where: Where = ("runs", index, "name" if "name" in run else "scenario")
                line = self.document.at(("runs", first[name], "scenario")).line
                message = f'two runs of one environment are called "{name}"; the first stands on line {line}'
                self.report("LK602", where, message, "give each run a `name` of its own")
            first.setdefault(name, index)

    def _budget(self, name: str, written: object) -> int | None:
        if written is None or (isinstance(written, str) and written.strip().lower() == NO_BUDGET):
            return None
        try:
            span = parse_duration_ns(written)
        except ValueError as error:
            self.report("LK211", ("environments", name, "budget"), f"{error}", "write 10m, or none for no limit")
            return None
        if not span:
            text = "a budget of no time lets nothing run"
            self.report("LK104", ("environments", name, "budget"), text, "write 10m, or none for no limit")
        return span

    def _run(self, index: int, environment: str) -> GateRun:
        written: Mapping[str, Any] = self.data["runs"][index]
        settings: Mapping[str, Any] = self.data.get("environments", {}).get(environment) or {}
        where: Where = ("runs", index, "scenario")
        above: Where = ("environments", environment)
        variables = {**(settings.get("variables") or {}), **(written.get("variables") or {})}
        return GateRun(
            name=_run_name(written),
            files=self._files(where, written["scenario"]),
            at=self.document.at(where),
            required=written.get("required", True),
            weight=float(written.get("weight", 1)),
            retries=written.get("retries", 0),
            baseline=written.get("baseline"),
            environment=written.get("environment"),
            target=written.get("target") or settings.get("target"),
            variables=json.dumps(variables) if variables else None,
            overrides=json.dumps(written["overrides"]) if "overrides" in written else None,
            scenario_name=written.get("scenario_name"),
            seed=written.get("seed"),
            tags=dict(written.get("tags", {})),
            places={
                f"--{key}": self.document.at(("runs", index, key) if key in written else (*above, key), key=True)
                for key in ("target", "overrides", "variables")
            },
        )

    def _files(self, where: Where, written: str | list[str]) -> tuple[str, ...]:
        found = []
        for number, name in enumerate(written if isinstance(written, list) else [written]):
            place = (*where, number) if isinstance(written, list) else where
            file = self.path.parent / name
            if "\0" in name or not file.is_file():
                self.report("LK604", place, f"there is no scenario file {file}", _closest_file(file))
            found.append(str(file))
        return tuple(found)


def _budgets(data: Mapping[str, Any]) -> dict[str, object]:
    """Return the budget of each environment, as it is written: first those that need no definition."""
    written: Mapping[str, Any] = data.get("environments") or {}
    names = dict.fromkeys((*DEFAULT_BUDGETS, *written))
    return {name: (written.get(name) or {}).get("budget", DEFAULT_BUDGETS.get(name)) for name in names}


def _takes_part(run: Mapping[str, Any], environment: str) -> bool:
    return "only" not in run or environment in run["only"]


def _run_name(run: Mapping[str, Any]) -> str:
    written = run["scenario"]
    return str(run.get("name") or Path(written[0] if isinstance(written, list) else written).stem)


def _closest(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f'did you mean "{close[0]}"?' if close else f"there are: {', '.join(known)}"


def _closest_file(file: Path) -> str:
    try:
        names = [entry.name for entry, _ in zip(file.parent.iterdir(), range(10_000), strict=False) if entry.is_file()]
    except (OSError, ValueError):
        return f"there is no directory {file.parent}"
    close = difflib.get_close_matches(file.name, names, n=1)
    return f'did you mean "{close[0]}"?' if close else "paths are relative to the gate file"


# ------------------------------------------------------------------------------------------------------------------- time


def planned_ns(durations_ns: Sequence[int]) -> int:
    """Return how long runs take whose phases take so long."""
    return sum(durations_ns) + ALLOWANCE_NS * len(durations_ns)


def over_budget(gate: Gate, durations_ns: Sequence[int]) -> Diagnostic | None:
    """Return what is wrong when the runs of a gate, in their order, take longer than its environment allows."""
    if gate.budget_ns is None or planned_ns(durations_ns) <= gate.budget_ns:
        return None
    pairs = zip(gate.runs, durations_ns, strict=True)
    parts = ", ".join(f"{run.name} {format_duration_ns(span)}" for run, span in pairs)
    message = (
        f"the runs of {gate.environment} are planned to take {format_duration_ns(planned_ns(durations_ns))}, "
        f"and its budget is {format_duration_ns(gate.budget_ns)}"
    )
    allowance = format_duration_ns(ALLOWANCE_NS)
    hint = (
        f"{parts}, and {allowance} for each to start and end;\n"
        f"leave one out with `only`, shorten its phases, or give {gate.environment} a larger `budget`"
    )
    return Diagnostic(code="LK601", message=message, at=gate.budget_at, hint=hint, length=gate.budget_width)


def fits(gate: Gate, elapsed_ns: int, duration_ns: int) -> bool:
    """Say whether a run whose phases take so long still fits into what is left of the budget."""
    return gate.budget_ns is None or elapsed_ns + duration_ns <= gate.budget_ns
