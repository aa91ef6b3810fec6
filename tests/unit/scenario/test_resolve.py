"""What is known before load starts is rendered into the configuration."""

from pathlib import Path
from typing import Any

import pytest

from loadkit.errors import Diagnostic
from loadkit.scenario.merge import Overrides, gather_document
from loadkit.scenario.resolve import builtin_variables, place_payloads, render_config
from loadkit.scenario.source import Document, read_document


def rendered(text: str, *, environment: str | None = None, seed: int | None = None) -> tuple[Any, list[Diagnostic]]:
    document = read_document("tests/a.yaml", text)
    found = render_config(document, builtin_variables(document, environment), seed=seed)
    return document.data, found


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "example.com")
    monkeypatch.setenv("COUNT", "50")
    monkeypatch.setenv("SECURE", "false")
    monkeypatch.delenv("UNSET", raising=False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"http://{{ $env.HOST }}/x"', "http://example.com/x"),
        ('"{{ $processEnvironment.HOST }}"', "example.com"),
        ('"{{ host }}:{{ port }}"', "h:80"),
        ('"{{ fromEnv }}"', "example.com"),
        ('"{{ $environment }}"', "staging"),
        ('"{{ $scenarioFile }}"', "tests/a.yaml"),
        ('"{{ $dirname }}"', str(Path("tests").absolute())),
        ("plain", "plain"),
    ],
)
def test_the_target(value: str, expected: str) -> None:
    text = f'config: {{target: {value}, variables: {{host: h, port: 80, fromEnv: "{{{{ $env.HOST }}}}"}}}}\n'
    data, found = rendered(text, environment="staging")
    assert data["config"]["target"] == expected
    assert found == []


def test_a_single_template_is_a_number_or_a_boolean_where_the_schema_wants_one() -> None:
    data, found = rendered(
        """\
config:
  target: "{{ $env.COUNT }}"
  phases:
    - {duration: "{{ $env.COUNT }}", maxVusers: "{{ $env.COUNT }}", name: "{{ $env.COUNT }}", arrivalRate: "{{ $env.COUNT }}0"}
  tls: {rejectUnauthorized: "{{ $env.SECURE }}"}
  environments: {x: {target: "{{ $env.UNSET }}"}}
scenarios:
  - weight: "{{ $env.COUNT }}"
    flow: [{log: "{{ $env.COUNT }}"}]
"""
    )
    assert found == []
    assert data["config"]["target"] == "50"
    assert data["config"]["phases"] == [{"duration": 50, "maxVusers": 50, "name": "50", "arrivalRate": "500"}]
    assert data["config"]["tls"] == {"rejectUnauthorized": False}
    assert data["scenarios"] == [{"weight": 50, "flow": [{"log": "{{ $env.COUNT }}"}]}]


def test_what_is_rendered_for_each_virtual_user_stays() -> None:
    text = """\
config:
  variables: {a: "{{ b }}"}
  defaults: {headers: {a: "{{ b }}"}}
  http: {defaults: {headers: {a: "{{ b }}"}}}
  payload: {path: "{{ $env.HOST }}.csv", delimiter: "{{ b }}"}
  plugins: {other: {text: "{{ b }}", key: "{{ $env.HOST }}"}}
"""
    data, found = rendered(text)
    assert found == []
    config = data["config"]
    assert (
        config["variables"]
        == config["defaults"]["headers"]
        == config["http"]["defaults"]["headers"]
        == {"a": "{{ b }}"}
    )
    assert config["payload"] == {"path": "example.com.csv", "delimiter": "{{ b }}"}
    assert config["plugins"] == {"other": {"text": "{{ b }}", "key": "example.com"}}


