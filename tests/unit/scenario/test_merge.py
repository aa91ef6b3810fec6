"""Files, environments and options become one document whose values know where they were written."""

from pathlib import Path
from typing import Any

import pytest

from loadkit.errors import ScenarioError, Severity
from loadkit.scenario.merge import Overrides, gather_document, load_document
from loadkit.scenario.overlay import overlay
from loadkit.scenario.source import Document, read_document

FLOW = "scenarios: [{name: a, flow: []}]\n"


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(**files: str) -> None:
    for name, text in files.items():
        Path(f"{name}.yaml").write_text(text)


def load(*files: str, **options: Any) -> Document:
    document, warnings = load_document([f"{name}.yaml" for name in files], Overrides(**options))
    assert warnings == []
    return document


def faults(*files: str, **options: Any) -> list[tuple[str, str]]:
    with pytest.raises(ScenarioError) as caught:
        load_document([f"{name}.yaml" for name in files], Overrides(**options))
    return [(found.code, str(found.at)) for found in caught.value.diagnostics]


# Several files


def test_mappings_merge_scenarios_add_up_and_other_lists_replace() -> None:
    write(
        a=f"config: {{target: x, http: {{timeout: 1, pool: 2}}, phases: [{{duration: 1}}, {{duration: 2}}]}}\n{FLOW}",
        b="config: {http: {timeout: 3}, phases: [{pause: 4}]}\nscenarios: [{name: b, flow: []}]\n",
    )
    document, _ = load_document(["a.yaml", "b.yaml"])
    assert document.data == {
        "config": {"target": "x", "http": {"timeout": 3, "pool": 2}, "phases": [{"pause": 4}]},
        "scenarios": [{"name": "a", "flow": []}, {"name": "b", "flow": []}],
    }
    assert str(document.at(("config", "http", "timeout"))) == "b.yaml:1:26"
    assert str(document.at(("config", "http", "pool"))) == "a.yaml:1:46"
    assert str(document.at(("scenarios", 1, "name"))) == "b.yaml:2:20"
    assert str(document.at(("config", "phases", 1))) == "b.yaml:1:30"
    assert document.files == ("a.yaml", "b.yaml")


def test_the_config_file_comes_last() -> None:
    write(a=f"config: {{target: a, mode: poisson}}\n{FLOW}", c="config: {target: c}\n")
    document = load("a", config="c.yaml")
    assert document.data["config"] == {"target": "c", "mode": "poisson"}
    assert document.files == ("a.yaml", "c.yaml")


def test_overlay_leaves_its_arguments_alone() -> None:
    base, over = read_document("a", "a: {b: [1]}\n"), read_document("b", "a: {b: [2], c: {}}\n")
    merged = overlay(base, over)
    merged.data["a"]["b"].append(3)
    assert (base.data, over.data) == ({"a": {"b": [1]}}, {"a": {"b": [2], "c": {}}})


def test_faults_of_all_files_are_reported() -> None:
    write(a="config: {targt: x}\nconfig: 1\n", b="a: [\n", c="a: 1\n")
    assert faults("a", "missing", "b") == [
        ("LK005", "a.yaml:2:1"),
        ("LK001", "missing.yaml:1:1"),
        ("LK002", "b.yaml:1:4"),
    ]


def test_faults_of_reading_do_not_hide_those_of_the_schema() -> None:
    write(a="config: {target: {{ x }}, targt: x}\nscenarios:\n- flow: *b\n")
    assert faults("a") == [("LK006", "a.yaml:1:18"), ("LK101", "a.yaml:1:27"), ("LK002", "a.yaml:3:9")]


