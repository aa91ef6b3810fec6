"""Mutated scenario files and made-up structures: a plan, or diagnostics that point into the file; never anything else."""

import json
import resource
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest

from loadkit.errors import CODES, ScenarioError
from loadkit.scenario.merge import Overrides
from loadkit.scenario.reading import read_plan
from loadkit.scenario.schema import scenario_schema
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import read_document
from tests.fuzz.mutation import fuzz, in_shards, mutated

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for name in ("scenarios", "tests/scenarios")
    for path in (ROOT / name).rglob("*.yaml")
    if path.stem != "services"
)
TOKENS = (
    "\n", "  ", "\t", "- ", ": ", "#", "'", '"', "{", "}", "[", "]", ",", "|\n", ">-\n", "|2\n", "&a ", "*a",
    "<<: *a", "!!int ", "!x ", "---\n", "...\n", "%YAML 1.1\n", "? ", "\\", "\\u0000", "\\x41", "\r", "\r\n", "\x0b",
    "\x0c", "\x1c", "\x85", "\u2028", "\ufeff", "\0", "\U0001f600", "{{ ", " }}", "{{", "}}", "{{{",
    "{{ $env.HOME }}", "{{ $randomNumber(1, 2) }}", "{{ a.b[0] }}", "{{ $uuid() }}", "null", "true", "~", "-1", "0",
    "1e400", "9" * 400, "-" + "9" * 300, ".inf", ".nan", "1m30s", "10:30", "0x10", "*" * 50, "a" * 300, "(" * 60,
    "[" * 70, "{" * 70, "\xff", "https://", "http://[", "http://x:99999", "__class__", "$.a[?(@.b)]", "(a+)+$", "p95",
    "p101", " of ", " < ", ">= 5%", "config:", "scenarios:", "phases:", "flow:", "get:", "loop:", "parallel:",
    "capture:", "expect:", "ifTrue:", "thresholds:", "variables:", "extends: lk108-cycle.yaml", "payload:", "weight:",
    "extends:",
)  # fmt: skip
SCALARS: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 1.5, 1e308, 10**30, -(10**30), 10**400, "", " ", "5", "5s", "1m", "10/s", "abc", "{{ x }}",
    "{{ $uuid }}", "{{ x", "/path", "http://127.0.0.1:1", "$.a.b", "^a+$", "http.response_time.p95 < 5ms", "a > 1", "\n", "\0",
    "\ud800", [], {},
)  # fmt: skip
MOST_GROWTH_KIB = 256 * 1024


def read(path: Path) -> None:
    """Compile a file; whatever is said about it points into it, and can be printed."""
    try:
        plan = read_plan([path], Overrides(), Settings(seed=1))
    except ScenarioError as error:
        diagnostics, sources, shown = error.diagnostics, error.sources, str(error)
    else:
        diagnostics, sources, shown = plan.warnings, {}, "a plan"
    assert shown
    for found in diagnostics:
        assert found.code in CODES
        assert found.message
        assert len(found.render({}).split("\n")) == 1 + (found.hint.count("\n") + 1 if found.hint else 0), found
        text = sources.get(found.at.file) if sources else path.read_bytes().decode(errors="replace")
        assert text is not None, f"{found.at.file} is not one of the files read"
        assert_inside(found.at.line, found.at.column, found.length, text)


