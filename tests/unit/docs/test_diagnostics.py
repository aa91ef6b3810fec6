from pathlib import Path

import pytest

from docs.pages import diagnostics
from docs.pages.diagnostics import diagnostics_page, example_of

GOLDEN = """\
lk101-keys.yaml:6:7: error LK101: unknown key "a"
      a: 1
      ^
    hint: it takes b
lk101-keys.yaml:7:1: warning LK505: "ws" has no effect yet
    ws:
    ^^
"""


@pytest.fixture
def goldens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(diagnostics, "EXAMPLES", tmp_path)
    (tmp_path / "lk101-keys.txt").write_text(GOLDEN)
    return tmp_path


def test_an_example_is_the_first_diagnostic_with_its_code(goldens: Path) -> None:
    assert example_of("LK101") == ("lk101-keys.yaml", GOLDEN.partition("lk101-keys.yaml:7")[0])
    assert example_of("LK505") == (
        "lk101-keys.yaml",
        'lk101-keys.yaml:7:1: warning LK505: "ws" has no effect yet\n    ws:\n    ^^\n',
    )


def test_the_file_of_a_code_is_preferred(goldens: Path) -> None:
    (goldens / "lk505-idle.txt").write_text('lk505-idle.yaml:1:1: warning LK505: "after"\n')
    example = example_of("LK505")
    assert example is not None
    assert example[0] == "lk505-idle.yaml"


def test_a_code_without_example_is_described_all_the_same(goldens: Path) -> None:
    assert example_of("LK204") is None
    assert "### LK204\n\nA template that cannot be parsed." in diagnostics_page()
