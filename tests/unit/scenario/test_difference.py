"""What is said about a change: the table is old text, new text, the lines, and whether something may be looser."""

from copy import deepcopy
from functools import reduce
from pathlib import Path

import pytest

from loadkit.errors import ScenarioError
from loadkit.scenario.difference import differences, version_of
from loadkit.scenario.merge import Overrides, load_document

BASE = """
config:
  target: http://127.0.0.1:9
  mode: uniform
  phases:
    - {name: warm up, duration: 60, arrivalRate: 5}
    - duration: 60
      arrivalRate: 50
  http: {timeout: 5, defaults: {headers: {X-Test: 1}}}
  plugins: {ensure: {}}
  ensure: {maxErrorRate: 1, conditions: [{expression: "http.codes.500 == 0"}]}
  payload: {path: users.csv}
  thresholds:
    - http.response_time.p95 < 200ms
    - http.error_rate <= 1%
    - checks.pass_rate >= 99%
    - {expr: http.response_time.p99 < 1s, for: 3s, min_samples: 10}
scenarios:
  - name: checkout
    weight: 3
    flow:
      - get: /
      - think: 60s
      - post: {url: /cart, json: {id: 1, gift: true}, headers: {Accept: text/html}}
      - get: {url: /done, capture: {json: $.id, as: id}}
      - get: {url: /paid, expect: [{statusCode: 200}, {contentType: json}], match: {json: $.state, value: paid}}
  - name: browse
    weight: 7
    flow:
      - loop: [{get: {url: "/p/{{ $loopCount }}", name: product}}, {think: 1}]
        count: 4
"""


@pytest.fixture
def compare(tmp_path):
    def lines(old: str, new: str):
        sides = []
        for name, text in (("old.yaml", old), ("new.yaml", new)):
            path = tmp_path / name
            path.write_text(text)
            sides.append(version_of(load_document([path], Overrides(seed=0))[0]))
        found = differences(*sides)
        return [change.text for change in found], any(change.looser for change in found)

    return lines


def replaced(*pairs: tuple[str, str]) -> str:
    text = BASE
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


REWRITTEN = """
# The same, written in another way and order.
scenarios:
  - flow:
      - get: {uri: "/", followRedirect: true}
      - think: 1m
      - post:
          headers: {accept: "text/html"}
          json: {"gift": true, "id": 1}
          url: '/cart'
      - get: {url: /done, capture: [{as: id, json: $.id}]}
      - get: {url: /paid, match: [{value: paid, json: $.state}], expect: {contentType: json, statusCode: 200}}
    weight: 3
    name: "checkout"
  - {name: browse, weight: 7.0, flow: [[{loop: [{get: {name: product, url: "/p/{{ $loopCount }}"}}, {think: 1s}], count: 4}]]}
config:
  thresholds:
    - {min_samples: 10, for: 3, expr: "http.response_time.p99<1000ms"}
    - checks.pass_rate>=0.99
    - http.error_rate <= 0.01
    - http.response_time.p95 < 0.2s
  payload: [{path: users.csv}]
  ensure: {conditions: [{expression: "http.codes.500 == 0"}], maxErrorRate: 1}
  plugins: {ensure: {}}
  http: {defaults: {headers: {x-test: "1"}}, timeout: 5000ms}
  phases: [{arrivalRate: 5.0, duration: 1m, name: warm up}, {arrivalRate: "50", duration: "60"}]
  mode: uniform
  target: "http://127.0.0.1:9"
"""


def test_nothing_is_said_about_another_way_of_writing(compare):
    assert compare(BASE, BASE) == ([], False)
    assert compare(BASE, REWRITTEN) == ([], False)


