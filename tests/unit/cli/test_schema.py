import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loadkit.cli.main import app
from loadkit.cli.schema import SchemaName, schema, schema_text
from loadkit.errors import PreflightError
from loadkit.report.schema import report_schema


def test_the_reports_schema_is_printed():
    shown = CliRunner().invoke(app, ["schema", "report"])
    assert json.loads(shown.output) == report_schema()


def test_the_scenarios_schema_is_the_default():
    shown = CliRunner().invoke(app, ["schema"])
    assert json.loads(shown.output)["title"] != report_schema()["title"]
    assert shown.output == schema_text(SchemaName.SCENARIO)


def test_all_are_written_into_a_directory(tmp_path, capsys):
    assert schema(SchemaName.SCENARIO, tmp_path / "new") == 0
    for name in SchemaName:
        path = tmp_path / "new" / f"{name.value}.schema.json"
        assert path.read_text() == schema_text(name)
    assert capsys.readouterr().out.count("wrote ") == len(SchemaName)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(PreflightError, match=r"cannot write .*file"):
        schema(SchemaName.REPORT, tmp_path / "file")


@pytest.mark.parametrize("name", list(SchemaName))
def test_the_published_schemas_are_those_of_the_code(name):
    published = Path(__file__).parents[3] / "schemas" / f"{name.value}.schema.json"
    assert published.read_text(encoding="utf-8") == schema_text(name), "run `make schemas`"
