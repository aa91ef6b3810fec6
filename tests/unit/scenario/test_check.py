"""One diagnostic for each mistake, in the author's words."""

import pytest

from loadkit.scenario.assemble import build_schema
from loadkit.scenario.check import check_against, check_schema
from loadkit.scenario.source import read_document
from tests.unit.scenario.fragments import CONFIG, PHASE_KEYS, STEPS

SCHEMA = build_schema(STEPS, CONFIG, PHASE_KEYS)


def check(text: str) -> list[tuple[str, str, str]]:
    """Return code, message and hint of each diagnostic."""
    return [(found.code, found.message, found.hint) for found in check_against(read_document("a.yaml", text), SCHEMA)]


def check_step(text: str) -> list[tuple[str, str, str]]:
    return check(f"scenarios: [{{name: s, flow: [{text}]}}]\n")


def check_config(text: str) -> list[tuple[str, str, str]]:
    return check(f"config: {text}\nscenarios: [{{flow: []}}]\n")


URL = "for example url: /products"
STEP_CASES = [
    ("{get: {url: /}}", []),
    ("[[{think: 1}], [{loop: [[{get: /}]], count: 1}]]", []),
    ("{get: {url: /, gzip: '{{ a }}', retries: '{{ b }}'}}", []),
    ("{gte: {url: /}}", [("LK107", 'unknown step action "gte"', 'did you mean "get"?')]),
    ("{naem: x, thnik: 1}", [("LK107", 'unknown step action "thnik"', 'did you mean "think"?')]),
    ("{wait: 1}", [("LK107", 'unknown step action "wait"', "the actions are get, loop, parallel, think")]),
    ("{}", [("LK105", 'step 1 of scenario "s" has no action', 'an action is, for example, "think: 1"')]),
    ("{count: 1}", [("LK105", 'step 1 of scenario "s" has no action', '"count" stands beside "loop" or "parallel"')]),
    (
        "{think: 1, get: /}",
        [
            (
                "LK105",
                'a step has one action, and this one has "think" and "get"',
                'start a step of its own with "- get:"',
            )
        ],
    ),
    (
        "{think: 1, limit: 3}",
        [("LK106", '"limit" belongs to "parallel", not to "think"', '"think" takes jitter beside it')],
    ),
    ("{think: 1, jiter: 3}", [("LK101", 'unknown key "jiter" in step "think"', 'did you mean "jitter"?')]),
    (
        "{get: , url: /, gzip: true}",
        [("LK101", 'unknown key "url" in step "get"', 'it belongs inside of "get": indent it further')],
    ),
    (
        "{get: /, gzip: true}",
        [("LK101", 'unknown key "gzip" in step "get"', 'it belongs inside of "get": indent it further')],
    ),
    ("{get: {ulr: /}}", [("LK101", 'unknown key "ulr" in step "get"', 'did you mean "url"?')]),
    ("{get: {gzip: true}}", [("LK103", '"url" is missing in step "get"', URL)]),
    ("{get: }", [("LK102", '"get" must be a mapping or text, but it is empty', "")]),
    ("{get: {url: /, gzip: 'on'}}", [("LK102", '"gzip" in step "get" must be true or false, not "on"', "")]),
    ("{get: {url: /, retries: 1.5}}", [("LK102", '"retries" in step "get" must be a whole number, not 1.5', "")]),
    ("{get: {url: /, retries: -1}}", [("LK104", '"retries" in step "get" must be 0 or more, not -1', "")]),
    ("{get: {url: /, capture: {as: 5}}}", [("LK102", '"as" in "capture" of step "get" must be text, not 5', "")]),
    ("{get: {url: /, capture: [{as: a, jsn: b}]}}", [("LK101", 'unknown key "jsn" in "capture" of step "get"', "")]),
    ("{get: {url: /, capture: [{as: a}, {}]}}", [("LK103", '"as" is missing in "capture" of step "get"', "")]),
    ("{get: {url: /, capture: a}}", [("LK102", '"capture" in step "get" must be a mapping or a list, not "a"', "")]),
    ("{get: {url: /, status: 5}}", [("LK104", '"status" in step "get" must be 100 or more, not 5', "")]),
    (
        "{get: {url: /, status: [a]}}",
        [("LK102", 'item 1 of "status" in step "get" must be a whole number, not "a"', "")],
    ),
    (
        "{loop: [{loop: [{gte: /}], count: 1}], count: 2}",
        [("LK107", 'unknown step action "gte"', 'did you mean "get"?')],
    ),
    ("{loop: {get: /}, count: 2}", [("LK102", '"loop" must be a list, not a mapping', 'start each element with "- "')]),
    ("{loop: [], count: many}", [("LK102", '"count" in step "loop" must be a whole number, not "many"', "")]),
    ("think", [("LK102", 'step 1 of scenario "s" must be a mapping, not "think"', 'write "think: ..."')]),
    (
        "[5]",
        [
            (
                "LK102",
                'step 1.1 of scenario "s" must be a mapping, not 5',
                'a step is an action with its value, such as "think: 1"',
            )
        ],
    ),
]


