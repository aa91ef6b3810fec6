"""Which variables and values of a scenario are secret before it runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from loadkit.errors import ScenarioError
from loadkit.redact import Secrets
from loadkit.scenario.compile import Settings, compile_plan
from loadkit.scenario.hidden import find_secrets
from loadkit.scenario.merge import load_document
from loadkit.scenario.plan import Plan
from loadkit.scenario.source import read_document


def found(flow: Any = (), **config: Any) -> Secrets:
    data = {"config": {"target": "http://127.0.0.1", **config}, "scenarios": [{"flow": list(flow)}]}
    return find_secrets(read_document("test.json", json.dumps(data)))


def test_literals_below_secret_names_are_known() -> None:
    flow = [
        {"post": {"url": "/?token=in-query&page=plain-value", "auth": {"user": "ann-user", "pass": "in-auth"},
                  "headers": {"X-Api-Key": "in-header", "Accept": "plain-value", "Authorization": "Bearer in-bearer"},
                  "cookie": {"theme": "in-cookie"}, "qs": {"key": "in-qs"}, "json": {"pin": 123456, "a": "plain-value"}}},
        {"post": {"url": "/", "formData": {"secret": {"value": "in-form", "contentType": "plain-value"}}}},
    ]  # fmt: skip
    secrets = found(
        flow, target="http://ann:in-userinfo@h", variables={"password": ["one-of", "two-of"], "a": "plain-value"}
    )
    wanted = {
        "in-query",
        "in-auth",
        "in-header",
        "in-bearer",
        "in-cookie",
        "in-qs",
        "123456",
        "in-form",
        "in-userinfo",
        "one-of",
        "two-of",
    }
    assert wanted <= set(secrets.known)
    assert not {"plain-value", "ann-user"} & set(secrets.known)


def test_variables_that_stand_in_secret_places_are_secret() -> None:
    flow = [
        {"get": {"url": "/{{ page }}", "headers": {"Authorization": "Bearer {{ jwt_of.user }}", "X": "{{ plain }}"}}},
        {
            "get": {
                "url": "/?token={{ t }}",
                "auth": {"user": "{{ who }}", "pass": "{{ word }}"},
                "cookie": {"s": "{{ sid1 }}"},
            }
        },
    ]
    secrets = found(flow)
    assert {"jwt_of", "t", "word", "sid1"} <= secrets.names
    assert not {"page", "plain", "who"} & secrets.names


def test_listed_variables_are_known_by_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_SHOP", "from-environment")
    monkeypatch.setenv("OTHER", "not-listed-one")
    secrets = found(
        secrets=["iban", "$env.OF_SHOP"], variables={"iban": ["DE02-1", "{{ $uuid }}"], "x": "{{ $env.OTHER }}"}
    )
    assert secrets.known == ("DE02-1", "from-environment")


def test_the_environment_counts_when_a_file_reads_it_and_its_name_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("A_TOKEN", "B_KEY", "C_NAME", "D_TOKEN"):
        monkeypatch.setenv(name, f"value-{name}")
    log = "{{ $env.A_TOKEN }} {{ $processEnvironment.B_KEY }} {{ $env.C_NAME }}"
    assert sorted(found([{"log": log}]).known) == ["value-A_TOKEN", "value-B_KEY"]


def compiled(tmp_path: Path, **config: Any) -> Plan:
    path = tmp_path / "test.yaml"
    data = {"config": {"target": "http://127.0.0.1", "phases": [{"duration": 1, "arrivalRate": 1}], **config}}
    path.write_text(
        json.dumps({**data, "scenarios": [{"name": "buy with DE02-1", "flow": [{"get": {"url": "/x/DE02-1"}}]}]})
    )
    document, _ = load_document([path])
    return compile_plan(document, Settings(seed=1, tags={"apiToken": "t", "team": "DE02-1"}))


def test_a_plan_tells_no_known_value(tmp_path: Path) -> None:
    plan = compiled(tmp_path, secrets=["iban"], variables={"iban": "DE02-1"}, name="run for DE02-1")
    assert plan.name == "run for ***"
    assert plan.scenarios[0].name == "buy with ***"
    assert plan.request_names == ("/x/***",)
    assert plan.tags == {"apiToken": "***", "team": "***"}


def test_an_unknown_name_is_a_fault_with_the_closest_one(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        compiled(tmp_path, secrets=["ibam"], variables={"iban": "DE02-1"})
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.hint) == ("LK201", 'did you mean "iban"?')


def test_captures_payloads_loops_and_the_environment_may_be_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_SHOP", "x")
    (tmp_path / "p.csv").write_text("a\n")
    flow = [
        {"get": {"url": "/", "capture": {"json": "$.a", "as": "taken"}}},
        {"loop": [{"set": {"given": 1}}], "over": [1], "loopElement": "each"},
    ]
    config = {
        "target": "http://127.0.0.1",
        "payload": {"path": "p.csv", "fields": ["card"]},
        "secrets": ["taken", "given", "each", "card", "OF_SHOP", "$env.OF_SHOP", "$loopElement"],
    }
    path = tmp_path / "test.yaml"
    path.write_text(json.dumps({"config": config, "scenarios": [{"flow": flow}]}))
    document, _ = load_document([path])
    assert compile_plan(document, Settings(seed=1)).warnings == ()
