from pathlib import Path

import yaml

from loadkit.scenario.compile import compile_plan
from loadkit.scenario.settings import Settings
from loadkit.scenario.shown import shown_scenario
from loadkit.scenario.source import read_document

TEXT = """\
config:
  target: http://ann:hushhush@127.0.0.1:80
  phases: [{duration: 10, arrivalRate: 5}]
  secrets: [word]
  variables: {word: [verysecret], password: abc, n: 3}
  http: {cookieJarOptions: {looseMode: true}}
scenarios:
  - flow:
      - get: {url: "/?token=abcdefgh&x={{ word }}", headers: {Authorization: "Bearer {{ word }}", X-Api-Key: 12}}
      - post: {url: /login, json: {password: "{{ password }}", pin: "123"}, cookie: {a: bcd}}
      - log: verysecret
"""


def shown(text: str = TEXT, **settings):
    made = shown_scenario(compile_plan(read_document(Path("shop.yaml"), text), Settings(seed=7, **settings)))
    assert made.startswith("# As it ran, merged from shop.yaml; secrets are masked, paths are those of the original.\n")
    return made, yaml.safe_load(made)


def test_secrets_are_masked_and_templates_stay():
    text, data = shown()
    for secret in ("hushhush", "verysecret", "abc", "abcdefgh", "123", "bcd"):
        assert f" {secret}" not in text, secret
        assert f"={secret}" not in text, secret
    first, second, _ = data["scenarios"][0]["flow"]
    assert first["get"]["url"] == "/?token=***&x={{ word }}"
    assert first["get"]["headers"] == {"Authorization": "Bearer {{ word }}", "X-Api-Key": "***"}
    assert second["post"]["json"] == {"password": "{{ password }}", "pin": "***"}
    assert data["config"]["secrets"] == ["word"]
    assert data["config"]["http"] == {"cookieJarOptions": {"looseMode": True}}


def test_it_says_what_was_decided_when_it_ran():
    _, data = shown(target="http://shop.example")
    assert data["config"]["seed"] == 7
    assert data["config"]["target"] == "http://shop.example"


def test_the_demo_stays_the_demo_and_the_scenario_can_run_again():
    text = TEXT.replace("http://ann:hushhush@127.0.0.1:80", "demo://")
    made, data = shown(text, demo=True)
    assert data["config"]["target"] == "demo://"
    assert compile_plan(read_document(Path("again.yaml"), made), Settings()).seed == 7