def test_lists_of_files_are_merged_element_by_element_where_that_is_wanted() -> None:
    write(
        a=f"config: {{compat: artillery, phases: [{{duration: 1, rampTo: 5}}, {{duration: 2}}]}}\n{FLOW}",
        b="config: {target: x, phases: [{duration: 4}]}\nscenarios: [{flow: [{think: 1}]}, {name: b, flow: []}]\n",
    )
    for files in (("a", "b"), ("b", "a")):
        document = load(*files)
        assert len(document.data["scenarios"]) == len(document.data["config"]["phases"]) == 2
    document = load("a", "b")
    assert document.data["scenarios"] == [{"name": "a", "flow": [{"think": 1}]}, {"name": "b", "flow": []}]
    assert document.data["config"]["phases"] == [{"duration": 4, "rampTo": 5}, {"duration": 2}]
    assert str(document.at(("config", "phases", 0, "duration"))) == "b.yaml:1:41"
    assert str(document.at(("config", "phases", 1, "duration"))) == "a.yaml:1:75"
    assert str(document.at(("scenarios", 1, "name"))) == "b.yaml:2:42"


def test_scenarios_that_add_up_are_told() -> None:
    write(a=f"config: {{target: x}}\n{FLOW}", b="scenarios: [{name: b, flow: []}]\n")
    document, (warning,) = load_document(["a.yaml", "b.yaml"])
    assert len(document.data["scenarios"]) == 2
    assert (warning.code, str(warning.at)) == ("LK506", "b.yaml:1:1")


@pytest.mark.parametrize("suffix", ["js", "ts", "mjs"])
def test_a_program_is_no_scenario(suffix: str) -> None:
    Path(f"a.{suffix}").write_text("export const config = {}\n")
    with pytest.raises(ScenarioError, match=f"a.{suffix}:1:1: error LK001: the file is a program"):
        load_document([f"a.{suffix}"])


# Extends


def test_a_file_wins_over_its_base_and_lists_replace() -> None:
    Path("sub").mkdir()
    Path("sub/base.yaml").write_text(f"config: {{target: x, phases: [{{duration: 1}}, {{duration: 2}}]}}\n{FLOW}")
    write(a="extends: sub/base.yaml\nconfig: {phases: [{duration: 3}]}\n")
    document = load("a")
    assert document.data["config"] == {"target": "x", "phases": [{"duration": 3}]}
    assert "extends" not in document.data
    assert str(document.at(("config", "target"))) == "sub/base.yaml:1:18"
    assert document.files == ("a.yaml", "sub/base.yaml")
    assert set(document.sources) == {"a.yaml", "sub/base.yaml"}


def test_bases_may_be_several_and_extend_others_relative_to_themselves() -> None:
    Path("sub").mkdir()
    Path("sub/one.yaml").write_text(f"extends: two.yaml\nconfig: {{mode: poisson}}\n{FLOW}")
    Path("sub/two.yaml").write_text("config: {target: two, mode: uniform, seed: 2}\n")
    write(three="config: {seed: 3}\n", a="extends: [sub/one.yaml, three.yaml]\n")
    assert load("a").data["config"] == {"target": "two", "mode": "poisson", "seed": 3}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a": "extends: a.yaml\n"}, [("LK108", "a.yaml:1:10")]),
        ({"a": "extends: b.yaml\n", "b": "extends: [c.yaml, a.yaml]\n", "c": "x-a: 1\n"}, [("LK108", "b.yaml:1:19")]),
        ({"a": "extends: [b.yaml]\n"}, [("LK108", "a.yaml:1:11")]),
        (
            {"a": "extends: b.yaml\nx: 1\nx: 2\n", "b": "a: 1\na: 2\n- 1\n"},
            [("LK005", "a.yaml:3:1"), ("LK005", "b.yaml:2:1"), ("LK002", "b.yaml:3:1")],
        ),
        ({"a": f"extends: 5\n{FLOW}"}, []),
    ],
)
def test_a_base_that_cannot_be_read(files: dict[str, str], expected: list[tuple[str, str]]) -> None:
    write(**files)
    found = gather_document(["a.yaml"]).diagnostics
    assert [(fault.code, str(fault.at)) for fault in found] == expected


def test_a_tree_of_bases_is_bounded() -> None:
    for number in range(30):
        write(**{f"b{number}": f"extends: [b{number + 1}.yaml, b{number + 1}.yaml]\n"})
    write(b30=FLOW)
    assert "LK108" in {code for code, _ in faults("b0")}


# Environments


