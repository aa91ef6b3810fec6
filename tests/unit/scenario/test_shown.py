from pathlib import Path

import yaml

from loadkit.scenario.compile import compile_plan
from loadkit.scenario.settings import Settings
from loadkit.scenario.shown import MOST_CHARS, shown_scenario, shown_source
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


def files_of(*texts: str) -> list[str]:
    """The lines of a scenario's file as a report shows them."""
    (text,) = texts
    plan = compile_plan(read_document(Path("shop.yaml"), text), Settings(seed=7))
    source = shown_source(plan)
    assert source is not None
    assert [file["name"] for file in source["files"]] == ["shop.yaml"]
    return source["files"][0]["text"].split("\n")


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


SECRETIVE = """\
config:
  target: http://ann:hushhush@127.0.0.1:80
  phases: [{duration: 10, arrivalRate: 5}]
  # password: noteit
  variables:
    password:
    - alpha
    - bet
    token: >
      folded verse
      and more
    plain: stays
  thresholds: ["http.response_time.p95 < 250ms"]
scenarios:
  - flow:
      - get: {url: "/?token=abcdefgh", headers: {Authorization: "Bearer {{ token }}"}, cookie: {a: bcd}}
      - post: {url: /login, json: {password: ["12", x], note: "alpha"}}
"""


def test_the_files_are_shown_line_by_line_with_secrets_as_asterisks():
    lines = files_of(SECRETIVE)
    original = SECRETIVE.splitlines()
    assert [len(line) for line in lines] == [len(line) for line in original]
    text = "\n".join(lines)
    for secret in ("hushhush", "noteit", "alpha", "bet\n", "folded", "verse", "more", "abcdefgh", "bcd", '"12"', " x]"):
        assert secret not in text, secret
    assert lines[11:14] == original[11:14]
    assert "Bearer {{ token }}" in text


def test_a_line_that_only_looks_like_a_secret_hides_no_more_than_itself():
    text = SECRETIVE.replace("plain: stays", "api_key: abc\n    after: stays")
    assert "    after: stays" in files_of(text)


def test_long_files_are_cut_at_a_line():
    text = TEXT + "# comment\n" * 20_000
    lines = files_of(text)
    assert MOST_CHARS - 100 < len("\n".join(lines)) <= MOST_CHARS
    assert lines[-1] == "# comment"
