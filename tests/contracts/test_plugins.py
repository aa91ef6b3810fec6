"""What every plugin of a kind promises to editors, to the reference and to the registry."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from loadkit.errors import PluginError
from loadkit.flow.processor import Function, Processor
from loadkit.flow.step import StepPlugin
from loadkit.protocols.http import RARE_VERBS, VERBS
from loadkit.registry import plugin, plugins
from loadkit.template.functions import TemplateFunction
from tests.support.engine import build_for

EXAMPLES: dict[str, dict[str, Any]] = {
    **{verb: {verb: {"url": "/x"}} for verb in (*VERBS, *RARE_VERBS)},
    "call": {"call": "gc:collect"},
    "think": {"think": 1},
    "loop": {"loop": [{"log": "x"}], "count": 2},
    "log": {"log": "x"},
    "parallel": {"parallel": [{"log": "x"}], "limit": 2},
    "set": {"set": {"a": 1}},
    "function": {"function": "prepare"},
}


def described(schema: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield the path of every key that lacks what an editor shows."""
    for name, value in schema.get("properties", {}).items():
        if not {"title", "description", "examples"} <= value.keys():
            yield f"{path}.{name}"
        yield from described(value, f"{path}.{name}")
    for part in ("items", "additionalProperties"):
        if isinstance(schema.get(part), dict):
            yield from described(schema[part], f"{path}[]")
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from described(branch, path)


def test_every_step_has_an_example_here() -> None:
    assert set(plugins("step")) == set(EXAMPLES)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_step_compiles_without_a_fault_and_describes_its_keys(name: str) -> None:
    step: StepPlugin = plugin("step", name)
    build = build_for({"target": "http://127.0.0.1:9"})
    build.processor = Processor(Path("hooks.py"), {"prepare": Function("prepare", 1)})
    assert len(build.steps([EXAMPLES[name]], ("flow",))) == 1
    assert build.diagnostics == []
    assert {"title", "description", "examples"} <= step.schema.keys()
    assert list(described(step.schema, name)) == []
    for key, schema in step.siblings.items():
        assert {"title", "description", "examples"} <= schema.keys(), key


@pytest.mark.parametrize("name", sorted(plugins("config")))
def test_every_configuration_key_is_described(name: str) -> None:
    schema = plugin("config", name)
    assert {"title", "description", "examples"} <= schema.keys()
    assert list(described(schema, name)) == []


@pytest.mark.parametrize("name", sorted(plugins("function")))
def test_every_template_function_is_documented(name: str) -> None:
    function: TemplateFunction = plugin("function", name)
    assert name.startswith("$")
    assert function.doc
    assert function.example
    assert function.min_args >= 0
    assert function.max_args is None or function.min_args <= function.max_args


def test_an_unknown_plugin_is_named_with_those_that_exist() -> None:
    with pytest.raises(PluginError, match=r"no step 'fly'; known: .*get"):
        plugin("step", "fly")