@pytest.mark.parametrize(("step", "expected"), STEP_CASES, ids=[case[0] for case in STEP_CASES])
def test_steps(step: str, expected: list[tuple[str, str, str]]) -> None:
    assert [(code, message, hint) for code, message, hint in check_step(step)] == [
        (code, message, hint or found[2])
        for (code, message, hint), found in zip(expected, check_step(step), strict=True)
    ]


CONFIG_CASES = [
    ("{phases: [{duration: 1, name: warm up, arivalRate: 1}]}", "LK101", 'unknown key "arivalRate" in phase "warm up"'),
    ("{phases: [{duration: 1}, {duration: 1, arrival_rate: 1}]}", "LK101", 'unknown key "arrival_rate" in phase 2'),
    ("{phases: [{users: 1}]}", "LK103", '"duration" or "pause" is missing in phase 1'),
    ("{phases: [{duratoin: 1, users: 1}]}", "LK101", 'unknown key "duratoin" in phase 1'),
    ("{phases: [5]}", "LK102", "phase 1 must be a mapping, not 5"),
    ("{phases: [{duration: 1, users: 1.5}]}", "LK102", '"users" in phase 1 must be a whole number, not 1.5'),
    ("{phases: }", "LK102", '"phases" in config must be a list, but it is empty'),
    ("{mode: poison}", "LK104", '"mode" in config must be "uniform" or "poisson", not "poison"'),
    ("{target: ''}", "LK104", '"target" in config must not be empty'),
    ("{http: {pol: 1}}", "LK101", 'unknown key "pol" in config.http'),
    ("{http: {pool: 0}}", "LK104", '"pool" in config.http must be 1 or more, not 0'),
    ("{environments: {e: {htp: 1}}}", "LK101", 'unknown key "htp" in environment "e"'),
    ("{environments: {e: {http: {pol: 1}}}}", "LK101", 'unknown key "pol" in http of environment "e"'),
    ("{environments: {e: {phases: [{x: 1, pause: 1}]}}}", "LK101", 'unknown key "x" in phase 1 of environment "e"'),
    ("{http: {old: 1}}", "LK505", '"old" in config.http has no effect yet'),
    ("{environments: {e: {pluginsScope: x}}}", "LK505", '"pluginsScope" in environment "e" has no effect yet'),
    ("5", "LK102", '"config" at the top of the file must be a mapping, not 5'),
]


@pytest.mark.parametrize(("config", "code", "message"), CONFIG_CASES, ids=[case[0] for case in CONFIG_CASES])
def test_configuration(config: str, code: str, message: str) -> None:
    assert [found[:2] for found in check_config(config)] == [(code, message)]


