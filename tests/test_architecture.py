"""The import rule: a module imports only from lower rows, packages are acyclic inside, nobody imports the package root."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "loadkit"
ROWS = {
    "__main__": 13,
    **dict.fromkeys(("cli", "api"), 12),
    **dict.fromkeys(("fleet", "dashboard", "monitor"), 11),
    "outputs": 10,
    "analysis": 9,
    "report": 8,
    **dict.fromkeys(("engine", "observe", "demo", "importers"), 7),
    "scenario": 6,
    **dict.fromkeys(("workload", "protocols", "slo"), 5),
    "flow": 4,
    **dict.fromkeys(("metrics", "template"), 3),
    "stats": 2,
    "registry": 1,
    **dict.fromkeys(("errors", "units", "clock", "redact", "hosts", "arrays"), 0),
}
HEAVY = {"alembic", "cssselect", "junitparser", "lxml", "psycopg", "scipy", "sqlalchemy",
    "aiofastnet", "aiohttp", "brotli", "ctypes", "hdrh", "faker", "http", "io", "jmespath", "urllib",
    "jsonpath", "jsonschema", "numpy", "resource", "rich", "uvloop",
    "zstandard",
    "google", "jinja2", "markupsafe", "opentelemetry", "prometheus_client", "psutil",
}  # fmt: skip
FORBIDDEN = {
    "pickle",
    "cPickle",
    "_pickle",
    "cloudpickle",
    "dill",
    "joblib",
    "jsonpickle",
    "marshal",
    "shelve",
    "code",
    "runpy",
}
EVALUATING = {"eval", "exec", "compile", "__import__", "builtins.eval", "builtins.exec"}
UNSAFE_LOADING = {
    "yaml.load", "yaml.load_all", "yaml.full_load", "yaml.full_load_all", "yaml.unsafe_load", "yaml.unsafe_load_all",
    "np.load", "numpy.load", "os.system", "os.popen",
}  # fmt: skip
UNSAFE_LOADERS = {"Loader", "FullLoader", "UnsafeLoader", "CLoader", "CFullLoader", "CUnsafeLoader"}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> list[tuple[str, ast.stmt]]:
    """Every module a file imports, typing imports included, with the statement."""
    found: list[tuple[str, ast.stmt]] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(alias.name, node) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} uses a relative import"
            assert node.module is not None
            subs = [f"{node.module}.{alias.name}" for alias in node.names]
            inside = [sub for sub in subs if (ROOT.parent / Path(*sub.split("."))).with_suffix(".py").exists()]
            found += [(sub, node) for sub in inside] or [(node.module, node)]
    return found


def row_of(module: str) -> int:
    part = module.split(".")[1]
    assert part in ROWS, f"{module} is in no row of the table; add it to ARCHITECTURE.md and here"
    return ROWS[part]


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_only_from_lower_rows(path: Path) -> None:
    mine = name_of(path)
    for module, node in imports_of(path):
        if not module.startswith("loadkit"):
            continue
        if module == "loadkit":
            assert_takes_version_only(node, mine)
            continue
        if mine == "loadkit":
            continue
        same_package = module.split(".")[1] == mine.split(".")[1] and ROOT.joinpath(mine.split(".")[1]).is_dir()
        assert same_package or row_of(module) < row_of(mine), f"{mine} imports {module}: not a lower row"


def assert_takes_version_only(node: ast.stmt, mine: str) -> None:
    names = {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else {"loadkit"}
    assert names <= {"__version__", "registry"}, f"{mine} imports {names} from the package root"


def test_packages_are_acyclic() -> None:
    # From the root everybody takes the version only, which is there before the root's lazy imports are.
    graph = {name_of(path): {module for module, _ in imports_of(path)} - {"loadkit"} for path in modules()}
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, f"import cycle: {' -> '.join((*trail, module))}"
        if module in done or module not in graph:
            return
        for imported in graph[module]:
            visit(imported, (*trail, module))
        done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_inside_functions_are_for_named_heavy_libraries(path: Path) -> None:
    mine = name_of(path)
    if mine.startswith(("loadkit.cli", "loadkit.registry")):
        return
    tree = ast.parse(path.read_text())
    top = {id(node) for node in tree.body}
    top |= {id(child) for node in tree.body if isinstance(node, ast.If) for child in node.body}
    for module, node in imports_of(path):
        # ast.walk parsed the file anew, so compare by line
        at_top = any(getattr(known, "lineno", 0) == node.lineno for known in ast.walk(tree) if id(known) in top)
        assert at_top or module.split(".")[0] in HEAVY, f"{mine}:{node.lineno} imports {module} inside a function"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_nothing_unpickles_or_evaluates(path: Path) -> None:
    for module, node in imports_of(path):
        assert module.split(".")[0] not in FORBIDDEN, f"{path}:{node.lineno} imports {module}"
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in EVALUATING | UNSAFE_LOADING, f"{path}:{node.lineno} calls {called}"
            shell = [keyword for keyword in node.keywords if keyword.arg == "shell"]
            assert not shell, f"{path}:{node.lineno} starts a shell"
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "yaml":
            assert node.attr not in UNSAFE_LOADERS, f"{path}:{node.lineno} uses yaml.{node.attr}"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_only_the_command_line_prints(path: Path) -> None:
    if name_of(path).startswith(("loadkit.cli", "loadkit.outputs", "loadkit.demo", "loadkit.__main__")):
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", f"{path}:{node.lineno} prints"


@pytest.mark.parametrize("path", [p for p in modules() if p.name == "__init__.py" and p.parent != ROOT], ids=name_of)
def test_package_files_are_empty(path: Path) -> None:
    assert not path.read_text().strip()


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils", "util", "helpers", "common", "core", "manager", "misc"}
    assert not [path for path in modules() if path.stem in drawers]


RECORDS = {"error", "failure", "example"}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_texts_that_are_kept_are_masked(path: Path) -> None:
    """A text about what a virtual user did goes into a book with what hides its secrets."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in RECORDS):
            continue
        owner = ast.unparse(node.func.value)
        words = {word.arg for word in node.keywords}
        if owner.endswith(("book", "recorder")):
            masks = "mask" in words or any(ast.unparse(argument).endswith(".masked") for argument in node.args)
            fixed = "text" not in words and node.func.attr != "example"
            assert masks or fixed, f"{path}:{node.lineno} keeps a text as it is"
