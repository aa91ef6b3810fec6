import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from loadkit.cli.main import app
from loadkit.cli.validate import Format, validate

GOOD = """
config:
  target: http://127.0.0.1:9
  phases:
    - {duration: 5, arrivalRate: 2}
  thresholds:
    - http.response_time.p95 < 250ms
scenarios:
  - flow:
      - get: {url: /}
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> Path:
        path = Path("shop.yaml")
        path.write_text(text)
        return path

    return write


def test_a_file_without_faults_is_one_line(file, capsys):
    assert validate([file(GOOD)]) == 0
    assert capsys.readouterr().out == "ok: shop.yaml: 1 phase, 1 scenario, 1 threshold, 0 warnings\n"


def test_every_fault_is_printed_and_counted(file, capsys):
    bad = GOOD.replace("arrivalRate: 2", "arivalRate: 2").replace("url: /", "urll: /")
    assert validate([file(bad)]) == 2
    lines = capsys.readouterr().out.splitlines()
    faults = [line for line in lines if line.startswith("shop.yaml:")]
    assert len(faults) >= 2
    assert lines[-1] == f"{len(faults)} faults"


def test_warnings_are_shown_and_do_not_fail(file, capsys):
    warned = GOOD.replace("config:\n", "config:\n  plugins: {nonesuch: {}}\n", 1)
    assert validate([file(warned)]) == 0
    shown = capsys.readouterr().out
    assert "warning LK504" in shown
    assert shown.endswith("1 warning\n")


def test_options_change_what_is_checked(file, capsys):
    path = file(GOOD.replace("  target: http://127.0.0.1:9\n", ""))
    assert validate([path]) == 2
    assert "LK213" in capsys.readouterr().out
    assert validate([path], target="http://127.0.0.1:9") == 0


def test_warnings_fail_when_strict(file):
    path = file(GOOD.replace("config:\n", "config:\n  plugins: {nonesuch: {}}\n", 1))
    assert validate([path], strict=True) == 2
    path.write_text(GOOD)
    assert validate([path], strict=True) == 0


def test_each_file_is_checked_by_itself(file, capsys):
    one, other = file(GOOD), Path("other.yaml")
    other.write_text(GOOD.replace("arrivalRate: 2", "arrivalRate: none"))
    assert validate([one, other], each=True) == 2
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("ok: shop.yaml: 1 phase, 1 scenario")
    assert lines[-1] == "other.yaml: 1 fault"


def test_a_format_replaces_the_text(file, capsys):
    path = file(GOOD.replace("arrivalRate", "arivalRate"))
    assert validate([path], format=Format.JSON) == 2
    found = json.loads(capsys.readouterr().out)
    assert found["files"] == ["shop.yaml"]
    assert found["errors"] == len(found["diagnostics"]) >= 1
    assert found["diagnostics"][0] == {
        "file": "shop.yaml", "line": 5, "column": 21, "end_column": 31, "severity": "error", "code": "LK101",
        "message": 'unknown key "arivalRate" in phase 1', "hint": 'did you mean "arrivalRate"?',
    }  # fmt: skip


def test_nothing_found_is_no_annotation(file, capsys):
    assert validate([file(GOOD)], format=Format.GITHUB) == 0
    assert capsys.readouterr().out == ""


def test_secrets_are_hidden_in_every_format(file, capsys):
    bad = GOOD.replace("url: /}", "url: /, headers: {Authorization: 'Bearer hunter2hunter2'}, timout: 3}")
    for form in Format:
        assert validate([file(bad)], format=form) == 2
        assert "hunter2" not in capsys.readouterr().out


def test_the_hook_for_pre_commit_checks_the_files_it_is_given(file, capsys):
    (hook,) = yaml.safe_load((Path(__file__).parents[3] / ".pre-commit-hooks.yaml").read_text())
    assert {"id", "name", "entry", "language"} <= set(hook)
    program, *arguments = hook["entry"].split()
    path = file(GOOD)
    result = CliRunner().invoke(app, [*arguments, str(path)])
    assert (program, result.exit_code) == ("loadkit", 0)
    assert re.search(hook["files"], "scenarios/shop.yaml")


def test_it_waits_for_no_library_that_only_a_run_needs(tmp_path):
    """Editors and commits wait for it: it is to take less than half a second, of which numpy alone would be a fifth."""
    path = tmp_path / "it.yaml"
    path.write_text('config: {target: "http://127.0.0.1:9"}\nscenarios: [{flow: [{get: /}]}]\n')
    code = "\n".join([
        "import sys",
        f"sys.argv = ['loadkit', 'validate', {str(path)!r}]",
        "from loadkit.cli.main import main",
        "try: main()",
        "except SystemExit as ended: assert ended.code == 0, ended.code",
        "print(sorted({'numpy', 'aiohttp', 'rich', 'uvloop', 'aiofastnet', 'faker', 'hdrh'} & set(sys.modules)))",
    ])  # fmt: skip
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "[]"
