"""Every file in scenarios/ is valid and runs against the embedded target."""

from pathlib import Path

import pytest

from tests.support.command import ROOT, finish, loadkit, start

FILES = sorted(path for path in (ROOT / "scenarios").glob("*.yaml"))
PARTS = {"base.yaml", "gate.yaml"}  # of the profiles, and a list of them
RUNNABLE = [path for path in FILES if path.name not in PARTS]


def test_the_profiles_are_there() -> None:
    assert {"light", "moderate", "stress", "spike", "quickstart", "hundred-users", "services"} <= {
        p.stem for p in FILES
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_is_valid_without_a_warning(path: Path) -> None:
    result = loadkit("validate", path)
    assert (result.code, "warning" in result.out.split("ok:")[0]) == (0, False), result.out + result.err


@pytest.mark.parametrize("path", RUNNABLE, ids=lambda path: path.stem)
def test_it_runs_with_solo(path: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    result = finish(start("run", path, "--solo", "-o", report), report)
    assert result.code == 0, result.out + result.err
    assert result.counters["vusers.completed"] == 1
    assert not [name for name in result.counters if name.startswith("errors.")]
