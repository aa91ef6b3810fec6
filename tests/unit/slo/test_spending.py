import pytest

from loadkit.metrics.snapshot import Snapshot
from loadkit.slo.alert import alerts_of
from loadkit.slo.attained import Attained, attained
from loadkit.slo.evaluate import Status
from loadkit.slo.indicator import availability
from loadkit.slo.objective import Method, Slo
from loadkit.slo.selection import Selection, Stretch
from loadkit.slo.spending import Spending, Spendings
from loadkit.slo.validity import Measurement, Validity
from loadkit.slo.wording import headline, told, verdict_of
from loadkit.units import NS_PER_S

DAY_NS = 24 * 3600 * NS_PER_S
VALID = Measurement(status=Validity.VALID)


def slo(target: float = 0.99, **changes: object) -> Slo:
    window_ns = 30 * DAY_NS
    keys = {"alerts": alerts_of("document", window_ns), "profile": "document", **changes}
    return Slo(name="available", indicator=availability(), target=target, window_ns=window_ns, **keys)  # type: ignore[arg-type]


def stretch(index: int, start_s: int, end_s: int, *, last: bool = False, **changes: object) -> Stretch:
    keys = {"name": f"phase {index}", "start_ns": start_s * NS_PER_S, "end_ns": end_s * NS_PER_S}
    return Stretch(index=index, last=last, **keys, **changes)  # type: ignore[arg-type]


def second(number: int, bad: int, *, each: int = 100, phase: int = 0, length: float = 1.0) -> Snapshot:
    counters = {("slo.available.good", "/"): each - bad, ("slo.available.bad", "/"): bad}
    start_ns, end_ns = number * NS_PER_S + 1000, round((number + length) * NS_PER_S) + 1000
    part = Snapshot(start_ns=start_ns, end_ns=end_ns, counters=counters)
    return Snapshot.of_parts(start_ns, end_ns, {(phase, "browse"): part})


def spent(made: Slo, *bad: int, planned: int | None = None, each: int = 100) -> Spending:
    spending = Spending(made, [stretch(0, 0, len(bad), last=True)], planned)
    for number, one in enumerate(bad):
        spending.add(second(number, one, each=each))
    return spending


def judged(made: Slo, *bad: int, each: int = 100) -> Attained:
    return attained(spent(made, *bad, each=each), VALID, steady=True)


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        ([0] * 20, Status.PASS),
        ([20] * 20, Status.FAIL),
        ([1] * 20, Status.INCONCLUSIVE),
        ([0] * 2, Status.INCONCLUSIVE),
    ],
)
def test_the_interval_decides(bad: list[int], status: Status) -> None:
    assert judged(slo(), *bad).status is status


def test_the_target_is_proven_by_as_many_good_events_as_are_said_to_prove_it() -> None:
    assert judged(slo(0.99), *[0] * 299, each=1).status is Status.PASS
    assert judged(slo(0.99), *[0] * 298, each=1).status is Status.INCONCLUSIVE


def test_bad_events_in_clusters_prove_less() -> None:
    spread, clustered = judged(slo(0.9), *[2] * 100), judged(slo(0.9), *[0] * 90, *[20] * 10)
    assert (spread.bad, clustered.bad) == (200, 200)
    assert (spread.status, clustered.status) == (Status.PASS, Status.INCONCLUSIVE)


def test_an_invalid_measurement_judges_nothing() -> None:
    found = attained(spent(slo(), *[50] * 20), Measurement(status=Validity.INVALID), steady=True)
    assert found.status is Status.INVALID


def test_without_events_nothing_is_known() -> None:
    found = attained(Spending(slo(), [stretch(0, 0, 10, last=True)]), VALID, steady=True)
    assert (found.status, found.sli, found.burn, found.reason) == (
        Status.INCONCLUSIVE,
        None,
        None,
        "no event was counted",
    )


