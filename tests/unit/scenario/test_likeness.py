from copy import deepcopy

import pytest

from loadkit.redact import Secrets
from loadkit.scenario.likeness import Likeness, likeness

DATA = {
    "config": {
        "target": "http://shop.example",
        "phases": [{"name": "steady", "duration": 60, "arrivalRate": 10}],
        "http": {"timeout": 10},
        "variables": {"item": ["a", "b"], "token": "abcdef"},
        "thresholds": ["http.response_time.p95 < 250ms"],
        "plugins": {"ensure": {"p95": 3}},
    },
    "scenarios": [
        {"name": "browse", "weight": 2, "flow": [{"get": {"url": "/", "name": "home"}}]},
        {"flow": [{"get": "/cart"}]},
    ],
    "before": {"flow": [{"post": "/login"}]},
}


def like(data=DATA, **changes) -> Likeness:
    given = {
        "solo": False,
        "picked": (0, 1),
        "target": "http://shop.example",
        "secrets": Secrets(["token"], ["abcdef"]),
    }
    return likeness(data, **{**given, **changes})


def changed(path, value):
    data = deepcopy(DATA)
    inside = data
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("config", "thresholds"), []),
        (("config", "slos"), [{"name": "fast"}]),
        (("config", "plugins", "ensure"), {"p95": 9}),
        (("config", "apdex"), {"threshold": 100}),
        (("config", "name"), "nightly"),
        (("config", "seed"), 7),
        (("config", "phases", 0, "name"), "calm"),
        (("config", "environments"), {"ci": {"target": "http://ci"}}),
        (("config", "variables", "token"), "zzzzzz"),
        (("scenarios", 0, "name"), "look"),
    ],
)
def test_what_changes_no_request_leaves_runs_alike(path, value):
    secrets = Secrets(["token"], ["abcdef", "zzzzzz"])
    assert like(changed(path, value), secrets=secrets) == like()


@pytest.mark.parametrize(
    ("path", "value", "part"),
    [
        (("config", "http"), {"timeout": 5}, "scenario"),
        (("config", "variables", "item"), ["a"], "scenario"),
        (("config", "plugins"), {"fuzzer": {}}, "scenario"),
        (("scenarios", 0, "weight"), 3, "scenario"),
        (("scenarios", 0, "flow", 0, "get", "url"), "/x", "scenario"),
        (("scenarios", 0, "flow", 0, "get", "name"), "start", "scenario"),
        (("before", "flow"), [], "scenario"),
        (("config", "phases", 0, "arrivalRate"), 11, "phases"),
    ],
)
def test_what_changes_the_load_makes_another_digest_of_its_part(path, value, part):
    found, known = like(changed(path, value)), like()
    different = {name for name in ("scenario", "phases", "target") if getattr(found, name) != getattr(known, name)}
    assert different == {part}


def test_the_order_of_keys_does_not_matter():
    assert like(dict(reversed(DATA.items()))) == like()


def test_scenarios_that_do_not_run_do_not_matter():
    assert like(changed(("scenarios", 1), {"flow": []}), picked=(0,)) == like(picked=(0,))
    assert like(picked=(0,)).scenario != like().scenario


def test_a_solo_run_is_like_no_run_with_phases():
    assert like(solo=True).phases != like().phases


@pytest.mark.parametrize(
    ("target", "seen"),
    [
        ("demo://", "demo://"),
        ("demo://shop", "demo://"),
        ("http://ann:pw@Shop.example:8080/api/", "http://shop.example:8080/api"),
        ("", ""),
    ],
)
def test_a_target_is_where_requests_go_and_nothing_secret(target, seen):
    assert like(target=target).target == seen