@pytest.mark.parametrize(
    ("text", "code", "message", "hint"),
    [
        ("config: {}\n", "LK103", '"scenarios" is missing at the top of the file', ""),
        ("scenaros: []\n", "LK101", 'unknown key "scenaros" at the top of the file', 'did you mean "scenarios"?'),
        ("scenarios: []\n", "LK104", '"scenarios" at the top of the file must not be empty', ""),
        ("scenarios: [{name: a}]\n", "LK103", '"flow" is missing in scenario "a"', ""),
        ("scenarios: [{flwo: []}]\n", "LK101", 'unknown key "flwo" in scenario 1', 'did you mean "flow"?'),
        (
            "scenarios: [{flow: [], engine: ws}]\n",
            "LK104",
            '"engine" in scenario 1 must be "http" or "python", not "ws"',
            "for example engine: http",
        ),
        (
            "scenarios: [{flow: []}]\ntarget: a\n",
            "LK101",
            'unknown key "target" at the top of the file',
            "it belongs into config",
        ),
        (
            "scenarios: [{flow: []}]\nphasse: a\n",
            "LK101",
            'unknown key "phasse" at the top of the file',
            'did you mean "phases"? it belongs into config',
        ),
        (
            "scenarios: [{flow: []}]\nconfig: {scenarios: []}\n",
            "LK101",
            'unknown key "scenarios" in config',
            "it belongs to the top of the file",
        ),
        (
            "scenarios: [{flow: []}]\nconfig: {http: {'old ': 1}}\n",
            "LK101",
            'unknown key "old " in config.http',
            'did you mean "old"?',
        ),
        ("scenarios: [{flow: []}]\nafter: {}\n", "LK103", '"flow" is missing in after', ""),
        (
            "scenarios: [{flow: []}]\nextends: 5\n",
            "LK102",
            '"extends" at the top of the file must be text or a list, not 5',
            "for example extends: base.yaml",
        ),
    ],
)
def test_the_frame(text: str, code: str, message: str, hint: str) -> None:
    assert check(text) == [(code, message, hint)]


def test_carets_stand_on_keys_where_the_key_is_the_mistake() -> None:
    text = """\
config:
  phases:
    duration: 1
scenarios:
  - flow:
      - get:
          gzip: 5
"""
    found = check_against(read_document("a.yaml", text), SCHEMA)
    assert [(fault.code, fault.at.line, fault.at.column, fault.length) for fault in found] == [
        ("LK102", 2, 3, 6),
        ("LK103", 6, 9, 3),
        ("LK102", 7, 17, 1),
    ]


def test_messages_hold_no_python() -> None:
    text = "config: {target: [it's], http: {pool: {a: [null, true]}}, mode: null}\n"
    text += "scenarios: [{flow: [{think: true}, {get: {url: {}}}]}]\n"
    for _, message, hint in check(text):
        assert not any(word in message + hint for word in ("None", "True", "'", "{", "is not of type"))


def test_deep_nesting_does_not_break_the_check() -> None:
    nested = "[{loop: " * 28 + "[{thnik: 1}]" + ", count: 1}]" * 28
    assert [code for code, *_ in check(f"scenarios:\n- flow: {nested}\n")] == ["LK107"]
    lists = "[" * 58 + "{thnik: 1}" + "]" * 58
    assert [code for code, *_ in check(f"scenarios:\n- flow: {lists}\n")] == ["LK107"]


def test_the_real_schema_is_what_files_are_checked_against() -> None:
    document = read_document("a.yaml", "config: {target: x}\nscenarios: [{flow: [{gte: /}]}]\n")
    assert [found.code for found in check_schema(document)] == ["LK107"]


def test_an_environment_may_hold_parts_of_phases() -> None:
    assert check_config("{environments: {e: {phases: [{arrivalRate: 2}, {name: x}]}}}") == []
    assert [code for code, *_ in check_config("{environments: {e: {phases: [{arivalRate: 2}]}}}")] == ["LK101"]


def severities(text: str) -> list[tuple[str, str]]:
    return [(found.code, found.severity.name) for found in check_schema(read_document("a.yaml", text))]


COMPAT = "config: {compat: artillery, phasess: [], phases: [{duration: 1, arrivalRate: 1}]}"
FLOW = "scenarios: [{flow: [{get: {url: /, heders: {}}, count: 2}], colour: red}]"


def test_keys_that_nobody_knows_are_warnings_where_artillery_is_followed() -> None:
    found = severities(f"{COMPAT}\nextra: 1\n{FLOW}")
    assert sorted(found) == [*[("LK101", "WARNING")] * 4, ("LK106", "WARNING")]
    in_environment = COMPAT.replace("compat: artillery,", "environments: {old: {compat: artillery}},")
    assert sorted(severities(f"{in_environment}\nextra: 1\n{FLOW}")) == sorted(found)
    assert ("LK101", "ERROR") in severities(f"{COMPAT.replace('compat: artillery, ', '')}\n{FLOW}")


def test_what_a_misspelt_key_leaves_out_is_still_missing_there() -> None:
    found = severities(
        "config: {compat: artillery, phases: [{duratin: 1, arrivalRate: 1}]}\nscenarios: [{flow: [{get: /}]}]"
    )
    assert found == [("LK101", "WARNING"), ("LK103", "ERROR")] or found == [("LK103", "ERROR"), ("LK101", "WARNING")]
