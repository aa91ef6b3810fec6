"""A processor through the real command: who imports it, what it prints, and what becomes of a broken one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import ends_with, loadkit, run, scenario, write_yaml
from tests.support.steady_server import steady_server

PHASES = [{"duration": 1, "arrivalRate": 10}]
HOOKS = """
import os

print("imported")

def visit(user, metrics):
    from beside import greeting
    print(greeting(), os.getpid())
    metrics.counter("visits.greeted")
    metrics.rate("visits")
    metrics.histogram("visits.length", 12)
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with steady_server() as made:
        yield made


def test_workers_carry_hooks_out_and_what_they_print_and_count_comes_together(tmp_path: Path, url: str) -> None:
    (tmp_path / "hooks.py").write_text(HOOKS)
    (tmp_path / "beside.py").write_text("def greeting():\n    return 'hello from'\n")
    thresholds = ["visits.greeted == 10", "visits > 0/s", "visits.length.max < 13"]
    flow = [{"function": "visit"}, {"get": {"url": "/"}}]
    data = scenario(url, PHASES, flow, processor="./hooks.py", thresholds=thresholds)
    result = run(tmp_path, data, "--workers", 2)
    assert ends_with(result, 0), result.out + result.err
    greetings = [line for line in result.out.splitlines() if line.startswith("hello from ")]
    assert len(greetings) == result.counters["visits.greeted"] == 10
    assert len(set(greetings)) == 2  # processes
    assert result.out.splitlines().count("imported") == 1  # by the coordinator, before anything starts
    assert result.summaries["visits.length"]["count"] == 10
    assert result.report is not None
    assert result.report["aggregate"]["rates"]["visits"] == result.report["aggregate"]["rates"]["http.request_rate"]
    assert all(0 < worker["hooks"]["max"] < 1 for worker in result.report["loadkit"]["health"]["workers"])
    assert not any(name.startswith("rates.") for name in result.counters)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import json\n1 / 0\ndef visit(user): ...\n", "hooks.py:2: ZeroDivisionError: division by zero"),
        ("from functools import partial\nvisit = partial(lambda a, b, c: 1)\n", "takes (a, b, c)"),
    ],
)
def test_what_is_wrong_in_a_module_is_the_file_s_fault_and_validate_does_not_run_it(
    tmp_path: Path, url: str, source: str, said: str
) -> None:
    (tmp_path / "hooks.py").write_text(source)
    path = write_yaml(tmp_path, scenario(url, PHASES, [{"function": "visit"}], processor="./hooks.py"))
    assert loadkit("validate", path).code == 0
    assert loadkit("plan", path).code == 0
    result = loadkit("run", path)
    assert result.code == 2
    assert "LK23" in result.err
    assert said in result.err
    assert f"{path}:6:" in result.err
    assert "Traceback" not in result.err


def test_a_processor_in_javascript_is_refused_with_the_python_to_write(tmp_path: Path, url: str) -> None:
    (tmp_path / "hooks.js").write_text("module.exports = { visit };\nfunction visit(context, ee, next) { next(); }\n")
    path = write_yaml(tmp_path, scenario(url, PHASES, [{"function": "visit"}], processor="./hooks.js"))
    result = loadkit("run", path)
    assert result.code == 2
    assert "hooks.js is JavaScript, which loadkit does not run; the scenario uses visit of it" in result.err
    assert "        def visit(user, metrics):\n            pass" in result.err
