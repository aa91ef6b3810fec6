"""The step `call` from the outside: modules are imported in workers, and their faults are those of the file."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Result, ends_with, loadkit, run, write_yaml

MARK = "from pathlib import Path\nPath(__file__).with_suffix('.ran').touch()\n"
FLOW = [{"call": {"function": "mine:f", "with": {"a": 1}}}]


def scenario(flow: list[Any], **config: Any) -> dict[str, Any]:
    return {"config": {"phases": [{"duration": 1, "arrivalRate": 20}], **config}, "scenarios": [{"flow": flow}]}


def write(directory: Path, source: str) -> Path:
    path = directory / "mine.py"
    path.write_text(MARK + source)
    return path.with_suffix(".ran")


@pytest.mark.parametrize("command", [["validate"], ["plan"], ["diff"]])
def test_reading_a_scenario_runs_no_code_of_its_modules(tmp_path: Path, command: list[str]) -> None:
    ran = write(tmp_path, "def f(a): return a\n")
    path = write_yaml(tmp_path, scenario(FLOW))
    result = loadkit(*command, path, *([path] if command == ["diff"] else []))
    assert (result.code, ran.exists()) == (0, False), result.err


def test_workers_share_the_calls_of_a_plan_without_a_target(tmp_path: Path) -> None:
    write(tmp_path, "def f(a): return a\n")
    thresholds = ["python.error_rate == 0", 'python.response_time.max < 30s of "mine:f"']
    result = run(tmp_path, scenario(FLOW, thresholds=thresholds), "--workers", 2)
    assert ends_with(result, 0), result.out + result.err
    assert result.report is not None
    assert result.counters["python.calls"] == result.counters["python.returns"] == 20
    assert result.summaries["python.response_time"]["count"] == 20
    [call] = result.report["loadkit"]["calls"]
    assert (call["name"], call["calls"], call["service_time_ms"]["count"]) == ("mine:f", 20, 20)
    assert result.report["aggregate"]["rates"]["python.call_rate"] > 0
    assert result.out.startswith("\ntest\n")  # against nothing


def refused(result: Result, says: str) -> bool:
    return result.code == 2 and says in result.err and "1 fault in the scenario; nothing was run" in result.err


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def f(a): pass\n1 / 0\n", "mine.py:4: ZeroDivisionError: division by zero"),
        ("f = 3\n", '"mine:f" is not a function but int'),
    ],
)
def test_a_module_that_cannot_be_imported_is_a_fault_of_the_file(tmp_path: Path, source: str, says: str) -> None:
    write(tmp_path, source)
    result = run(tmp_path, scenario(FLOW))
    assert refused(result, "error LK220: "), result.err
    assert says in result.err
    assert result.report is None
