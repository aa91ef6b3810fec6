from pathlib import Path

import pytest

from loadkit.errors import PreflightError
from loadkit.outputs.files import open_report
from loadkit.outputs.json import JsonReport


def test_a_directory_that_is_missing_is_not_taken_for_a_file(tmp_path):
    with pytest.raises(PreflightError, match="no such directory"):
        open_report(f"{tmp_path}/absent/")
    assert open_report(None) is None


@pytest.mark.parametrize("name", ["report.json", "report.txt", "report"])
def test_a_report_is_json_unless_its_ending_says_otherwise(name: str, tmp_path: Path):
    assert isinstance(open_report(str(tmp_path / name)), JsonReport)