ENVIRONMENTS = f"""\
config:
  target: a
  phases: [{{duration: 1}}, {{duration: 2}}]
  environments:
    staging: {{target: b, phases: [{{pause: 3}}], http: {{pool: 5}}}}
    production: {{target: c}}
{FLOW}"""


def test_an_environment_is_merged_into_the_configuration() -> None:
    write(a=ENVIRONMENTS)
    document, (warning,) = load_document(["a.yaml"], Overrides(environment="staging"))
    assert (warning.code, str(warning.at)) == ("LK506", "a.yaml:5:5")
    config = document.data["config"]
    assert (config["target"], config["phases"], config["http"]) == ("b", [{"pause": 3}], {"pool": 5})
    assert str(document.at(("config", "target"))) == "a.yaml:5:23"
    assert str(document.at(("config", "http", "pool"))) == "a.yaml:5:61"
    assert str(document.at(("config", "phases", 1))) == "a.yaml:5:26"


def test_lists_of_an_environment_are_merged_element_by_element_where_that_is_wanted() -> None:
    for text in (
        ENVIRONMENTS.replace("target: a\n", "target: a\n  compat: artillery\n"),
        ENVIRONMENTS.replace("staging: {", "staging: {compat: artillery, "),
    ):
        write(a=text)
        phases = load("a", environment="staging").data["config"]["phases"]
        assert phases == [{"duration": 1, "pause": 3}, {"duration": 2}]


def test_an_environment_that_comes_to_the_same_in_both_ways_is_not_told() -> None:
    write(a=f"config: {{phases: [{{duration: 1}}], environments: {{e: {{phases: [{{duration: 2}}]}}}}}}\n{FLOW}")
    assert load("a", environment="e").data["config"]["phases"] == [{"duration": 2}]


@pytest.mark.parametrize(
    ("text", "hint"),
    [(ENVIRONMENTS, 'did you mean "staging"?'), (f"config: {{target: a}}\n{FLOW}", ""), (FLOW, "")],
)
def test_an_unknown_environment_is_a_warning(text: str, hint: str) -> None:
    write(a=text)
    _, warnings = load_document(["a.yaml"], Overrides(environment="stagin"))
    assert [(found.code, found.severity, found.hint) for found in warnings] == [("LK507", Severity.WARNING, hint)]


def test_options_win_over_the_environment() -> None:
    write(a=ENVIRONMENTS)
    write(a=ENVIRONMENTS.replace("phases: [{pause: 3}], ", ""))
    assert load("a", environment="staging", target="z").data["config"]["target"] == "z"
    later = '{"config": {"environments": {"staging": {"target": "y"}}}}'
    assert load("a", environment="staging", overrides=later).data["config"]["target"] == "b"


# Options


def test_target_and_insecure() -> None:
    write(a=FLOW)
    document = load("a", target="http://x", insecure=True)
    assert document.data["config"] == {"target": "http://x", "tls": {"rejectUnauthorized": False}}
    assert str(document.at(("config", "target"))) == "--target:1:1"
    assert document.width(("config", "target")) == 8


def test_overrides_replace_lists_and_stand_in_their_own_text() -> None:
    write(a=f"config: {{target: x, phases: [{{duration: 1}}, {{duration: 2}}]}}\n{FLOW}")
    document = load("a", overrides='{"config": {"phases": [{"duration": 9}], "seed": 1}}')
    assert document.data["config"] == {"target": "x", "phases": [{"duration": 9}], "seed": 1}
    assert str(document.at(("config", "phases", 0, "duration"))) == "--overrides:1:37"
    assert document.sources["--overrides"].startswith("{")
    assert document.files == ("a.yaml",)


def test_a_fault_in_overrides_is_shown_in_their_text() -> None:
    write(a=FLOW)
    with pytest.raises(ScenarioError, match="--overrides:1:") as caught:
        load_document(["a.yaml"], Overrides(overrides='{"config": {"seed": 1, "seed": 2}, "confg": {}}'))
    assert [found.code for found in caught.value.diagnostics] == ["LK005", "LK101"]


