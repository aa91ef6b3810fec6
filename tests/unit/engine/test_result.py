"""What a run's end means to whoever started it."""

from dataclasses import replace

import pytest

from loadkit.errors import ExitCode
from tests.support.results import invalid, plan, result


@pytest.mark.parametrize(
    ("config", "code"), [({}, ExitCode.INVALID_MEASUREMENT), ({"compat": "artillery"}, ExitCode.PASS)]
)
def test_an_invalid_measurement_fails_a_run_unless_it_is_as_artillerys(config: dict[str, str], code: ExitCode) -> None:
    made = result(plan=replace(plan(), config=config), measurement=invalid())
    assert (made.exit_code, made.valid) == (code, False)