@pytest.mark.parametrize(
    ("pairs", "lines", "looser"),
    [
        ([("p95 < 200ms", "p95 < 300ms")], ["threshold loosened: http.response_time.p95 < 200ms -> < 300ms"], True),
        ([("p95 < 200ms", "p95 < 100ms")], ["threshold tightened: http.response_time.p95 < 200ms -> < 100ms"], False),
        ([("p95 < 200ms", "p95 <= 200ms")], ["threshold loosened: http.response_time.p95 < 200ms -> <= 200ms"], True),
        ([("rate >= 99%", "rate >= 98%")], ["threshold loosened: checks.pass_rate >= 99% -> >= 98%"], True),
        ([("rate >= 99%", "rate >= 100%")], ["threshold tightened: checks.pass_rate >= 99% -> >= 100%"], False),
        ([("for: 3s", "for: 9s")], ["threshold loosened: http.response_time.p99 for 3 s -> for 9 s"], True),
        ([("for: 3s", "for: 1s")], ["threshold tightened: http.response_time.p99 for 3 s -> for 1 s"], False),
        ([("for: 3s", "over: 3s")], ["threshold changed: http.response_time.p99 for 3 s -> over 3 s"], True),
        ([("min_samples: 10", "severity: warning, min_samples: 10")],
         ["threshold loosened: http.response_time.p99 severity error -> warning"], True),
        ([("    - http.error_rate <= 1%\n", "")], ["threshold removed: http.error_rate <= 1%"], True),
        ([("  thresholds:\n", "  thresholds:\n    - http.requests > 5\n")],
         ["threshold added: http.requests > 5"], False),
        ([("http.error_rate <= 1%", 'http.error_rate <= 1% of "/done"')],
         ["threshold removed: http.error_rate <= 1%", 'threshold added: http.error_rate of "/done" <= 1%'], True),
        ([("maxErrorRate: 1", "maxErrorRate: 5")], ["ensure loosened"], True),
        ([("== 0\"", "== 0\", strict: false")], ["ensure condition loosened: http.codes.500 == 0 no longer fails"], True),
        ([("  plugins: {ensure: {}}\n", "")], ["ensure removed", "ensure condition removed"], True),
        ([("duration: 60\n      arrivalRate: 50", "duration: 90\n      arrivalRate: 80")],
         ["phase 2 lasts 1m -> 1m30s", "phase 2 arrival rate 50 -> 80", "peak arrival rate 50/s -> 80/s",
          "planned visits 3,300 -> 7,500", "the run lasts 2m -> 2m30s"], False),
        ([("arrivalRate: 50", "arrivalRate: 50\n      spike: {to: 80, hold: 10}")],
         ["phase 2 spike none -> {\"to\": 80, \"hold\": 10}", "peak arrival rate 50/s -> 80/s",
          "planned visits 3,300 -> 3,600"], False),
        ([("arrivalRate: 5}", "arrivalRate: 5, warmup: true}")],
         ['phase "warm up" is judged -> a warm-up, which is not judged'], True),
        ([("arrivalRate: 5}", "users: 5}")],
         ['phase "warm up" is up to 5 arrivals/s for 1m -> 5 users for 1m'], False),
        ([("    - {name: warm up, duration: 60, arrivalRate: 5}\n", "    - {name: quiet, pause: 60}\n")],
         ['phase "warm up" removed', 'phase "quiet" added: a pause of 1m', "planned visits 3,300 -> 3,000"], False),
        ([("weight: 3", "weight: 5")], ["weight of checkout 3 -> 5 (share 30 % -> 41.7 %)"], False),
        ([("- get: /\n", "- get: /\n      - get: /login\n")], ['scenario "checkout": request GET /login added'], False),
        ([("      - get: /\n", "")], ['scenario "checkout": request GET / removed'], False),
        ([("      - get: /\n", ""), ("text/html}}\n", "text/html}}\n      - get: /\n")],
         ['scenario "checkout": request GET / moved'], False),
        ([("Accept: text/html", "Accept: text/html, X: y")],
         ['scenario "checkout": request POST /cart: header x added: y'], False),
        ([(", headers: {Accept: text/html}", "")],
         ['scenario "checkout": request POST /cart: header accept removed'], False),
        ([("gift: true", "gift: 1")], ['scenario "checkout": request POST /cart: json.gift true -> 1'], False),
        ([("think: 60s", "think: 90")], ['scenario "checkout": think 1m -> 1m30s'], False),
        ([("count: 4", "count: 6")], ['scenario "browse": loop: count 4 -> 6'], False),
        ([("- get: /\n", "- get: /start\n")], ['scenario "checkout": request GET /: url / -> /start'], False),
        ([("{statusCode: 200}, ", "")], ['scenario "checkout": request GET /paid: expect statusCode 200 removed'], True),
        ([("statusCode: 200", "statusCode: [200, 404]")],
         ['scenario "checkout": request GET /paid: expect statusCode 200 -> [200, 404]'], True),
        ([("statusCode: 200", "notStatusCode: 500")],
         ['scenario "checkout": request GET /paid: expect statusCode 200 removed',
          'scenario "checkout": request GET /paid: expect notStatusCode 500 added'], True),
        ([("{contentType: json}", "{contentType: json}, {hasProperty: id}")],
         ['scenario "checkout": request GET /paid: expect hasProperty id added'], False),
        ([("value: paid", "value: open")], ['scenario "checkout": request GET /paid: match $.state paid -> open'], True),
        ([(", match: {json: $.state, value: paid}", "")],
         ['scenario "checkout": request GET /paid: match $.state paid removed'], True),
        ([("      - get: {url: /paid, expect: [{statusCode: 200}, {contentType: json}], match: {json: $.state, value: paid}}\n",
           "")], ['scenario "checkout": request GET /paid removed, with its 3 checks'], True),
        ([("{json: $.id, as: id}", "[{json: $.number, as: id}, {header: etag, as: tag}]")],
         ['scenario "checkout": request GET /done: capture id.json $.id -> $.number',
          'scenario "checkout": request GET /done: capture tag added: {"header": "etag"}'], False),
        ([("path: users.csv", "path: people.csv, order: sequence")],
         ["config.payload[0].path users.csv -> people.csv", "config.payload[0].order added: sequence"], False),
        ([("scenarios:\n", "before: {flow: [{get: /warm}]}\nscenarios:\n")], ["before: request GET /warm added"], False),
        ([("gift: true", "gift: true, timeout: 60")], ['scenario "checkout": request POST /cart: json.timeout added: 60'], False),
        ([("min_samples: 10", "min_samples: 10, name: fast, tags: {team: a}")],
         ["threshold changed: http.response_time.p99 is called fast, tags none -> team:a"], False),
        ([("arrivalRate: 50", "arrivalRate: 5\n      spike: {to: 50, after: 1s, rampUp: 1s, hold: 1s, rampDown: 1s}")],
         ["phase 2 arrival rate 50 -> 5", "phase 2 spike none -> ", "planned visits 3,300 -> 690"], False),
        ([("value: paid}", "value: paid, strict: false}")],
         ['scenario "checkout": request GET /paid: match $.state paid -> {"value": "paid", "strict": false}'], True),
        ([("name: browse", "name: look")], ["scenario browse is now called look"], False),
        ([("timeout: 5,", "timeout: 8,")], ["config.http.timeout 5s -> 8s"], False),
        ([("  target: http://127.0.0.1:9", "  target: http://127.0.0.1:10")],
         ["config.target http://127.0.0.1:9 -> http://127.0.0.1:10"], False),
    ],
)  # fmt: skip
def test_what_is_said(compare, pairs, lines, looser):
    said, may_be_looser = compare(BASE, replaced(*pairs))
    assert len(said) == len(lines), said
    assert all(line.startswith(start) for line, start in zip(said, lines, strict=True)), said
    assert may_be_looser is looser


