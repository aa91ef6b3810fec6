"""A processor in JavaScript: which names it exports, and the Python to write instead."""

import ast
from pathlib import Path

import pytest

from loadkit.flow.hook import KINDS
from loadkit.flow.script import read_script, skeleton


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("module.exports = { a, b: c, async d() {} };", {"a", "b", "d"}),
        ("module.exports.a = () => 1; exports.b = function () {};", {"a", "b"}),
        ("export function a() {}\nexport async function b() {}\nexport const c = 1;", {"a", "b", "c"}),
        ("export default function a() {}", {"a"}),
        ("export { a, b as c };", {"a", "c"}),
        ("export default {\n  a,\n  b,\n};", {"a", "b"}),
        ("// exports.a = 1\n/* exports.b = 2 */\nexports.c = 'http://x';", {"c"}),
        ("if (module.exports.a == 1) {}", set()),
    ],
)
def test_exports_are_found(tmp_path: Path, text: str, names: set[str]) -> None:
    path = tmp_path / "hooks.js"
    path.write_text(text)
    assert read_script(path).exports == names


def test_a_script_that_is_not_there_exports_nothing(tmp_path: Path) -> None:
    assert read_script(tmp_path / "hooks.js").exports == frozenset()


def test_the_skeleton_is_python_with_the_parameters_of_each_place() -> None:
    tree = ast.parse(skeleton({f"f_{kind}": kind for kind in KINDS}))
    found = {one.name: tuple(arg.arg for arg in one.args.args) for one in tree.body if isinstance(one, ast.FunctionDef)}
    assert found == {f"f_{name}": kind.gives for name, kind in KINDS.items()}
