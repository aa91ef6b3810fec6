"""`slos` as they are written; what is wrong with them is in tests/scenarios/invalid/."""

from typing import Any

import pytest

from loadkit.slo.alert import BurnAlert, RemainingAlert
from loadkit.slo.declared import parse_slos
from loadkit.slo.objective import Method, Slo
from loadkit.slo.selection import Selection
from loadkit.units import NS_PER_S

HOUR_NS = 3600 * NS_PER_S


def read(**keys: Any) -> Slo:
    written = {"name": "it", "sli": {"availability": True}, "target": "99.9%", **keys}
    found = parse_slos([written])
    assert found.faults == ()
    return found.slos[0]


def test_the_defaults() -> None:
    made = read()
    assert (made.target, made.budget, made.window_ns) == (0.999, 0.001, 30 * 24 * HOUR_NS)
    assert (made.method, made.profile) == (Method.OCCURRENCES, "document")
    assert (made.strict, made.consumes, made.abort) == (True, False, False)
    assert [type(alert) for alert in made.alerts] == [BurnAlert, BurnAlert, RemainingAlert, RemainingAlert]


@pytest.mark.parametrize(("of", "request_name", "selection"), [
    ("/cart", "/cart", Selection()),
    ({"request": "/cart", "phase": "peak"}, "/cart", Selection(phase="peak")),
    ({"scenario": "buy"}, None, Selection(scenario="buy")),
])  # fmt: skip
def test_what_it_is_about(of: Any, request_name: str | None, selection: Selection) -> None:
    made = read(of=of)
    assert (made.request, made.selection) == (request_name, selection)


@pytest.mark.parametrize(
    ("sli", "text"),
    [
        ({"availability": True}, "a valid response below 500"),
        ({"latency": "300ms"}, "a valid response with a response time under 300ms"),
        ({"latency": {"under": 250, "measure": "service_time"}}, "a valid response with a service time under 250ms"),
        ({"checks": True}, "every check held"),
        ({"checks": ["statusCode", "hasHeader"]}, "the checks hasHeader, statusCode held"),
        ({"good": "status < 500\n  and not error"}, "status < 500 and not error"),
    ],
)
def test_the_indicators(sli: Any, text: str) -> None:
    assert read(sli=sli).indicator.text == text


def test_slices() -> None:
    made = read(method="timeslices", timeSliceTarget="95%", timeSliceWindow="1m")
    assert (made.method, made.slice_target, made.slice_s) == (Method.TIMESLICES, 0.95, 60)


def test_alerts_of_ones_own() -> None:
    made = read(
        alerts=[
            {"severity": "page", "burn_rate": 14.4, "long": "1h"},
            {"name": "slow", "budget": "10%", "long": "1d", "short": "2h"},
            {"remaining": "10%"},
        ]
    )
    fast, slow, left = made.alerts
    assert isinstance(fast, BurnAlert)
    assert isinstance(slow, BurnAlert)
    assert isinstance(left, RemainingAlert)
    assert (fast.name, fast.level.value, fast.short_ns) == ("critical 14.4x", "critical", HOUR_NS // 12)
    assert (slow.name, slow.factor) == ("slow", pytest.approx(3))
    assert left.below == 0.1


def test_without_a_file_around_it_any_name_will_do() -> None:
    assert parse_slos([{"name": "a", "sli": {"checks": "anything"}, "target": 0.9, "of": "/nowhere"}]).faults == ()


def test_all_that_a_method_lacks_is_said_at_once() -> None:
    found = parse_slos([{"name": "a", "sli": {"availability": True}, "target": "99%", "method": "timeslices"}])
    assert [(one.message, one.hint) for one in found.faults] == [
        (
            "the method timeslices needs `timeSliceWindow` and `timeSliceTarget`",
            "add timeSliceWindow: 1m and timeSliceTarget: 95%",
        )
    ]