def test_calls_are_compared_by_what_they_call(compare):
    old = BASE.replace("- think: 60s", "- call: json:dumps\n      - call: {function: math:sqrt, with: [4], name: root}")
    new = old.replace("- call: json:dumps", "- call: {function: json:dumps, calls: 5}").replace("[4]", "[9]")
    assert compare(old, old.replace("call: json:dumps", "call: {function: json:dumps, calls: 1}")) == ([], False)
    assert compare(old, new)[0] == [
        'scenario "checkout": call json:dumps: calls added: 5',
        'scenario "checkout": call root: with [4] -> [9]',
    ]


HOOKED = BASE.replace("  mode: uniform", "  mode: uniform\n  processor: ./hooks.py\n  beforeRequest: sign").replace(
    "- name: browse\n", "- name: browse\n    onError: note\n"
)


@pytest.mark.parametrize(
    ("pair", "lines"),
    [
        (("beforeRequest: sign", "beforeRequest: [sign]"), []),
        (("onError: note", "onError: [note, tell]"), ['scenario "browse".onError ["note"] -> ["note", "tell"]']),
        (("    onError: note\n", ""), ['scenario "browse".onError removed']),
        (("./hooks.py", "./others.py"), ["config.processor ./hooks.py -> ./others.py"]),
        (("beforeRequest: sign", "beforeRequest: seal"), ['config.beforeRequest ["sign"] -> ["seal"]']),
        (("name: product}", "name: product, afterResponse: look}"),
         ['scenario "browse": loop: request GET product: afterResponse added: ["look"]']),
        (("count: 4", "whileTrue: more"),
         ['scenario "browse": loop: count removed', 'scenario "browse": loop: whileTrue added: more']),
        (("- think: 60s", "- function: rest"),
         ['scenario "checkout": think removed', 'scenario "checkout": function added']),
        (("http.error_rate <= 1%", "orders.failed <= 1"),
         ["threshold removed: http.error_rate <= 1%", "threshold added: orders.failed <= 1"]),
        (("http.error_rate <= 1%", "orders > 5/s"),
         ["threshold removed: http.error_rate <= 1%", "threshold added: orders > 5/s"]),
    ],
)  # fmt: skip
def test_changed_hooks_are_named(compare, pair, lines):
    said, _ = compare(HOOKED, HOOKED.replace(*pair, 1))
    assert said == lines


