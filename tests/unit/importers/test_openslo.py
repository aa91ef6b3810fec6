"""OpenSLO v1 that others wrote: what can be said, and what is told with its place."""

import pytest

from loadkit.errors import UsageError
from loadkit.importers.openslo import read_openslo

SLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {{name: main-page, displayName: Main page}}
spec:
  description: It answers.
  service: shop
  {indicator}
  timeWindow: [{{duration: {window}, isRolling: {rolling}}}]
  budgetingMethod: {method}
  objectives:
    - {{{objective}}}
{more}"""
RATIO = (
    "indicator: {{metadata: {{name: a}}, spec: {{ratioMetric: {{counter: true, total: {{}}, "
    "{side}: {{metricSource: {{spec: {{query: '{query}'}}}}}}}}}}}}"
)


def text(query: str = 'http_requests_total{code!~"5.."}', side: str = "good", **keys: str) -> str:
    defaults = {
        "indicator": RATIO.format(side=side, query=query), "window": "4w", "rolling": "true", "method": "Occurrences",
        "objective": "targetPercent: 99.95", "more": "",
    }  # fmt: skip
    return SLO.format(**{**defaults, **keys})


def told(document: str) -> list[str]:
    return [f"{one.at.line}: {one.text}" for one in read_openslo(document, "x.yaml").told]


def test_a_plain_objective() -> None:
    (made,) = read_openslo(text(), "x.yaml").slos
    assert made == {
        "name": "Main page",
        "sli": {"good": "status < 500"},
        "target": "99.95%",
        "description": "It answers.",
        "window": "4w",
    }


@pytest.mark.parametrize(
    ("query", "sli"),
    [
        ('rate(x_bucket{le="0.3"}[5m])', {"good": "not error and latency <= 0.3s"}),
        ('x_bucket{status!~"5..",le="1.5"}', {"good": "status < 500 and latency <= 1.5s"}),
        ('x{status_code!~"5xx"}', {"good": "status < 500"}),
    ],
)
def test_plain_queries_are_understood_and_said(query: str, sli: dict[str, str]) -> None:
    found = read_openslo(text(query), "x.yaml")
    assert found.slos[0]["sli"] == sli
    assert [one.text for one in found.told] == [f"main-page: the query is taken for sli: {sli}"]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (text("SELECT 1"), "7: main-page is left out: its good events are a query that cannot be told"),
        (text(side="bad"), "7: main-page is left out: it counts bad events that cannot be told"),
        (
            text(indicator="indicator: {spec: {thresholdMetric: {}}}"),
            "7: main-page is left out: its indicator is no ratio",
        ),
        (text(indicator="indicatorRef: other"), "7: main-page is left out: there is no SLI other here"),
        (text(method="Weekly"), "9: main-page is left out: its budgeting method is unknown"),
        (text(objective="op: lt"), "11: an objective of main-page is left out: it has no target"),
        (text(objective="target: 1.0"), "11: Main page is left out: a target of 100 % leaves no budget"),
        (text(method="Timeslices"), "11: Main page is left out: the method timeslices needs `timeSliceWindow`"),
    ],
)
def test_what_cannot_be_said_is_told_where_it_stands(document: str, said: str) -> None:
    found = read_openslo(document, "x.yaml")
    assert found.slos == []
    assert any(one.startswith(said) for one in told(document)), told(document)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (text(window="1M"), "8: the window 1M is taken for 30d"),
        (text(rolling="false"), "8: a window of the calendar is taken for a rolling one of that length"),
        (text(more="  alertPolicies: [gone]\n"), "12: there is no AlertPolicy gone here; the alert is left out"),
    ],
)
def test_what_is_taken_for_something_else_is_told(document: str, said: str) -> None:
    assert len(read_openslo(document, "x.yaml").slos) == 1
    assert said in told(document)


def test_several_objectives_become_several() -> None:
    document = text(objective="displayName: good, target: 0.9") + "    - {displayName: best, target: 0.99}\n"
    assert [made["name"] for made in read_openslo(document, "x.yaml").slos] == ["Main page good", "Main page best"]


def test_slices_and_their_bare_minutes() -> None:
    document = text(method="Timeslices", objective="target: 0.9, timeSliceTarget: 0.95, timeSliceWindow: 5")
    (made,) = read_openslo(document, "x.yaml").slos
    assert (made["method"], made["timeSliceTarget"], made["timeSliceWindow"]) == ("timeslices", 0.95, "300s")


def test_alerts_are_followed_to_their_conditions() -> None:
    policy = "---\napiVersion: openslo/v1\nkind: AlertPolicy\nmetadata: {name: fast}\nspec: {conditions: [{conditionRef: burn}]}\n"
    burn = """\
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: burn}
spec: {severity: page, condition: {kind: burnrate, op: lte, threshold: 14.4, lookbackWindow: 1h, alertAfter: 5m}}
"""
    document = text(more="  alertPolicies: [fast]\n") + policy + burn
    (made,) = read_openslo(document, "x.yaml").slos
    assert made["alerts"] == [{"name": "burn", "severity": "page", "burn_rate": 14.4, "long": "1h"}]
    assert any("op: lte of a burn rate is taken for gt" in one for one in told(document))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("a: [", "x.yaml:1:5: not YAML"),
        ("kind: Service", "holds no SLO of openslo/v1"),
        ("", "holds no SLO"),
        ("- 1", "holds no SLO"),
    ],
)
def test_what_is_no_openslo_is_refused(document: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_openslo(document, "x.yaml")
