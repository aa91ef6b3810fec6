from pathlib import Path

import pytest

from docs import generate


def test_pages_are_written_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "REFERENCE", tmp_path / "reference")
    assert generate.main() == 0
    assert {path.name for path in (tmp_path / "reference").iterdir()} == set(generate.PAGES)
    assert capsys.readouterr().out.count("wrote ") == len(generate.PAGES)


def test_an_unchanged_page_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "REFERENCE", tmp_path)
    generate.main()
    capsys.readouterr()
    generate.main()
    assert capsys.readouterr().out == ""


def test_a_page_says_where_it_comes_from() -> None:
    assert generate.page_text("exit-codes.md").startswith("<!-- Written by `python -m docs.generate`")
