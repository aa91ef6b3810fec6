"""What scopes select of a run, and every way to get one wrong."""

from __future__ import annotations

import pytest

from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.slo.metric import ThresholdFault, select
from loadkit.slo.selection import Selection, Stretch, loaded_s, parse_scope, select_scope, split_scope

S = 10**9


def selected(metric: str, text: str) -> tuple[Selection, str | None]:
    return select_scope(select(metric), parse_scope(text))


@pytest.mark.parametrize(
    ("text", "selection", "label"),
    [
        ("", Selection(), None),
        ("global", Selection(), None),
        ("each", Selection(each=True), None),
        ('of "GET /"', Selection(), "GET /"),
        ("of /pets", Selection(), "/pets"),
        ('phase "peak"', Selection(phase="peak"), None),
        ("in phase 'peak hour'", Selection(phase="peak hour"), None),
        ("scenario buy", Selection(scenario="buy"), None),
        ('  of "in phase"   in  phase "of it" ', Selection(phase="of it"), "in phase"),
        ('in scenario "buy" in phase "peak" each', Selection(each=True, phase="peak", scenario="buy"), None),
    ],
)
def test_a_scope_is_made_of_parts_in_any_order(text: str, selection: Selection, label: str | None) -> None:
    assert selected("http.requests", text) == (selection, label)


@pytest.mark.parametrize(
    ("metric", "text", "offset", "says"),
    [
        ("http.requests", "everywhere", 0, '"everywhere" is no scope'),
        ("http.requests", "each else", 5, '"else" is no scope'),
        ("http.requests", 'in "peak"', 0, "followed by phase or scenario"),
        ("http.requests", "phase", 5, "one name, in quotes"),
        ("http.requests", "phase peak hour", 6, "one name, in quotes"),
        ("http.requests", "of in phase peak", 3, "one name, in quotes"),
        ("http.requests", 'phase "peak', 6, "one name, in quotes"),
        ("http.requests", "phase a phase b", 14, "`phase` twice"),
        ("http.requests", "global each", 7, "`global` stands alone"),
        ("http.requests", "phase a global", 8, "`global` stands alone"),
        ("http.requests", "of a each", 5, "`of` one of them"),
        ("arrivals.due", "each", 0, "measured for the whole run"),
        ("arrivals.due", "scenario buy", 9, "measured for the whole run"),
        ("worker.cpu.max", "phase peak", 6, "measured for the whole run"),
        ("vusers.failed", "of buy in scenario buy", 19, "name scenarios"),
        ("vusers.created_by_name.buy", "each", 0, 'names "buy" already'),
    ],
)
def test_a_wrong_scope_is_a_fault_at_its_wrong_part(metric: str, text: str, offset: int, says: str) -> None:
    with pytest.raises(ThresholdFault) as caught:
        selected(metric, text)

    assert (caught.value.code, caught.value.offset) == ("LK301", offset)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value", "scope"),
    [
        ("250ms", "250ms", ""),
        ("250ms of /x", "250ms", "of /x"),
        ('250 ms   in phase "of"', "250 ms", 'in phase "of"'),
        ("5 each", "5", "each"),
        ("5min", "5min", ""),
    ],
)
def test_a_scope_begins_at_its_first_word(text: str, value: str, scope: str) -> None:
    found, end = split_scope(text)

    assert (found, text[end:].strip()) == (value, scope)


def test_a_scope_reads_as_one_would_write_it() -> None:
    assert Selection().text(None) == "global"
    assert Selection(phase="peak", scenario="buy").text("/x") == 'of "/x" in phase "peak" in scenario "buy"'
    assert Selection(each=True).text(None) == "each"


WARM = Stretch(index=0, name="warm", start_ns=0, end_ns=2 * S, judged=False)
PEAK = Stretch(index=1, name="peak", start_ns=2 * S, end_ns=5 * S)
REST = Stretch(index=2, name="rest", start_ns=5 * S, end_ns=6 * S, pause=True)
AGAIN = Stretch(index=3, name="peak", start_ns=6 * S, end_ns=9 * S, last=True)


def whole() -> Snapshot:
    parts = {
        (index, scenario): Snapshot(end_ns=S, counters={("http.requests", "/"): 10**index})
        for index in range(4)
        for scenario in ("a", "b")
    }
    return Snapshot.of_parts(0, S, parts)


@pytest.mark.parametrize(
    ("selection", "requests"),
    [
        (Selection(), 2 * 1110),
        (Selection(phase="peak"), 2 * 1010),
        (Selection(scenario="a"), 1110),
        (Selection(phase="peak", scenario="b"), 1010),
        (Selection(phase="warm"), 0),
        (Selection(phase="never"), 0),
    ],
)
def test_phases_of_one_name_count_together_and_warm_up_never(selection: Selection, requests: int) -> None:
    picked = merge_all(selection.pick(whole(), (WARM, PEAK, REST, AGAIN)))

    assert picked.count("http.requests") == requests


def test_everything_is_the_snapshot_itself() -> None:
    snapshot = whole()

    assert Selection().pick(snapshot, (PEAK, AGAIN)) == (snapshot,)
    assert Selection().pick(snapshot, (PEAK, AGAIN))[0] is snapshot


@pytest.mark.parametrize(
    ("stretches", "until_s", "from_s", "seconds"),
    [
        ((PEAK, AGAIN), 9, 0, 6),
        ((PEAK, REST, AGAIN), 9, 0, 7),
        ((REST, AGAIN), 9, 0, 3),  # what comes before the first load does not count
        ((PEAK, AGAIN), 4, 0, 2),
        ((PEAK, AGAIN), 12, 0, 9),  # the end of the run belongs to its last phase
        ((PEAK, AGAIN), 9, 4, 4),
        ((), 9, 0, 0),
    ],
)
def test_rates_are_taken_over_the_time_of_the_phases(
    stretches: tuple[Stretch, ...], until_s: int, from_s: int, seconds: float
) -> None:
    assert loaded_s(stretches, until_s * S, from_s * S) == seconds
