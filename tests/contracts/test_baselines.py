"""What holds of baselines in SQLite and in PostgreSQL alike."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from loadkit.errors import UsageError
from loadkit.report.baselines import Baselines
from loadkit.report.facts import Run
from loadkit.report.history import Store, open_store
from loadkit.report.noise import calibration_of, put_calibration
from loadkit.slo.evaluate import Status
from tests.contracts.test_histories import report
from tests.support.results import invalid, verdict


@pytest.fixture
def store(history_url: str) -> Iterator[Store]:
    with open_store(history_url) as made:
        yield made


@pytest.fixture
def baselines(store: Store) -> Baselines:
    return Baselines(store)


def added(store: Store, *numbers: int, **choices) -> list[Run]:
    return [store.add(report(number, **choices)) for number in numbers]


def minutes(runs) -> list[int]:
    return [int((run if isinstance(run, str) else run.id)[11:13]) for run in runs]


def test_a_pinned_baseline_holds_the_runs_it_was_given(store: Store, baselines: Baselines):
    runs = added(store, 2, 0, 1)
    made = baselines.set("release/2.4", runs)
    assert (made.name, made.kind, made.fingerprint, made.moved) == ("release/2.4", "pinned", "f1", False)
    assert minutes(made.runs) == [0, 1, 2]
    assert baselines.all() == [made]


def test_a_rolling_baseline_holds_the_last_so_many(store: Store, baselines: Baselines):
    made = baselines.set("main", added(store, 0, 1, 2, 3), size=3)
    assert (made.kind, made.size, minutes(made.runs)) == ("rolling", 3, [1, 2, 3])


def test_setting_a_baseline_again_forgets_what_it_was(store: Store, baselines: Baselines):
    baselines.set("main", added(store, 0, 1), size=5)
    made = baselines.set("main", added(store, 2, fingerprint="f2"))
    assert (made.kind, made.fingerprint, minutes(made.runs), minutes(made.first)) == ("pinned", "f2", [2], [2])


def test_a_rolling_baseline_drops_the_oldest_and_remembers_how_it_began(store: Store, baselines: Baselines):
    baselines.set("main", added(store, 0, 1, 2), size=3)
    (third, fourth) = added(store, 3, 4)
    made, dropped = baselines.add("main", third)
    assert (minutes(made.runs), minutes(dropped), minutes(made.first)) == ([1, 2, 3], [0], [0, 1, 2])
    made, dropped = baselines.add("main", fourth)
    assert (minutes(made.runs), minutes(dropped), minutes(made.first)) == ([2, 3, 4], [1], [0, 1, 2])
    assert made.moved


def test_a_rolling_baseline_grows_until_it_is_full(store: Store, baselines: Baselines):
    baselines.set("main", added(store, 0), size=3)
    made, dropped = baselines.add("main", *added(store, 1))
    assert (minutes(made.runs), list(dropped)) == ([0, 1], [])


def test_a_pinned_baseline_drops_nothing(store: Store, baselines: Baselines):
    baselines.set("main", added(store, 0, 1))
    made, dropped = baselines.add("main", *added(store, 2))
    assert (minutes(made.runs), list(dropped)) == ([0, 1, 2], [])


def test_adding_a_run_again_changes_nothing(store: Store, baselines: Baselines):
    runs = added(store, 0, 1, 2)
    baselines.set("main", runs, size=3)
    made, dropped = baselines.add("main", runs[2])
    assert (minutes(made.runs), list(dropped)) == ([0, 1, 2], [])


@pytest.mark.parametrize(
    ("choices", "why"),
    [
        ({"verdicts": (verdict(Status.FAIL),)}, "a threshold, an objective or a check did not hold"),
        ({"measurement": invalid()}, "its measurement is INVALID"),
        ({"signal": "SIGINT"}, "it was stopped before its end"),
    ],
)
def test_only_runs_that_passed_become_part_of_a_baseline(store: Store, baselines: Baselines, choices, why):
    good, bad = *added(store, 0), *added(store, 1, **choices)
    with pytest.raises(UsageError, match=f"{bad.id} cannot be part of a baseline: {why}"):
        baselines.set("main", [good, bad])
    baselines.set("main", [good])
    with pytest.raises(UsageError, match=why):
        baselines.add("main", bad)
    assert minutes(baselines.find("main").runs) == [0]


def test_runs_of_another_fingerprint_are_refused(store: Store, baselines: Baselines):
    mine, other = *added(store, 0), *added(store, 1, fingerprint="f2")
    with pytest.raises(UsageError, match=f"not comparable: {mine.id} had another scenario, phases, target or host"):
        baselines.set("main", [mine, other])
    baselines.set("main", [mine])
    with pytest.raises(UsageError, match="fingerprint f2, the baseline's is f1"):
        baselines.add("main", other)


@pytest.mark.parametrize("name", ["", "latest", "latest~2", "20261121-0900", "a b", "-x", "x" * 101, "../x\n"])
def test_a_name_that_could_be_taken_for_something_else_is_refused(store: Store, baselines: Baselines, name: str):
    with pytest.raises(UsageError, match="cannot be the name of a baseline"):
        baselines.set(name, added(store, 0))


def test_a_baseline_of_nothing_is_refused(baselines: Baselines):
    with pytest.raises(UsageError, match="at least one run that passed"):
        baselines.set("main", [])


def test_an_unknown_name_says_which_there_are(store: Store, baselines: Baselines):
    with pytest.raises(UsageError, match=r"there is no baseline main: none is set; .*baseline set main --last 5"):
        baselines.find("main")
    baselines.set("main", added(store, 0))
    with pytest.raises(UsageError, match=r"did you mean main\?"):
        baselines.find("mian")
    with pytest.raises(UsageError, match="there are main"):
        baselines.remove("quite-another")


def test_removing_a_baseline_leaves_its_runs(store: Store, baselines: Baselines):
    baselines.set("main", added(store, 0, 1))
    assert minutes(baselines.remove("main").runs) == [0, 1]
    assert (baselines.all(), len(store.runs())) == ([], 2)


def test_a_run_that_is_removed_leaves_its_baselines(store: Store, baselines: Baselines):
    runs = added(store, 0, 1)
    baselines.set("main", runs)
    store.remove(runs[0].id)
    assert minutes(baselines.find("main").runs) == [1]


def test_holders_says_which_baselines_need_a_run(store: Store, baselines: Baselines):
    runs = added(store, 0, 1, 2)
    baselines.set("main", runs[:2], size=2)
    baselines.set("old", runs[:1])
    baselines.add("main", runs[2])
    assert baselines.holders() == {runs[0].id: ["main", "old"], runs[1].id: ["main"], runs[2].id: ["main"]}
    assert baselines.holders([runs[1].id]) == {runs[1].id: ["main"]}


def test_a_text_is_a_baseline_or_else_a_run(store: Store, baselines: Baselines):
    runs = added(store, 0, 1, 2)
    baselines.set("main", runs[:2])
    assert minutes(baselines.resolve("main")) == [0, 1]
    assert minutes(baselines.resolve("latest")) == [2]
    with pytest.raises(UsageError, match=r"there is no run mine: .*nor is there a baseline mine: did you mean main"):
        baselines.resolve("mine")


def test_a_report_that_is_no_part_of_the_history_becomes_one(store: Store, baselines: Baselines, tmp_path):
    (tmp_path / "report.json").write_bytes(msgspec.json.encode(report(7)))
    baselines.set("main", [store.find(str(tmp_path / "report.json"))])
    assert minutes(baselines.find("main").runs) == [7]
    assert minutes(store.runs()) == [7]


def test_two_who_add_runs_at_once_lose_none(history_url: str, store: Store, baselines: Baselines):
    baselines.set("main", added(store, 0), size=50)
    runs = added(store, *range(1, 17))

    def add(run: Run) -> None:
        with open_store(history_url) as mine:
            Baselines(mine).add("main", run)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, runs))
    assert minutes(baselines.find("main").runs) == list(range(17))


def test_two_who_set_the_same_baseline_at_once_leave_one_of_both(history_url: str, store: Store):
    runs = added(store, *range(8))

    def set_it(run: Run) -> None:
        with open_store(history_url) as mine:
            Baselines(mine).set("main", [run])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(set_it, runs))
    assert len(Baselines(store).find("main").runs) == 1


def test_noise_between_runs_is_kept_by_fingerprint_and_measured_anew(store: Store):
    put_calibration(store, "f1", 0.08, 5)
    put_calibration(store, "f1", 0.03, 7)
    found = calibration_of(store, "f1")
    assert found is not None
    assert (found.tau, found.runs) == (0.03, 7)
    assert found.measured_at.tzinfo is not None
    assert calibration_of(store, "f2") is None
    assert calibration_of(store, None) is None