def test_what_is_sent_is_compared_as_it_stands(compare):
    """A timeout of 60 and of 1m are the same, a field of a body by that name is not."""
    bodies = [BASE.replace("gift: true", f"timeout: {text}") for text in ("60", "1m")]
    assert compare(*bodies)[0] == ['scenario "checkout": request POST /cart: json.timeout 60 -> 1m']
    spikes = [
        BASE.replace("arrivalRate: 50", f"arrivalRate: 1\n      spike: {{{keys}}}")
        for keys in (
            "to: 50, after: 1s, hold: 30",
            "hold: 30s, to: 50, after: 1",
            "to: 50, after: 1, hold: 30s, rampDown: 5s",
        )
    ]
    assert compare(spikes[0], spikes[1]) == ([], False)
    assert compare(spikes[1], spikes[2])[0] == ["phase 2 spike rampDown none -> 5s", "planned visits 1,830 -> 1,953"]


EVERY_KEY = Path(__file__).parents[2] / "scenarios" / "valid" / "every-key" / "every-key.yaml"
TOLD_BY_NOBODY = {"$schema", "description"}


def leaves(value, path=()):
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    yield from ((found for key, item in pairs for found in leaves(item, (*path, key))) if pairs else [(path, value)])


def turned(value):
    if isinstance(value, dict):
        return {key: turned(item) for key, item in reversed(value.items())}
    return [turned(item) for item in value] if isinstance(value, list) else value


def another(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return f"9{value}" if str(value)[:1].isdigit() else f"{value}x"


def test_a_change_of_any_value_is_told_and_the_order_of_keys_never():
    """Every seventh value of the file that uses every key; one that cannot be changed so is refused."""
    document = load_document([EVERY_KEY], Overrides(seed=0))[0]
    base, data, told = version_of(document), document.data, 0
    document.data = turned(data)
    assert differences(base, version_of(document)) == []
    for path, value in list(leaves(data))[::7]:
        document.data = deepcopy(data)
        *above, last = path
        holder = reduce(lambda inside, key: inside[key], above, document.data)
        holder[last] = another(value)
        try:
            found = differences(base, version_of(document))
        except ScenarioError:
            continue
        assert found or TOLD_BY_NOBODY & set(map(str, path)), path
        told += bool(found)
    assert told > 30


def test_a_scenario_that_comes_or_goes_tells_its_share(compare):
    added = BASE + "  - {name: search, weight: 10, flow: [{get: /search}]}\n"
    assert compare(BASE, added) == (["scenario added: search (share 50 %)"], False)
    assert compare(added, BASE) == (["scenario removed: search (share 50 %)"], False)


def test_going_on_after_a_failure_is_looser(compare):
    stops = BASE.replace("for: 3s", "abort: true, for: 3s")
    assert compare(stops, BASE) == (
        ["threshold loosened: http.response_time.p99 no longer stops the run when it fails"], True
    )  # fmt: skip
    assert compare(BASE, stops)[1] is False


def test_fewer_accepted_statuses_are_tighter(compare):
    both = BASE.replace("statusCode: 200", "statusCode: [200, 404]")
    assert compare(both, BASE)[1] is False
    refused = [BASE.replace("statusCode: 200", f"notStatusCode: {codes}") for codes in ("500", "[500, 503]")]
    assert compare(*refused)[1] is False
    assert compare(*reversed(refused))[1] is True


def test_a_scenario_that_goes_takes_its_checks_along(compare):
    added = BASE + "  - {name: search, weight: 10, flow: [{loop: [{get: {url: /s, expect: {statusCode: 200}}}]}]}\n"
    assert compare(added, BASE) == (["scenario removed: search (share 50 %, its check)"], True)


def test_aliases_are_what_they_stand_for(compare):
    shared = BASE.replace("config:\n", "x-common: &name {name: product}\nconfig:\n", 1)
    with_alias = shared.replace(
        '{url: "/p/{{ $loopCount }}", name: product}', '{<<: *name, url: "/p/{{ $loopCount }}"}'
    )
    assert with_alias != shared
    assert compare(BASE, with_alias) == ([], False)


def test_secrets_are_masked(compare):
    texts = [replaced(("Accept: text/html", f"Authorization: Bearer {word}")) for word in ("hunter2one", "hunter2two")]
    said, _ = compare(*texts)
    assert said == ['scenario "checkout": request POST /cart: header authorization *** -> ***']