def assert_inside(line: int, column: int, length: int, text: str) -> None:
    lines = text.splitlines() or [""]
    assert 1 <= line <= len(lines), (line, column)
    assert 1 <= column <= len(lines[line - 1]) + 1, (line, column, lines[line - 1])
    assert 1 <= length <= max(1, len(lines[line - 1]) + 1), (line, column, length)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the payloads that the corpus names."""
    for file in [*ROOT.glob("scenarios/*.csv"), *ROOT.glob("tests/scenarios/*/*.csv"), *FILES]:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("API_KEY", "abc")
    return Path("fuzz.yaml")


@in_shards
def test_mutated_files_give_diagnostics_that_point_into_them(shard: int, place: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    corpus = [path.read_bytes().decode(errors="replace") for path in FILES]

    def check(text: str) -> None:
        place.write_bytes(text.encode(errors="surrogatepass"))
        read(place)

    fuzz("files", shard, lambda random: mutated(random, corpus, TOKENS), check)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_GROWTH_KIB


def keys_of(schema: Any) -> set[str]:
    """Return every key that the schema names anywhere."""
    found: set[str] = set()
    if isinstance(schema, dict):
        for word, value in schema.items():
            if word == "properties" and isinstance(value, dict):
                found |= set(value)
            found |= keys_of(value)
    elif isinstance(schema, list):
        for value in schema:
            found |= keys_of(value)
    return found


def places_in(data: Any) -> list[tuple[Any, Any]]:
    """Return (container, key) of every value inside of the data."""
    found: list[tuple[Any, Any]] = []
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        found += [(data, key), *places_in(value)]
    return found


def restructured(random: Random, corpus: list[str], keys: list[str]) -> str:
    """Return a document with values replaced, swapped, doubled, dropped or given other keys; as JSON, which is YAML."""
    data = json.loads(random.choice(corpus))
    for _ in range(random.randint(1, 3)):
        container, key = random.choice(places_in(data) or [({"config": {}}, "config")])
        kind = random.randrange(6)
        if kind == 0:
            container[key] = deepcopy(random.choice(SCALARS))
        elif kind == 1:
            container[key] = random.choice(([container.get(key) if isinstance(container, dict) else 0], {"a": 1}, [[]]))
        elif kind == 2:
            other, there = random.choice(places_in(json.loads(random.choice(corpus))))
            container[key] = other[there]
        elif kind == 3 and isinstance(container, dict):
            container[random.choice(keys)] = container.pop(key, None)
        elif kind == 4 and isinstance(container, dict):
            container[random.choice(keys)] = deepcopy(random.choice(SCALARS))
        else:
            del container[key]
    return json.dumps(data, indent=random.choice((None, 1, 2)), ensure_ascii=random.random() < 0.5)


def as_json(path: Path) -> str | None:
    try:
        document = read_plan([path], Overrides(), Settings(seed=1)).document
    except ScenarioError:
        try:
            document = read_document(path)
        except ScenarioError:
            return None
    return json.dumps(document.data)


@in_shards
def test_restructured_documents_give_diagnostics_that_point_into_them(shard: int, place: Path) -> None:
    corpus = [text for path in FILES if (text := as_json(Path(path.name)))]
    assert len(corpus) > len(FILES) / 2
    keys = sorted(keys_of(scenario_schema()))

    def check(text: str) -> None:
        place.write_bytes(text.encode(errors="surrogatepass"))
        read(place)

    fuzz("structures", shard, lambda random: restructured(random, corpus, keys), check)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"extends": "\\0"}', id="NUL in a name"),
        pytest.param(
            '{"config": {"target": "http://a"}, "scenarios": [{"flow": [{"get": {"url": "/", "maxRedirects": "{{ a }}"}}]}]}',
            id="a text as a number of redirects",
        ),
        pytest.param('{"config": {"observe": [{"command": "[[a]"}]}}', id="a bracket in a bracket"),
        pytest.param('{"config": {"payload": {"path": "users.csv", "fields": ["a", ["b"]]}}}', id="a list as a field"),
        pytest.param(
            '{"config": {"payload": {"path": "users.csv", "name": {}, "loadAll": "x"}}}', id="a mapping as a name"
        ),
        pytest.param('{"config": {"thresholds": ["{{ $uuid }}"]}}', id="a text longer than its template"),
        pytest.param('{"config": {"payload": {"path": "\\n\\e[2J"}}}', id="control characters in a path"),
    ],
)
def test_what_was_found_stays_repaired(text: str, place: Path) -> None:
    place.write_text(text)
    with pytest.raises(ScenarioError):
        read_plan([place], Overrides(), Settings(seed=1))
    read(place)
