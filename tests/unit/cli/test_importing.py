import pytest
from typer.testing import CliRunner

from loadkit.cli.main import app

CURL = "curl -u ann:hunter2hunter2 https://shop.example/cart/17\n"


def invoke(*arguments: str, text: str = ""):
    return CliRunner().invoke(app, ["import", *arguments], input=text)


def test_standard_input_becomes_standard_output():
    shown = invoke("curl", "-", text=CURL)
    assert shown.exit_code == 0
    assert shown.stdout.startswith("# Made by `loadkit import curl`.\n")
    assert 'target: "https://shop.example"' in shown.stdout


def test_what_is_made_is_valid_and_its_target_can_be_chosen(tmp_path):
    made = tmp_path / "shop.yaml"
    assert invoke("curl", "-", "-o", str(made), "-t", "https://staging.example", text=CURL).exit_code == 0
    assert 'target: "https://staging.example"' in made.read_text()
    assert CliRunner().invoke(app, ["validate", str(made)]).exit_code == 0


def test_a_file_is_not_replaced_unless_asked_for(tmp_path):
    made = tmp_path / "shop.yaml"
    made.write_text("mine")
    refused = invoke("curl", "-", "-o", str(made), text=CURL)
    assert (refused.exit_code, made.read_text()) == (2, "mine")
    assert "--force" in refused.output
    assert invoke("curl", "-", "-o", str(made), "--force", text=CURL).exit_code == 0
    assert made.read_text() != "mine"


def test_a_form_with_a_file_is_valid_where_it_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    (tmp_path / "load").mkdir()
    made = tmp_path / "load" / "shop.yaml"
    assert invoke("curl", "-", "-o", str(made), text="curl -F image=@a.png https://shop.example/u").exit_code == 0
    assert "fromFile: ../a.png" in made.read_text() or 'fromFile: "../a.png"' in made.read_text()
    assert [path.name for path in made.parent.iterdir()] == ["shop.yaml"]
    assert CliRunner().invoke(app, ["validate", str(made)]).exit_code == 0
    shown = invoke("curl", "-", text="curl -F image=@a.png https://shop.example/u")
    assert shown.exit_code == 0
    assert str(tmp_path / "a.png") in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tarot", "-"], "known: access-log, curl, har, openapi"),
        (["har", "missing.har"], "missing.har: it cannot be read: No such file"),
        (["har", "-"], "standard input: this is no HAR"),
        (["curl", "-", "-t", "nonsense"], "no valid scenario can be made of it"),
    ],
)
def test_what_cannot_be_imported_is_named(arguments, words):
    shown = invoke(*arguments, text=CURL)
    assert shown.exit_code == 2
    assert words in shown.output
