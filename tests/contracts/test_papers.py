"""What every kind of paper promises: equal bytes for equal reports, and no text of a scenario or a target that does harm in it."""

import copy
import csv
import io
import json
import random
import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import jsonschema
import pytest
from junitparser import JUnitXml

from loadkit.cli.papers import KINDS, SEVERAL
from loadkit.outputs.paper import Paper
from loadkit.registry import plugin, plugins
from tests.support import ctrf, k6
from tests.support.reports import HOSTILE, comparison, hostile_report, invalid_report, judged_report

NAMES = sorted(plugins("paper"))


def read_csv(data: bytes) -> None:
    rows = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    assert all(None not in row and None not in row.values() for row in rows)
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row.values())


def read_text(data: bytes) -> None:
    data.decode()


def read_html(data: bytes) -> None:
    class Reader(HTMLParser):
        """Notes what a browser would run or fetch."""

        allowed: str | None = None
        code = False

        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            given = dict(attributes)
            assert not any(name.startswith("on") or name in ("src", "srcset", "srcdoc", "data") for name in given)
            assert tag not in ("iframe", "object", "embed", "img", "link", "base", "form", "evil")
            assert all(value.startswith("#") for name, value in attributes if name == "href" and value)
            if given.get("http-equiv") == "Content-Security-Policy":
                self.allowed = given["content"]
            self.code = tag == "script" and given.get("type") != "application/json"

        def handle_data(self, data: str) -> None:
            if self.code:
                hashes.append(b64encode(sha256(data.encode()).digest()).decode())
                self.code = False

    hashes: list[str] = []
    reader = Reader()
    reader.feed(data.decode())
    assert hashes
    assert reader.allowed is not None
    assert re.findall("'sha256-([^']+)'", reader.allowed) == hashes  # what is ours, and nothing else


READERS: dict[str, Callable[[bytes], Any]] = {
    "junit": lambda data: JUnitXml.fromstring(data),
    "ctrf": lambda data: jsonschema.validate(json.loads(data), ctrf.SCHEMA),
    "k6": lambda data: jsonschema.validate(json.loads(data), k6.SCHEMA),
    "csv": read_csv,
    "jsonl": lambda data: [json.loads(line) for line in data.split(b"\n")[:-1]],
    "markdown": read_text,
    "hgrm": read_text,
    "html": read_html,
}
MOST_BYTES = {"html": 2_000_000}  # BokehJS is in it


def render(name: str, *reports: dict[str, Any]) -> bytes:
    paper: Paper = plugin("paper", name)
    return paper.render(reports)


def shuffled(value: Any, random_: random.Random) -> Any:
    """The same data with its keys in another order."""
    if isinstance(value, dict):
        keys = list(value)
        random_.shuffle(keys)
        return {key: shuffled(value[key], random_) for key in keys}
    return [shuffled(one, random_) for one in value] if isinstance(value, list | tuple) else value


def test_every_paper_has_an_option_and_a_reader_here() -> None:
    assert set(NAMES) == set(READERS) == set(KINDS) - {"hlog"}


@pytest.mark.parametrize("name", NAMES)
def test_equal_reports_give_equal_bytes(name: str) -> None:
    report = judged_report(comparison=comparison(), tags={"b": "1", "a": "2"})
    again = shuffled(json.loads(json.dumps(report)), random.Random(1))
    assert render(name, copy.deepcopy(report)) == render(name, report) == render(name, again)


@pytest.mark.parametrize("name", NAMES)
def test_the_report_stays_as_it_is(name: str) -> None:
    report = judged_report(comparison=comparison())
    before = copy.deepcopy(report)
    render(name, report)
    assert report == before


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
@pytest.mark.parametrize("name", NAMES)
def test_its_reader_reads_it_whatever_the_names_are(name: str, text: str) -> None:
    data = render(name, hostile_report(text))
    READERS[name](data)
    shown = data.decode()
    assert not any(char in shown for char in "\x00\x07\x1b\x7f\u202e\u2028\ufffe")
    assert "\n::" not in shown
    assert len(data) < MOST_BYTES.get(name, 120_000)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "report", [judged_report(comparison=comparison()), invalid_report()], ids=["judged", "invalid"]
)
def test_its_reader_reads_it(name: str, report: dict[str, Any]) -> None:
    READERS[name](render(name, report))


@pytest.mark.parametrize("name", SEVERAL)
def test_several_runs_have_place_in_it(name: str) -> None:
    one, two = judged_report(), judged_report(name="pay", run="20261121-100000-aaaa")
    READERS[name](render(name, one, two))
    assert render(name, one, two) != render(name, one)


@pytest.mark.parametrize("name", SEVERAL)
def test_no_run_at_all_is_a_paper_too(name: str) -> None:
    READERS[name](render(name))
