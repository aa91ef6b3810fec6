"""One scenario file uses every key that there is, is valid, and does what it says against a real server."""

from pathlib import Path

from loadkit.scenario.schema import scenario_schema
from loadkit.scenario.source import read_source
from tests.support.command import ROOT, ends_with, finish, loadkit, start
from tests.support.echo_server import echo_server
from tests.support.keys import keys_in, keys_of

FILE = ROOT / "tests" / "scenarios" / "valid" / "every-key" / "every-key.yaml"


def test_it_uses_every_key_of_the_schema() -> None:
    """A new key is put into the file where it can be used, else into its environment `elsewhere`."""
    document = read_source(FILE).document
    assert document is not None
    schema = scenario_schema()
    assert sorted(keys_of(schema) - keys_in(schema, document.data)) == []


def test_it_is_valid() -> None:
    result = loadkit("validate", FILE)
    assert (result.code, "0 faults" in result.out or "ok:" in result.out) == (0, True), result.out


def test_its_plan_can_be_told() -> None:
    result = loadkit("plan", FILE, "-e", "here")
    assert result.code == 0, result.out + result.err
    assert "closed at 20 requests/s" in result.out


def test_it_runs(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with echo_server() as server:
        result = finish(start("run", FILE, "-e", "here", "-t", server.url, "-o", report, "--workers", 2), report)
    assert ends_with(result, 0), result.out + result.err
    assert not [name for name in result.counters if name.startswith("errors.")]
    assert "vusers.failed" not in result.counters
    orders = server.asked["POST /orders"]
    assert orders > 5
    for what, each in {
        "GET /": 1, "GET /nested": 1, "PUT /orders/7": 1, "PATCH /form": 1, "POST /upload": 1, "HEAD /": 2, "OPTIONS /": 3,
        "GET /words/two": 1, "GET /a": 1, "GET /c": 1, "DELETE /orders/7": 1,
    }.items():  # fmt: skip
        assert server.asked[what] >= each * orders * 0.5, what
    assert server.bodies["PATCH /form"] == b"a=1&b=1"
    assert server.headers["POST /orders"]["x-marked"] == "yes"
    assert "basket=lamp" in server.headers["POST /orders"]["cookie"]
    assert server.headers["GET /"]["x-test"] == "blue"
    assert "checks.failed" not in result.counters
