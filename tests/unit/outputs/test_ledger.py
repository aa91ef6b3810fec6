from datetime import UTC, datetime

import pytest

from loadkit.outputs.ledger import debit_line, ledger_data, overall_lines, standing_lines
from loadkit.report.ledger import Debit, Standing
from loadkit.slo.declared import parse_slos

(SLO,) = parse_slos(
    [
        {
            "name": "shop",
            "sli": {"availability": True},
            "target": "99.9%",
            "expected_events": 1_000_000,
            "consume_budget": True,
        }
    ]
).slos


def taken(bad: int = 10) -> Debit:
    return Debit(
        slo="shop",
        run_id="20261121-090000-aaaa",
        at=datetime(2026, 11, 21, 9, tzinfo=UTC),
        run_target="https://shop.test",
        good=1000 - bad,
        bad=bad,
        objective=0.999,
        window_s=30 * 86_400,
        expected_events=1_000_000,
        share=bad / 1000,
        alerts=[{"name": "fast", "severity": "critical", "below": None, "state": "fires"}],
    )


def standing(bad: int = 10) -> Standing:
    return Standing(slo="shop", debits=[taken(bad)], latest=taken(bad))


def test_a_debit_says_what_it_took() -> None:
    line = "ledger: shop: 10 bad of 1,000 allowed in 30 d took 1%, 99% of the budget is left"
    assert debit_line(taken(), standing()) == line


def test_a_standing_says_what_is_left_and_for_how_long() -> None:
    assert list(standing_lines("shop", standing(), SLO)) == [
        "shop",
        "  99.9% over 30 d, occurrences; good is a valid response below 500",
        "  ledger: 99% left after 1 run in the last 30 d",
        "  burn: 10x in the last run; if production stayed at that, the budget would be exhausted in 2.97 d",
        "  alerts: critical: fast",
        "  health: 14",
        "    2026-11-21 09:00  20261121-090000-aaaa  10 of 1,000 bad  1%  https://shop.test",
    ]


def test_without_a_ledger_nothing_is_known() -> None:
    assert list(standing_lines("shop", None, SLO))[2:] == [
        "  ledger: no stored run has taken anything yet; what is left is not known"
    ]
    assert next(overall_lines([None])) == "health: unknown (1 objective unknown, left out)"


def test_the_health_is_capped_while_an_alert_fires() -> None:
    (first, formula) = overall_lines([standing(0), None])
    assert first == "health: 49 (1 objective unknown, left out)"
    assert "100 x budget left x (1 - min(1, ln(max(1, burn rate)) / ln(14.4)))" in formula


def test_the_same_as_data() -> None:
    data = ledger_data([("shop", standing(), SLO), ("other", None, None)])
    first, second = data["objectives"]
    assert first["ledger"]["remaining"] == pytest.approx(0.99)
    assert first["ledger"]["debits"][0]["run"] == "20261121-090000-aaaa"
    assert (second["ledger"], second["target"]) == (None, None)