@pytest.mark.parametrize("text", ["", "[1]", '{"a": ', "5", '{"a": "b}'])
@pytest.mark.parametrize("option", ["overrides", "variables"])
def test_json_that_cannot_be_read_is_an_error(text: str, option: str) -> None:
    write(a=FLOW)
    places = {place.split(":")[0] for _, place in faults("a", **{option: text})}
    assert places == {f"--{option}"}


def test_variables_are_added() -> None:
    write(a=f"config: {{variables: {{a: 1, b: [1, 2]}}}}\n{FLOW}")
    document = load("a", variables='{"b": [3], "c": {"d": "é"}}')
    assert document.data["config"]["variables"] == {"a": 1, "b": [3], "c": {"d": "é"}}
    assert str(document.at(("config", "variables", "c", "d"))) == "--variables:1:23"


def test_a_variable_given_is_not_merged_with_that_of_the_file() -> None:
    write(a=f"config: {{variables: {{a: {{x: 1, y: 2}}, b: 1}}}}\n{FLOW}")
    document = load("a", variables='{"a": {"x": 3}}')
    assert document.data["config"]["variables"] == {"a": {"x": 3}, "b": 1}
    assert ("config", "variables", "a", "y") not in document.spans


# Payloads


def test_payloads_of_files_given_are_beside_the_first_and_those_of_a_base_beside_it() -> None:
    for place in ("one", "two"):
        Path(place).mkdir()
        Path(f"{place}/both.csv").write_text("a\n1\n")
    Path("two/only.csv").write_text("a\n1\n")
    Path("one/first.yaml").write_text(FLOW)

    def path_in(name: str, *files: str) -> str:
        Path("two/second.yaml").write_text(f"config: {{payload: {{path: {name}}}}}\n")
        document, _ = load_document(files)
        return str(document.data["config"]["payload"]["path"])

    given = ("one/first.yaml", "two/second.yaml")
    assert [path_in(name, *given) for name in ("both.csv", "only.csv", "none.csv")] == [
        "both.csv",
        "../two/only.csv",
        "none.csv",
    ]
    Path("one/child.yaml").write_text(f"extends: ../two/second.yaml\n{FLOW}")
    assert path_in("both.csv", "one/child.yaml") == "../two/both.csv"


def test_payload_fills_the_single_form_only() -> None:
    write(
        a=f"config: {{payload: {{path: x.csv, fields: [a]}}}}\n{FLOW}",
        b=f"config: {{payload: [{{path: x.csv}}]}}\n{FLOW}",
    )
    assert load("a", payload="y.csv").data["config"]["payload"]["path"] == "y.csv"
    document, warnings = load_document(["b.yaml"], Overrides(payload="y.csv"))
    assert document.data["config"]["payload"] == [{"path": "x.csv"}]
    assert [found.code for found in warnings] == ["LK505"]
    assert "is a list" in warnings[0].message


def test_the_same_mistake_in_an_environment_in_use_is_told_once() -> None:
    write(a=f"config: {{environments: {{e: {{targt: x}}}}}}\n{FLOW}\nx: 1\nx: 2\n")
    assert [code for code, _ in faults("a", environment="e")] == ["LK101", "LK101", "LK005"]


# Plugins


def test_plugins_of_the_environment_variable_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    write(a=f"config: {{plugins: {{expect: {{}}}}}}\n{FLOW}")
    monkeypatch.setenv("ARTILLERY_PLUGINS", '{"apdex": {"threshold": 5}, "expect": {"expectDefault200": true}}')
    expected = {"expect": {"expectDefault200": True}, "apdex": {"threshold": 5}}
    assert load("a").data["config"]["plugins"] == expected


@pytest.mark.parametrize("text", ["apdex", "[]", '{"apdex": ', "[" * 100_000])
def test_what_is_no_json_in_the_environment_variable_has_no_effect(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write(a=FLOW)
    monkeypatch.setenv("ARTILLERY_PLUGINS", text)
    document, warnings = load_document(["a.yaml"], Overrides())
    assert "plugins" not in (document.data.get("config") or {})
    assert [found.code for found in warnings] == ["LK505"]