def test_a_pause_and_what_comes_late_count_as_the_second_before() -> None:
    parts = [stretch(0, 0, 2), stretch(1, 2, 4, pause=True), stretch(2, 4, 6, last=True)]
    spending = Spending(slo(), parts)
    for number, bad in enumerate([1, 2, 4, 0, 8, 16]):
        spending.add(second(number, bad, phase=min(2, number // 2)))
    spending.add(second(6, 32, phase=2, length=0.3))
    assert (list(spending.bad), spending.events) == ([1, 6, 8, 48], (637, 63))


def test_a_warm_up_and_other_phases_are_left_out() -> None:
    parts = [stretch(0, 0, 2, judged=False), stretch(1, 2, 4), stretch(2, 4, 6, last=True)]
    all_of_it, one = Spending(slo(), parts), Spending(slo(selection=Selection(phase="phase 2")), parts)
    for number in range(6):
        for spending in (all_of_it, one):
            spending.add(second(number, number, phase=number // 2))
    assert (list(all_of_it.bad), list(one.bad)) == ([2, 3, 4, 5], [4, 5])


def test_a_slice_is_bad_when_too_few_of_its_events_are_good() -> None:
    made = slo(0.5, method=Method.TIMESLICES, slice_target=0.95, slice_s=2)
    found = judged(made, *[0, 10, 0, 11, 0, 0, 50], each=100)
    assert (found.slices, found.slices_bad, found.bad) == (3, 1.0, 71)  # the last slice is not whole


def test_ratio_slices_are_judged_by_their_mean() -> None:
    made = slo(0.9, method=Method.RATIO_TIMESLICES, slice_s=1)
    found = judged(made, *[2, 4] * 10)
    assert found.bad_ratio is not None
    assert (found.sli, found.status) == (pytest.approx(0.97), Status.PASS)


def test_the_runs_own_budget_is_that_of_all_planned_events() -> None:
    spending = spent(slo(0.99), 3, 2, planned=1000)
    assert (spending.budget().allowed, spending.budget().used, spending.budget().overspent) == (10.0, 0.5, False)
    assert spent(slo(0.99), 3, 8, planned=1000).budget().overspent
    assert spent(slo(0.99), 3, 8).budget().allowed is None


def test_a_run_ends_when_its_objective_cannot_be_met_any_more() -> None:
    parts = [stretch(0, 0, 10, last=True)]
    patient, strict = slo(0.99), slo(0.99, abort=True)
    spendings = Spendings([patient, strict], parts, {"available": 1000})
    for number, bad in enumerate([5, 5]):
        spendings.add(second(number, bad))
    assert spendings.abort() is None  # 10 of 1000 may be bad
    spendings.add(second(2, 1))
    abort = spendings.abort()
    assert abort is not None
    assert (abort.objective_text, abort.second) == ("slo available", 3)
    found = attained(spendings.all[1], VALID, steady=True, aborted=True)
    assert (found.status, found.reason) == (Status.FAIL, "the run's own budget was overspent, so the run was ended")


def test_slices_overspend_once_too_many_are_bad() -> None:
    made = slo(0.8, method=Method.TIMESLICES, slice_target=0.95, slice_s=1, abort=True)
    spendings = Spendings([made], [stretch(0, 0, 10, last=True)], {})
    for number in range(4):
        spendings.add(second(number, 10))
    abort = spendings.abort()
    assert abort is not None
    assert spendings.all[0].budget().allowed == 2.0


def test_it_is_said_what_production_would_burn_and_nothing_of_what_was_consumed() -> None:
    found = judged(slo(0.999), *[0, 1, 0, 1, 1] * 20, each=1000)
    lines = [headline(found), *told(found)]
    assert lines[0].startswith("SLI 99.94% (95% CI 99.9")
    assert lines[0].endswith("%), target 99.9%")
    assert lines[2].startswith("at this bad ratio production would burn 0.6x; a 30 d budget would last 50 d")
    assert lines[3] == "to prove the target with no bad event takes n >= 2,995 (had 100,000)"
    assert "consumed" not in " ".join(lines)


def test_a_run_without_a_bad_event_says_what_it_did_not_prove() -> None:
    found = judged(slo(0.999), *[0] * 12)
    lines = list(told(found))
    assert headline(found) == "SLI 100% (95% CI 99.75-100%), target 99.9%"
    assert lines[1:3] == [
        "no event was bad: at worst (95%) production would burn 2.49x; a 30 d budget would last 12 d",
        "to prove the target with no bad event takes n >= 2,995 (had 1,200)",
    ]


def test_the_verdict_is_one_like_all_others() -> None:
    verdict = verdict_of(judged(slo(0.99), *[20] * 20))
    assert (verdict.origin, verdict.status, verdict.objective_text, verdict.limit_text) == (
        "slo", Status.FAIL, "slo available", ">= 99%",
    )  # fmt: skip
    assert verdict.observed == pytest.approx(0.8)
    assert verdict.low is not None
    assert verdict.high is not None
    assert verdict.low < 0.8 < verdict.high < 0.99
