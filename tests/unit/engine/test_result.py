"""What a run's end means to whoever started it."""

from dataclasses import replace

import pytest

from loadkit.errors import ExitCode
from tests.support.results import invalid, plan, result


@pytest.mark.parametrize("config", [{}, {"compat": "artillery"}])
def test_an_invalid_measurement_passes_no_run(config: dict[str, str]) -> None:
    made = result(plan=replace(plan(), config=config), measurement=invalid())
    assert (made.exit_code, made.valid, made.passed) == (ExitCode.INVALID_MEASUREMENT, False, False)
