"""What every importer promises: no input crashes it, and what it takes becomes a valid scenario without a secret."""

import json

import pytest

from loadkit.importers.draft import ImportFault
from loadkit.importers.writing import write_scenario
from loadkit.registry import plugins
from loadkit.scenario.merge import Overrides
from loadkit.scenario.reading import read_plan
from loadkit.scenario.settings import Settings
from tests.support.traffic import access_log, har, openapi

INPUTS = {
    "har": har(),
    "curl": "curl -u ann:hunter2hunter2 https://shop.example/cart/17 -d 'a=1'",
    "openapi": json.dumps(openapi()),
    "access-log": access_log(200)[0],
}
RUBBISH = ["", "\0\0", "{}", "[]", "[1, 2", "null", "curl", "&&;|", "x: y", '{"log": 1}', '{"log": {"entries": [1, {}]}}',
           '{"openapi": "3.1.0", "paths": {"/x": 5, "y": {"get": {"parameters": [{"in": "path"}]}}}}',
           '192.0.2.1 - - [nonsense] "GET / HTTP/1.1" 200 1',
           '192.0.2.1 - - [21/Nov/2026:09:00:00 +0000] "GET //[x HTTP/1.1" 200 1',
           "curl 'http://[' -u a; curl $'https://shop.example/\\ud800' -b 'a b=1' -H $'X: a\\nb' -H 'ref]erer: 1' -d '\ud800={{'",
           "curl https://shop.example/x -u \ud800:hunter2hunter2 -H 'X-Y: \ue000nonsense\ue001'",
           '{"openapi": "3.0.0", "servers": [{"url": "https://{x}.example"}], "paths": {"/x": {"post": {"requestBody": {"content":'
           ' {"application/json": {"schema": {"type": "string", "minLength": "string"}}}}}}}}',
           '{"log": {"entries": [{"request": {"method": "GET", "url": "https://shop.example/x", "headers":'
           ' [{"name": "", "value": "a"}, {"name": "x", "value": "a\\nb"}, {"name": "y", "value": "\\ud800"}]}}]}}']  # fmt: skip


def test_every_importer_has_an_input_here() -> None:
    assert set(plugins("importer")) == set(INPUTS)


@pytest.mark.parametrize("name", INPUTS)
def test_it_describes_itself(name: str) -> None:
    assert plugins("importer")[name].description.endswith(".")


@pytest.mark.parametrize("name", INPUTS)
def test_what_it_makes_is_valid(name: str, tmp_path) -> None:
    path = tmp_path / "made.yaml"
    path.write_text(write_scenario(plugins("importer")[name].read(INPUTS[name]), "Made."))
    assert "hunter2" not in path.read_text()
    plan = read_plan([path], Overrides(), Settings())
    assert plan.scenarios
    assert {found.code for found in plan.warnings} <= {"LK502"}, "nothing is warned of but what is not set yet"


@pytest.mark.parametrize("text", RUBBISH)
@pytest.mark.parametrize("name", INPUTS)
def test_rubbish_is_refused_or_taken_and_never_a_crash(name: str, text: str, tmp_path) -> None:
    try:
        draft = plugins("importer")[name].read(text)
    except ImportFault:
        return
    path = tmp_path / "made.yaml"
    path.write_text(write_scenario(draft, "Made."))
    read_plan([path], Overrides(), Settings())
