from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loadkit.cli.against import Against, against_baseline, with_baseline
from loadkit.cli.bundles import Keeping
from loadkit.cli.comparing import Asked
from loadkit.cli.conclusion import Conclusion
from loadkit.cli.execute import Choices
from loadkit.errors import ExitCode, UsageError
from loadkit.report.baselines import Baselines
from loadkit.report.fingerprint import fingerprint
from loadkit.report.history import Store, open_store
from loadkit.report.noise import put_calibration
from loadkit.report.report import generator
from loadkit.slo.validity import Measurement, Validity
from tests.support.histories import run_id, run_report
from tests.support.results import plan, result

PLAN = plan()
MINE = fingerprint(PLAN, generator()["host"])["id"]
LEVELS = [200, 204, 197, 202, 199]


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("LOADKIT_UPDATE_BASELINE", "LOADKIT_REGRESSION_THRESHOLD", "LOADKIT_NO_STORE"):
        monkeypatch.delenv(name, raising=False)
    return str(tmp_path / "history.db")


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as made:
        yield made


@pytest.fixture
def main(store: Store) -> Baselines:
    """A rolling baseline of five runs around 200 ms."""
    runs = [store.add(run_report(number, p95_ms=level, fingerprint=MINE)) for number, level in enumerate(LEVELS)]
    Baselines(store).set("main", runs, size=5)
    return Baselines(store)


def concluded(p95_ms: float, number: int = 9) -> Conclusion:
    return Conclusion(result(plan=PLAN), run_report(number, p95_ms=p95_ms, fingerprint=MINE))


def against(url: str, *, stored: bool = True) -> Against:
    return against_baseline("main", PLAN, url, Asked(), stored=stored)


def body(found: Conclusion) -> dict[str, Any]:
    section: dict[str, Any] = found.report["loadkit"]
    return section


def test_a_run_that_is_certainly_slower_is_blocked(url: str, main: Baselines) -> None:
    found = concluded(350)
    against(url).find(found)
    assert body(found)["comparison"]["verdict"] == "regression"
    assert body(found)["comparison"]["severity"] == "critical"
    assert (found.code, body(found)["exit_code"]) == (ExitCode.REGRESSION, 4)
    assert found.last.startswith("REGRESSION critical")
    (section,) = found.sections
    assert (section.title, section.troubled) == ("Baseline main", True)


def test_a_run_without_a_change_passes(url: str, main: Baselines) -> None:
    found = concluded(201)
    against(url).find(found)
    assert (found.code, found.last) == (ExitCode.PASS, "")
    assert body(found)["comparison"]["severity"] is None
    assert not found.sections[0].troubled


def test_the_environment_says_what_is_a_regression(url: str, main: Baselines, monkeypatch: pytest.MonkeyPatch) -> None:
    found = concluded(270)
    against(url).find(found)
    assert found.code is ExitCode.PASS, "major, which does not block"
    monkeypatch.setenv("LOADKIT_REGRESSION_THRESHOLD", "20%")
    found = concluded(270)
    against(url).find(found)
    assert found.code is ExitCode.REGRESSION
    monkeypatch.setenv("LOADKIT_REGRESSION_THRESHOLD", "60%")
    found = concluded(270)
    against(url).find(found)
    assert body(found)["comparison"]["severity"] is None


def test_measured_noise_is_reckoned_with(url: str, main: Baselines, store: Store) -> None:
    put_calibration(store, MINE, 0.2, 5)
    assert against(url).settings.noise_floor == 0.2


def test_a_slow_creep_shows_beside_how_the_baseline_began(url: str, main: Baselines, store: Store) -> None:
    for number in range(10):
        main.add("main", store.add(run_report(20 + number, p95_ms=200 * 1.05 ** (1 + number), fingerprint=MINE)))
    found = concluded(200 * 1.05**10, number=40)
    against(url).find(found)
    assert found.code is ExitCode.PASS
    assert body(found)["comparison"]["severity"] is None
    assert body(found)["drift"]["severity"] == "critical"
    assert body(found)["drift"]["runs"] == [run_id(number) for number in range(5)]
    (section,) = found.sections
    assert section.troubled
    assert section.lines[-1].startswith(f"drift since {run_id(0)}: REGRESSION critical: p95 /products")


