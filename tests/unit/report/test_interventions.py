"""What people did, in reports: as it was, in words, and what follows for other runs."""

import jsonschema
import pytest

from loadkit.engine.interventions import Intervention
from loadkit.report.facts import RunStatus, facts
from loadkit.report.interventions import changed_load, intervened, interventions_data, interventions_of, stopped_by
from loadkit.report.schema import report_schema
from tests.support.interventions import BEGUN, EVERY, PAUSED, STOPPED, did
from tests.support.results import invalid, report_of, result


def test_a_report_holds_them_and_one_from_before_holds_none() -> None:
    made = report_of(result(interventions=EVERY))
    jsonschema.validate(made, report_schema())
    assert interventions_of(made["loadkit"]) == EVERY
    assert interventions_of({}) == ()
    assert interventions_data([did(1.23456, "rate", 0.5)]) == [
        {"at_s": 1.235, "kind": "rate", "by": "keyboard", "value": 0.5}
    ]


def test_what_is_damaged_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="at_s"):
        interventions_of({"interventions": [{"kind": "pause"}]})


@pytest.mark.parametrize(
    ("made", "line", "load", "who"),
    [
        ((), "", "", ""),
        (BEGUN, "", "", ""),
        (
            PAUSED,
            "1 intervention: paused 750ms at 0:00 by keyboard",
            "paused 750ms at 0:00 by keyboard",
            "",
        ),
        (STOPPED, "1 intervention: stopped at 0:01 by dashboard", "", "dashboard"),
        (
            EVERY,
            "3 interventions: paused 750ms at 0:00 by keyboard, rate x2.5 at 0:01 by api, stopped at 0:01 by dashboard",
            "paused 750ms at 0:00 by keyboard, rate x2.5 at 0:01 by api",
            "dashboard",
        ),
    ],
    ids=["none", "begun", "paused", "stopped", "all"],
)
def test_they_are_told_in_words(made: tuple[Intervention, ...], line: str, load: str, who: str) -> None:
    found = report_of(result(interventions=made))["loadkit"]
    assert (intervened(found), changed_load(found), stopped_by(found)) == (line, load, who)


def test_a_run_whose_load_was_changed_has_a_status_of_its_own() -> None:
    def status(**changes: object) -> RunStatus:
        return facts(report_of(result(**changes))).status

    assert status(interventions=BEGUN) is RunStatus.PASSED
    assert status(interventions=PAUSED) is RunStatus.ALTERED
    assert status(interventions=STOPPED) is RunStatus.STOPPED
    assert status(interventions=EVERY) is RunStatus.STOPPED
    assert status(interventions=PAUSED, measurement=invalid()) is RunStatus.INVALID
    compared = report_of(result(interventions=PAUSED))
    compared["loadkit"]["exit_code"] = 5  # with nothing, since its load was another
    assert facts(compared).status is RunStatus.ALTERED
