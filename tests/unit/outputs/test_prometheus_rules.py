"""Rules that Prometheus accepts, and that fire when they should; promtool says so where it is installed."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import Draft202012Validator

from loadkit.errors import UsageError
from loadkit.outputs.prometheus_rules import prometheus_rules
from loadkit.outputs.promql import Metrics, duration, events_of, parse_metrics
from loadkit.outputs.sloth import sloth
from loadkit.units import NS_PER_S
from tests.support.objectives import slo, slos

NAMES = {"type": "string", "pattern": "^[a-zA-Z_:][a-zA-Z0-9_:]*$"}
LABELS = {
    "type": "object",
    "propertyNames": {"pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$"},
    "additionalProperties": {"type": "string"},
}
EXPR = {"expr": {"type": "string", "minLength": 1}, "labels": LABELS}
RULE_FILE: dict[str, Any] = {  # after Prometheus' documentation of recording and alerting rules
    "type": "object",
    "required": ["groups"],
    "additionalProperties": False,
    "properties": {
        "groups": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "rules"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string"},
                    "rules": {
                        "type": "array",
                        "items": {
                            "oneOf": [
                                {
                                    "required": ["record", "expr"],
                                    "additionalProperties": False,
                                    "properties": {"record": NAMES, **EXPR},
                                },
                                {
                                    "required": ["alert", "expr"],
                                    "additionalProperties": False,
                                    "properties": {"alert": NAMES, "annotations": LABELS, **EXPR},
                                },
                            ]
                        },
                    },
                },
            },
        }
    },
}
PROMTOOL = shutil.which("promtool")


@pytest.mark.parametrize(
    ("sli", "good"),
    [
        ({"availability": True}, 'loadkit_requests_total{error="",status!~"5.."}'),
        ({"good": "not error"}, 'loadkit_requests_total{error=""}'),
        ({"good": "status == 200"}, 'loadkit_requests_total{error="",status!~"1..|3..|4..|5..|'),
        ({"good": "status not in (429, 503)"}, 'loadkit_slo_events_total{slo="it",result="good"}'),
        ({"good": "status < 500 and status != 429"}, 'loadkit_requests_total{error="",status!~"5..|429"}'),
        ({"latency": "300ms"}, 'loadkit_request_duration_seconds_bucket{le="0.3"}'),
        (
            {"good": "latency <= 1.5s and status < 400"},
            'loadkit_request_duration_seconds_bucket{status!~"4..|5..",le="1.5"}',
        ),
        ({"latency": {"under": 300, "measure": "service_time"}}, 'loadkit_slo_events_total{slo="it",result="good"}'),
        ({"checks": True}, 'loadkit_slo_events_total{slo="it",result="good"}'),
        ({"good": 'error != "ETIMEDOUT"'}, 'loadkit_slo_events_total{slo="it",result="good"}'),
        ({"good": "latency < 1s or status == 200"}, 'loadkit_slo_events_total{slo="it",result="good"}'),
    ],
)
def test_good_events_are_those_of_the_exporters_counters_that_say_so(sli: dict[str, Any], good: str) -> None:
    assert events_of(slo(sli=sli), Metrics()).good.startswith(good)


def test_what_it_is_about_becomes_labels() -> None:
    events = events_of(slo(of={"request": '/a"b', "scenario": "buy"}), Metrics())
    assert events.total == 'loadkit_requests_total{request="/a\\"b",scenario="buy"}'


def test_metrics_of_a_real_service_take_their_place() -> None:
    metrics = parse_metrics(["requests=http_requests_total", 'it:good=hits{code!~"5.."}', "it:total=hits"])
    assert events_of(slo(), metrics).good == 'hits{code!~"5.."}'
    assert events_of(slo(name="other"), metrics).total == "http_requests_total"


@pytest.mark.parametrize("given", ["good", "it:requests=x", "speed=x", "good="])
def test_a_metric_that_says_nothing_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match="--metric"):
        parse_metrics([given])


def test_good_events_need_all_events() -> None:
    with pytest.raises(UsageError, match="gives it no total events"):
        events_of(slo(), parse_metrics(["good=x"]))


@pytest.mark.parametrize(
    ("seconds", "text"), [(30 * 86_400, "30d"), (5400, "1h30m"), (1.25, "1s250ms"), (0.0001, "1ms"), (15, "15s")]
)
def test_spans_are_written_as_prometheus_reads_them(seconds: float, text: str) -> None:
    assert duration(round(seconds * NS_PER_S)) == text


def test_the_rules_have_the_shape_of_a_rule_file() -> None:
    rules = prometheus_rules(slos(), Metrics())
    assert list(Draft202012Validator(RULE_FILE).iter_errors(yaml.safe_load(yaml.safe_dump(rules)))) == []
    names = [group["name"] for group in rules["groups"]]
    assert len(names) == len(set(names))


def test_an_alert_needs_both_windows_and_three_bad_events() -> None:
    rules = prometheus_rules([slo(name="a", target="99.9%", alerts={"profile": "google-sre"})], Metrics())
    first = rules["groups"][1]["rules"][0]
    assert first["expr"].startswith(
        'slo:sli_error:ratio_rate1h{slo="a"} > (14.4 * 0.001) and slo:sli_error:ratio_rate5m{slo="a"} > (14.4 * 0.001)'
    )
    assert first["expr"].endswith(">= 3")
    assert first["labels"] == {"severity": "critical", "slo": "a", "rule": "critical 14.4x"}


def test_slices_are_judged_in_steps_of_their_own() -> None:
    rules = prometheus_rules([one for one in slos() if one.name == "slices"], Metrics())
    assert ">= bool 0.95)[3h:1m])" in next(
        rule["expr"] for rule in rules["groups"][0]["rules"] if rule["record"].endswith("rate3h")
    )


@pytest.mark.skipif(PROMTOOL is None, reason="needs promtool: apt-get install prometheus")
def test_promtool_accepts_the_rules(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump(prometheus_rules(slos(), Metrics()), sort_keys=False))
    checked = subprocess.run([str(PROMTOOL), "check", "rules", file], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.skipif(PROMTOOL is None, reason="needs promtool: apt-get install prometheus")
def test_the_alert_fires_in_an_outage_and_not_before(tmp_path: Path) -> None:
    one = slo(
        name="a", target="99.9%", alerts=[{"name": "fast", "severity": "critical", "burn_rate": 14.4, "long": "1h"}]
    )
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(prometheus_rules([one], Metrics()), sort_keys=False))
    series = [
        {"series": 'loadkit_requests_total{error="",status="200"}', "values": "0+600x120 72000+540x60"},
        {"series": 'loadkit_requests_total{error="",status="503"}', "values": "0x120 0+60x60"},
    ]
    fired = {"exp_labels": {"severity": "critical", "slo": "a", "rule": "fast"}}
    told = {"summary": "a burns its error budget more than 14.4x too fast: 2 % of it in 1h"}
    tests = [
        {"eval_time": "119m", "alertname": "ErrorBudgetBurn", "exp_alerts": []},
        {"eval_time": "150m", "alertname": "ErrorBudgetBurn", "exp_alerts": [{**fired, "exp_annotations": told}]},
    ]
    case = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m",
            "tests": [{"interval": "1m", "input_series": series, "alert_rule_test": tests}]}  # fmt: skip
    (tmp_path / "case.yaml").write_text(yaml.safe_dump(case))
    checked = subprocess.run(
        [str(PROMTOOL), "test", "rules", "case.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_sloth_counts_events_and_says_what_it_leaves_out() -> None:
    document, notes = sloth(slos(), Metrics(), "My shop")
    assert (document["version"], document["service"]) == ("prometheus/v1", "my-shop")
    assert [one["name"] for one in document["slos"]] == ["available", "fast", "both", "checked-well"]
    assert document["slos"][0]["objective"] == 99.9
    assert "{{.window}}" in document["slos"][0]["sli"]["events"]["error_query"]
    assert document["slos"][2]["alerting"]["ticket_alert"] == {"disable": True}
    assert sum("is left out" in note for note in notes) == 2
