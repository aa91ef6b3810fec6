from pathlib import Path

import pytest

from loadkit.report.fingerprint import cpu_model, fingerprint, host_class
from loadkit.scenario.compile import compile_plan
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import read_document

TEXT = """\
config:
  target: demo://
  phases: [{duration: 10, arrivalRate: 5}]
scenarios: [{flow: [{get: /products}]}]
"""
HOST = {"system": "Linux", "machine": "x86_64", "cpus": 4, "cpu": "EPYC 7"}


def found(text: str = TEXT, host=HOST, **settings):
    return fingerprint(compile_plan(read_document(Path("shop.yaml"), text), Settings(**settings)), host)


def test_runs_of_one_file_with_another_seed_tags_name_and_thresholds_have_one_fingerprint():
    judged = TEXT.replace("scenarios:", "  thresholds: [http.error_rate < 1%]\nscenarios:")
    assert found() == found(f"# a comment\n{judged}", seed=7, tags={"team": "shop"}, name="nightly")


def test_the_demo_has_one_fingerprint_on_any_port():
    assert found() == found(target="http://127.0.0.1:4711", demo=True)
    assert found()["target"] == "demo://"


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"text": TEXT.replace("/products", "/cart")}, "scenario"),
        ({"text": TEXT.replace("arrivalRate: 5", "arrivalRate: 6")}, "phases"),
        ({"solo": True}, "phases"),
        ({"target": "http://shop.example"}, "target"),
        ({"host": {**HOST, "cpus": 8}}, "host"),
        ({"host": {**HOST, "cpu": "Xeon"}}, "host"),
    ],
)
def test_another_load_or_machine_has_another_fingerprint(changes, part):
    known, other = found(), found(**changes)
    assert {name for name in known if known[name] != other[name]} == {"id", part}


@pytest.mark.parametrize(
    ("host", "seen"),
    [
        (HOST, "Linux x86_64, 4 cpus, EPYC 7"),
        ({"system": "Darwin", "machine": "arm64", "cpus": 1}, "Darwin arm64, 1 cpu"),
    ],
)
def test_a_host_class_is_readable(host, seen):
    assert host_class(host) == seen


def test_the_model_of_the_processor_is_read_from_the_system(tmp_path: Path):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD  EPYC 7B13 \n")
    assert cpu_model(tmp_path / "cpuinfo") == "AMD EPYC 7B13"
    assert cpu_model(tmp_path / "nothing") == ""