@pytest.mark.parametrize(
    ("value", "code", "words", "column"),
    [
        ('"{{ $env.UNSET }}"', "LK502", "UNSET", 22),
        ('"{{ unknown }}"', "LK201", "unknown", 22),
        ('"{{ many }}"', "LK201", "each virtual user", 22),
        ('"a {{ changing }}"', "LK201", "each virtual user", 24),
        ('"\\x41\\t{{ $nothing() }}"', "LK203", "$nothing", 28),
        ('"{{ $sequence }}"', "LK204", "", 18),
        ('"{{ a"', "LK204", "", 19),
    ],
)
def test_what_cannot_be_rendered_is_reported(value: str, code: str, words: str, column: int) -> None:
    text = f'config: {{target: {value}, variables: {{many: [1, 2], changing: "{{{{ x }}}}"}}}}\n'
    _, found = rendered(text)
    assert [fault.code for fault in found] == [code]
    assert words in found[0].message
    assert found[0].at.column == column


@pytest.mark.parametrize(
    ("compat", "says"), [("", "UNSET is not set"), ("compat: artillery,", '"undefined" stands for it')]
)
def test_an_unset_environment_variable_is_told(compat: str, says: str) -> None:
    data, (found,) = rendered(f'config: {{{compat} target: "a{{{{ $env.UNSET }}}}b"}}\n')
    assert data["config"]["target"] == "aundefinedb"
    assert found.message.endswith(says) or says in found.message
    assert "--dotenv" in found.hint


def test_a_seed_fixes_random_values() -> None:
    text = 'config: {{{} target: "{{{{ $randomString(20) }}}}"}}\n'
    assert rendered(text.format(""), seed=1) == rendered(text.format(""), seed=1)
    assert rendered(text.format("seed: 7,")) == rendered(text.format("seed: 7,"))
    assert rendered(text.format("seed: 7,")) != rendered(text.format("seed: 8,"))


@pytest.mark.parametrize("config", ["5", "[]", "{payload: 5, variables: 3}", "{payload: [1, {path: 5}]}", ""])
def test_a_malformed_configuration_is_left_to_the_schema(config: str) -> None:
    document = read_document("a.yaml", f"config: {config}\nscenarios: {{}}\n")
    assert render_config(document, {}) == []
    place_payloads(document)


def payload_document(writer: str, path: str) -> Document:
    document = read_document(writer, f"config: {{payload: [{{path: '{path}'}}]}}\n")
    document.files = ("main/first.yaml", "other/second.yaml")
    return document


@pytest.mark.parametrize(
    ("writer", "path", "expected"),
    [
        ("main/first.yaml", "here.csv", "here.csv"),
        ("other/second.yaml", "there.csv", "../other/there.csv"),
        ("other/second.yaml", "here.csv", "here.csv"),
        ("other/second.yaml", "nowhere.csv", "../other/nowhere.csv"),
        ("--overrides", "here.csv", "here.csv"),
        ("--payload", "other/there.csv", "../other/there.csv"),
        ("main/first.yaml", "/absolute.csv", "/absolute.csv"),
        ("main/first.yaml", "a\\0b", "a\\0b"),
    ],
)
def test_payload_paths_become_relative_to_the_first_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: str, path: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("main/here.csv", "other/there.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a\n")
    document = payload_document(writer, path)
    place_payloads(document)
    assert document.data["config"]["payload"][0]["path"] == expected


def test_as_in_artillery_config_is_read_before_anybody_has_variables(tmp_path: Path) -> None:
    path = tmp_path / "it.yaml"
    path.write_text(
        "config:\n  target: http://127.0.0.1:9\n  compat: artillery\n"
        "  variables: {color: red, whose: 'of {{ user }}', one: '{{ user }}'}\n"
        "  http: {defaults: {headers: {x-whose: 'of {{ user }}', x-one: '{{ user }}', x-color: '{{ color }}'}}}\n"
        "scenarios: [{flow: [{get: /}]}]\n"
    )
    reading = gather_document([path], Overrides())
    config = reading.document.data["config"]  # type: ignore[union-attr]
    assert config["variables"] == {"color": "red", "whose": "of undefined"}
    assert config["http"]["defaults"]["headers"] == {"x-whose": "of undefined", "x-color": "red"}
    assert {one.code for one in reading.diagnostics} == {"LK201"}
    assert {one.severity.value for one in reading.diagnostics} == {"warning"}
