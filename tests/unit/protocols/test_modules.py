"""Functions are found and looked at without running their module, and imported once."""

import sys
from pathlib import Path

import pytest

from loadkit.protocols.modules import Callee, CalleeFault

SOURCE = """
import asyncio
from json import dumps
raise_if_imported = 1 / {divisor}
def plain(a, b=2, *, c=3): return a
async def waits(): pass
def anything(*values, **named): return values, named
def positional(a, /): return a
class Tool:
    @staticmethod
    def use(): return "used"
    async def __call__(self): return "called"
tool = Tool()
number = 7
if number:
    def branched(): pass
try:
    import nothing_of_this_name
except ImportError:
    def instead(): pass
"""


@pytest.fixture
def base(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    name = f"callees_{abs(hash(request.node.nodeid))}"
    (tmp_path / f"{name}.py").write_text(SOURCE.format(divisor=1))
    (tmp_path / f"{name}_fails.py").write_text(SOURCE.format(divisor=0))
    (tmp_path / name.replace("callees", "package")).mkdir()
    (tmp_path / name.replace("callees", "package") / "inner.py").write_text("def f(): return 'inner'\n")
    (tmp_path / "name").write_text(name)
    return tmp_path


def callee(base: Path, function: str, suffix: str = "") -> Callee:
    return Callee(f"{(base / 'name').read_text()}{suffix}:{function}", base)


@pytest.mark.parametrize("function", ["plain", "waits", "dumps", "tool", "Tool.use", "branched", "instead"])
def test_whatever_a_module_gives_a_name_is_found(base: Path, function: str) -> None:
    assert callee(base, function).name.endswith(function)


def test_looking_does_not_run_the_module(base: Path) -> None:
    found = callee(base, "plain", "_fails")
    with pytest.raises(CalleeFault, match=r"_fails\.py:4: ZeroDivisionError: division by zero"):
        found.load()
    assert not [name for name in sys.modules if name.endswith("_fails")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nowhere", "'nowhere' does not name a function"),
        ("a b:c", "does not name a function"),
        ("nowhere_at_all:f", 'there is no module "nowhere_at_all"'),
        ("json.nowhere:f", 'there is no module "json.nowhere"'),
        ("json:dumpz", 'json/__init__.py has no function "dumpz"'),
    ],
)
def test_what_is_not_there_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(CalleeFault) as caught:
        Callee(text, tmp_path)
    assert says in str(caught.value)


def test_a_close_name_is_offered(base: Path) -> None:
    with pytest.raises(CalleeFault) as caught:
        callee(base, "plane")
    assert caught.value.hint == 'did you mean "plain"?'


def test_a_source_that_is_no_python_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "broken_source.py").write_text("x = 1\ndef f(:\n")
    with pytest.raises(CalleeFault, match=r"broken_source\.py:2: invalid syntax"):
        Callee("broken_source:f", tmp_path)


@pytest.mark.parametrize(
    ("function", "named", "positional", "says"),
    [
        ("plain", ["a"], None, ""),
        ("plain", ["a", "b", "c"], None, ""),
        ("plain", [], None, 'it needs a value for "a"'),
        ("plain", ["a", "d"], None, 'it has no parameter "d"; its parameters are a, b, c'),
        ("plain", [], 2, ""),
        ("plain", [], 3, "it takes 2 arguments, not 3"),
        ("plain", [], 0, 'it needs a value for "a"'),
        ("anything", ["x", "y"], None, ""),
        ("anything", [], 9, ""),
        ("positional", ["a"], None, 'it has no parameter "a"'),
        ("positional", [], 1, ""),
        ("dumps", ["whatever"], None, ""),  # imported from elsewhere: only the import shows it
        ("tool", ["whatever"], None, ""),
    ],
)
def test_arguments_are_held_against_the_source(
    base: Path, function: str, named: list[str], positional: int | None, says: str
) -> None:
    assert callee(base, function).check_arguments(named, positional) == says


@pytest.mark.parametrize(
    ("function", "is_async"), [("plain", False), ("waits", True), ("tool", True), ("Tool.use", False), ("dumps", False)]
)
def test_loading_tells_async_functions_from_others(base: Path, function: str, is_async: bool) -> None:
    found = callee(base, function)
    found.load()
    assert found.is_async is is_async


def test_functions_of_one_module_share_it(base: Path) -> None:
    first, second = callee(base, "plain"), callee(base, "waits")
    first.load()
    second.load()
    assert first.function.__globals__ is second.function.__globals__


def test_what_is_no_function_is_told_at_the_import(base: Path) -> None:
    with pytest.raises(CalleeFault, match="is not a function but int"):
        callee(base, "number").load()


def test_a_package_beside_the_scenario_is_found(base: Path) -> None:
    package = (base / "name").read_text().replace("callees", "package")
    found = Callee(f"{package}.inner:f", base)
    found.load()
    assert found.function() == "inner"


def test_the_module_beside_the_scenario_comes_before_one_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("def f(): return 'mine'\n")
    found = Callee("json:f", tmp_path)
    found.load()
    assert found.function() == "mine"
    assert sys.modules["json"].__file__ != str(tmp_path / "json.py")


def test_a_missing_library_comes_with_what_installs_it(tmp_path: Path) -> None:
    (tmp_path / "wants_a_library.py").write_text("import nothing_of_this_name\ndef f(): pass\n")
    with pytest.raises(CalleeFault, match=r"wants_a_library\.py:1: ModuleNotFoundError") as caught:
        Callee("wants_a_library:f", tmp_path).load()
    assert "pip install nothing_of_this_name" in caught.value.hint