def test_a_baseline_that_did_not_move_has_no_drift(url: str, main: Baselines) -> None:
    found = concluded(201)
    against(url).find(found)
    assert body(found)["drift"] is None


def test_a_missing_baseline_is_an_error_before_any_load(url: str) -> None:
    with pytest.raises(
        UsageError, match="there is no baseline main: none is set; make one of the last runs that passed"
    ):
        against(url)


def test_a_baseline_of_something_else_is_an_error_that_says_what_differs(url: str, store: Store) -> None:
    Baselines(store).set("main", [store.add(run_report(0, fingerprint="another"))])
    with pytest.raises(UsageError, match="the baseline main is not comparable with this run: it was made with another"):
        against(url)


def test_a_baseline_whose_runs_are_gone_is_an_error(url: str, main: Baselines, store: Store) -> None:
    for run in store.runs():
        store.remove(run.id)
    with pytest.raises(UsageError, match="none of its runs is left in the history"):
        against(url)


@pytest.mark.parametrize(
    ("p95_ms", "moves"), [(201, True), (230, False), (350, False)], ids=["unchanged", "slower", "blocked"]
)
def test_a_baseline_follows_what_passes_and_did_not_regress(
    url: str, main: Baselines, store: Store, monkeypatch: pytest.MonkeyPatch, p95_ms: float, moves: bool
) -> None:
    monkeypatch.setenv("LOADKIT_UPDATE_BASELINE", "true")
    found, asked = concluded(p95_ms), against(url)
    asked.find(found)
    asked.keep(store, store.add(found.report))
    held = [run.id for run in main.find("main").runs]
    assert held == [run_id(number) for number in ((1, 2, 3, 4, 9) if moves else range(5))]


def test_a_baseline_stays_as_it_is_unless_it_is_to_follow(url: str, main: Baselines, store: Store) -> None:
    found, asked = concluded(201), against(url)
    asked.find(found)
    asked.keep(store, store.add(found.report))
    assert [run.id for run in main.find("main").runs] == [run_id(number) for number in range(5)]


def test_a_missing_baseline_is_made_where_the_environment_says_so(
    url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOADKIT_UPDATE_BASELINE", "true")
    found, asked = concluded(200), against(url)
    asked.find(found)
    assert found.code is ExitCode.PASS
    assert body(found)["comparison"] is None
    asked.keep(store, store.add(found.report))
    made = Baselines(store).find("main")
    assert (made.kind, made.size, [run.id for run in made.runs]) == ("rolling", 5, [run_id(9)])


def test_one_of_something_else_is_made_anew(url: str, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    Baselines(store).set("main", [store.add(run_report(0, fingerprint="another"))])
    monkeypatch.setenv("LOADKIT_UPDATE_BASELINE", "true")
    found, asked = concluded(200), against(url)
    asked.find(found)
    asked.keep(store, store.add(found.report))
    assert [run.id for run in Baselines(store).find("main").runs] == [run_id(9)]


def test_a_run_that_is_not_kept_cannot_become_part_of_a_baseline(
    url: str, main: Baselines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOADKIT_UPDATE_BASELINE", "true")
    with pytest.raises(UsageError, match="needs the run to be kept: leave out --no-store"):
        against(url, stored=False)


def test_a_run_is_followed_by_what_was_asked_for(url: str, main: Baselines) -> None:
    made = with_baseline(Choices(keeping=Keeping(store=url)), "main", PLAN)
    assert (len(made.findings), len(made.then)) == (1, 1)


def test_of_a_measurement_that_is_invalid_the_comparison_says_nothing_more_with_q(url: str, main: Baselines) -> None:
    invalid = Measurement(status=Validity.INVALID, reasons=("the generator was too slow",))
    report = run_report(9, p95_ms=200, fingerprint=MINE)
    report["loadkit"]["measurement"] |= {"status": "invalid", "reasons": ["the generator was too slow"]}
    report["loadkit"]["exit_code"] = 5
    found = Conclusion(result(plan=PLAN, measurement=invalid), report)
    against(url).find(found)
    assert found.code is ExitCode.INVALID_MEASUREMENT
    assert not found.sections[0].troubled
