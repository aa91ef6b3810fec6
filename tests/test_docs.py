"""The documents say what the code does: their examples run, their reference is complete, their links lead somewhere."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import typer
import yaml
from typer.testing import CliRunner

import loadkit
from docs.generate import PAGES, REFERENCE, page_text
from docs.pages.markdown import anchor, code
from loadkit import registry
from loadkit.analysis.recommendation_schema import recommendation_schema
from loadkit.cli.main import app
from loadkit.errors import CODES, ExitCode
from loadkit.metrics.sample import Outcome
from loadkit.outputs.exported import FAMILIES
from loadkit.report.schema import report_schema
from loadkit.report.timeline import COLUMNS
from loadkit.scenario.gate_keys import gate_schema
from loadkit.scenario.schema import scenario_schema
from loadkit.slo.metric import METRICS
from tests.test_architecture import ROWS

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
ACTIONS = registry.plugins("step").keys()


class Block(NamedTuple):
    """A block of code in a document."""

    document: str
    line: int
    language: str
    text: str

    @property
    def file_name(self) -> str:
        """The name that its first line gives it: `# shop.yaml`."""
        named = re.match(r"# ([\w-]+\.(?:yaml|py))\n", self.text)
        return named[1] if named else "example.yaml"


@cache
def blocks(path: Path) -> tuple[Block, ...]:
    text = path.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    name = str(path.relative_to(ROOT))
    return tuple(Block(name, text.count("\n", 0, match.start()) + 1, match[1], match[2]) for match in found)


def prose(path: Path) -> str:
    """Return a document without its blocks of code, which hold no links."""
    return re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def place(block: Block) -> str:
    return f"{block.document}:{block.line}"


# ------------------------------------------------------------------------------------------------------- README is run

# A `console` block is a dialogue. Each line that starts with "$ " is run in a directory that holds the README's YAML blocks
# under the names in their first lines, and must end with 0. What the block shows below it is compared loosely: numbers with
# their units count as equal, white space does not count, "..." stands for any lines, and the other lines must appear in that
# order. `make` is only asked whether it knows the target: running the tests inside of the tests is no use.
# A command may be tried three times, since on a busy machine a measurement can rightly be INVALID.

_NUMBER = re.compile(r"\d[\d.,]*\s?(?:[KMG]iB\b|B\b|ns\b|us\b|ms\b|s\b|%|/s)*")


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOADKIT_", "MAKE", "MFLAGS"))}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }


def run(command: str, directory: Path) -> tuple[int, list[str]]:
    """Run a command of a dialogue; return its exit code and the lines that it prints."""
    target = re.match(r"make (\w+)", command)
    if target:
        command, directory = f"make --dry-run {target[1]}", ROOT
    done = subprocess.run(
        ["bash", "-c", command], cwd=directory, env=environment(), text=True, check=False, timeout=60,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.returncode, done.stdout.splitlines()


def complaint(command: str, shown: list[str], directory: Path) -> str:
    """Return what is not true about a command of a dialogue, "" when all is."""
    status, lines = run(command, directory)
    printed = iter([loosely(line) for line in lines])
    missing = next((line for line in shown if loosely(line) not in printed), None)
    if status == 0 and missing is None:
        return ""
    what = f"ends with {status}" if status else f"does not print, in this order: {missing}"
    return "\n".join([f"$ {command}", what, "but:", *lines])


def dialogue(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command with the lines that are shown below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        yield command, [line for line in shown if line.strip() not in ("", "...")]


def loosely(line: str) -> str:
    return " ".join(_NUMBER.sub("N ", line).split())


@pytest.fixture(scope="module")
def readme_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("readme")
    for block in blocks(README):
        if block.language == "yaml":
            (directory / block.file_name).write_text(block.text)
    return directory


def test_readme_opens_with_the_two_commands() -> None:
    assert [command.split("#")[0].strip() for command, _ in dialogue(blocks(README)[0].text)] == [
        "make demo",
        "make test",
    ]
    assert {block.language for block in blocks(README)} == {"console", "yaml"}


@pytest.mark.parametrize("block", [block for block in blocks(README) if block.language == "yaml"], ids=place)
def test_readme_scenarios_are_valid(block: Block, readme_directory: Path) -> None:
    status, lines = run(f"loadkit validate {block.file_name}", readme_directory)
    assert (status, "0 warnings" in lines[-1]) == (0, True), lines


@pytest.mark.alone
@pytest.mark.parametrize("block", [block for block in blocks(README) if block.language == "console"], ids=place)
def test_readme_dialogues_are_true(block: Block, readme_directory: Path) -> None:
    for command, shown in dialogue(block.text):
        tries = (complaint(command, shown, readme_directory) for _ in range(3))
        complaints = list(takewhile(bool, tries))
        assert len(complaints) < 3, complaints[-1]


# ------------------------------------------------------------------------------------------------- Python in the documents

# The files of a guide stand together in a directory. Tests among them are run by pytest and must pass or, since a measurement
# can rightly be INVALID on a busy machine, be skipped for that; other programs must end with 0.

PYTEST_GUIDE = ROOT / "docs/guides/pytest.md"


def test_every_python_block_is_in_a_guide_that_is_run_and_has_a_name() -> None:
    python = [block for path in DOCUMENTS for block in blocks(path) if block.language in ("python", "py")]
    guides = {"docs/guides/pytest.md", "docs/guides/python.md", "docs/guides/hooks.md"}
    assert {block.document for block in python} == guides
    assert all(block.file_name.endswith(".py") for block in python)


def test_the_pytest_guide_is_true(tmp_path: Path) -> None:
    for block in blocks(PYTEST_GUIDE):
        if block.language in ("python", "yaml"):
            (tmp_path / block.file_name).write_text(block.text)
    status, lines = run("python -m pytest -q -rs -p no:cacheprovider -W error", tmp_path)
    skipped = [line for line in lines if line.startswith("SKIPPED")]
    assert status == 0, lines
    assert all("the machine could not make the load: " in line for line in skipped), lines
    programs = {block.file_name for block in blocks(PYTEST_GUIDE) if block.language == "python"}
    for name in programs - {"conftest.py", "test_shop.py"}:
        status, lines = run(f"python -W error {name}", tmp_path)
        assert status == 0, lines
        assert (tmp_path / "report.json").exists()


def test_the_guide_to_functions_is_true(tmp_path: Path) -> None:
    for block in blocks(ROOT / "docs/guides/python.md")[:2]:
        (tmp_path / block.file_name).write_text(block.text)
    status, lines = run("loadkit run load.yaml", tmp_path)
    assert status in (0, 5), lines  # 5: this machine was too busy
    for words in ("180 returned", "0 of 180 checks failed"):
        assert any(words in line for line in lines), lines


def test_the_hooks_guide_is_true(tmp_path: Path) -> None:
    for block in blocks(ROOT / "docs/guides/hooks.md"):
        if block.language in ("python", "yaml"):
            (tmp_path / block.file_name).write_text(block.text)
    status, lines = run("loadkit run shop.yaml --solo -o report.json", tmp_path)
    assert status == 0, lines
    seen = msgspec.json.decode((tmp_path / "report.json").read_bytes())["aggregate"]
    assert seen["counters"]["orders.placed"] == seen["counters"]["vusers.completed"] == 1
    assert seen["summaries"]["body.bytes"]["count"] == seen["counters"]["http.requests"]
    assert not [name for name in seen["counters"] if name.startswith("errors.")]


# ------------------------------------------------------------------------------------------- scenarios in the documents

YAML_BLOCKS = [block for path in DOCUMENTS if path != README for block in blocks(path) if block.language == "yaml"]


def as_scenario(block: Block) -> str | None:
    """Return a block as a whole scenario: a configuration gets a flow, steps get a configuration; None if it is neither."""
    data = yaml.safe_load(block.text)
    if isinstance(data, list) and all(isinstance(step, dict) and step.keys() & ACTIONS for step in data):
        return (
            f'config: {{target: "demo://", plugins: {{expect: {{}}}}}}\nscenarios:\n  - flow:\n{_indented(block.text)}'
        )
    if not isinstance(data, dict) or not data.keys() & {"scenarios", "config"}:
        return None
    flow = "" if data.keys() & {"scenarios", "extends"} else 'scenarios:\n  - flow: [get: {url: "/"}]\n'
    return f"{block.text}\n{flow}"


def _indented(text: str) -> str:
    return "".join(f"      {line}\n" for line in text.splitlines())


@pytest.mark.parametrize("block", YAML_BLOCKS, ids=place)
def test_scenarios_in_documents_are_valid(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = as_scenario(block)
    if text is None:
        return  # YAML of something else, such as a CI service
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOADKIT_TARGET", raising=False)
    for name in re.findall(r"\$env\.(\w+)", text):
        monkeypatch.setenv(name, "something")
    for path in (ROOT / "scenarios").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    for other in blocks(ROOT / block.document):
        if other.language == "python":  # functions that it calls
            (tmp_path / other.file_name).write_text(other.text)
    (tmp_path / block.file_name).write_text(text)
    options = [] if "target:" in text or "extends:" in text else ["-t", "demo://"]
    result = CliRunner().invoke(app, ["validate", block.file_name, *options])
    assert result.exit_code == 0, result.output
    assert "0 warnings" in result.output, result.output


# --------------------------------------------------------------------------------------------- the reference is complete


@pytest.mark.parametrize("name", PAGES)
def test_reference_is_what_the_code_says(name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == page_text(name), "run `make schemas`"


def test_nothing_else_is_in_the_reference() -> None:
    assert {path.name for path in REFERENCE.iterdir()} == set(PAGES)


def property_names(schema: Any) -> Iterator[str]:
    """Yield every key that a schema describes, however deep."""
    if isinstance(schema, Mapping):
        for word, value in schema.items():
            if word == "properties":
                yield from value
            if word != "examples":
                yield from property_names(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from property_names(item)


def commands_and_options() -> set[str]:
    root: Any = typer.main.get_command(app)
    commands: dict[str, Any] = {}
    for name, command in root.commands.items():
        inside = getattr(command, "commands", None)
        commands |= {f"{name} {sub}": one for sub, one in inside.items()} if inside else {name: command}
    options = {option for command in (root, *commands.values()) for param in command.params for option in param.opts}
    return {f"loadkit {name}" for name in commands} | {option for option in options if option.startswith("-")}


ALIASES = {"Event", "ExitCode", "Plan"}  # a union of the events, a page of its own, and what `load` returns
DOCUMENTED: dict[str, set[str]] = {
    "configuration.md": {code(key) for key in property_names(scenario_schema())},
    "commands.md": commands_and_options(),
    "functions.md": {code(name) for name in registry.plugins("function")},
    "metrics.md": {code(metric.name) for metric in METRICS}
    | {code(f"errors.{outcome.value}") for outcome in set(Outcome) - {Outcome.OK, Outcome.CHECK_FAILED}},
    "diagnostics.md": {f"### {name}\n" for name in CODES},
    "exit-codes.md": {f"| {int(number)} |" for number in ExitCode},
    "python.md": {f"`{name}" for name in loadkit.__all__ if name.endswith("Error")}
    | {f"### {name}\n" for name in loadkit.__all__ if not name.endswith(("Error", "__")) and name not in ALIASES},
    "gates.md": {code(key) for key in property_names(gate_schema())},
    "recommendation.md": {code(key) for key in property_names(recommendation_schema())},
    "outputs.md": {code(kind) for kind in registry.plugins("exporter")}
    | {code(key) for exporter in registry.plugins("exporter").values() for key in exporter.schema}
    | {code(family.name) for family in FAMILIES},
    "report.md": {code(key) for key in (*property_names(report_schema()), *COLUMNS)},
}


@pytest.mark.parametrize("page", DOCUMENTED)
def test_everything_stands_in_the_reference(page: str) -> None:
    text = (REFERENCE / page).read_text(encoding="utf-8")
    assert {what for what in DOCUMENTED[page] if what not in text} == set()


# ---------------------------------------------------------------------------------------------- ARCHITECTURE, links, words


def test_import_table_in_architecture_is_the_one_that_is_checked() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| ((?:`\w+` ?)+)\|$", text, re.MULTILINE)
    assert {name: int(row) for row, names in rows for name in re.findall(r"\w+", names)} == ROWS


def headings(path: Path) -> set[str]:
    """Return the anchors of a document's headings, repeated ones numbered."""
    found: list[str] = []
    for title in re.findall(r"^#+ (.*)$", prose(path), re.MULTILINE):
        name = anchor(title)
        found.append(f"{name}-{found.count(name)}" if name in found else name)
    return set(found)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
        if "://" in link:
            continue
        file, _, part = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), f"{path.relative_to(ROOT)}: {link}"
        assert not part or part in headings(target), f"{path.relative_to(ROOT)}: {link}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_are_named_exist(path: Path) -> None:
    """A file in code quotes whose first directory is one of ours, or of the package, is there."""
    ours = {entry.name for entry in (*ROOT.iterdir(), *(ROOT / "loadkit").iterdir()) if entry.is_dir()} - {
        "reports",
        ".git",
        ".loadkit",
    }
    for name in re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", path.read_text(encoding="utf-8")):
        if name.split("/")[0] in ours:
            assert (ROOT / name).exists() or (ROOT / "loadkit" / name).exists(), f"{path.relative_to(ROOT)}: {name}"


REGISTRIES = (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "com"), ("npmjs", "org"), ("debian", "org"),
              ("ubuntu", "com"), ("crates", "io"), ("golang", "org"), ("rubygems", "org"))  # fmt: skip
UNSPOKEN = [rf"\b{name}\.{ending}\b" for name, ending in REGISTRIES]
UNSPOKEN += [r"(?<![\w.])/wo" r"rk/", r"\.\./sha" r"red\b", r"\biss" r"ues?\b", r'(?<!")\bhel' r"pers?\b"]
UNSPOKEN += [r"\b(?:work|coding|agent|this|previous|earlier) sess" r"ions?\b"]


def test_nothing_tells_how_the_project_is_made() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a git repository")
    unspoken = re.compile("|".join(UNSPOKEN), re.IGNORECASE)
    found = []
    for name in listed.stdout.splitlines():
        path = ROOT / name
        text = path.read_bytes().decode(errors="replace") if path.is_file() else ""
        found += [f"{name}: {match[0]}" for match in unspoken.finditer(text)]
    assert found == []
