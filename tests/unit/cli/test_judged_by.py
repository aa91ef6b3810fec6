import pytest

from loadkit.analysis.policy import BlockOn, Settings, Severity
from loadkit.cli.judged_by import updates_baseline, usual_settings
from loadkit.errors import UsageError


def test_without_a_word_everything_is_as_usual() -> None:
    assert usual_settings({}) == Settings()
    assert usual_settings({"LOADKIT_REGRESSION_THRESHOLD": " "}) == Settings()


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("20%", (0.2, 0.2, 0.5)),
        ("20", (0.2, 0.2, 0.5)),
        ("5%", (0.05, 0.2, 0.5)),
        ("30 %", (0.3, 0.3, 0.5)),
        ("60%", (0.6, 0.6, 0.6)),
    ],
)
def test_a_threshold_is_the_least_regression_and_blocks(text: str, steps: tuple[float, ...]) -> None:
    made = usual_settings({"LOADKIT_REGRESSION_THRESHOLD": text})
    assert (made.latency.minor, made.latency.major, made.latency.critical) == steps
    assert made.block_on is BlockOn.MINOR
    assert made.latency.severity(steps[0] - 0.001) is None
    assert made.latency.severity(0.6) is Severity.CRITICAL


@pytest.mark.parametrize("text", ["much", "-5%", "0%", "0.2", "1e3%", "20%%"])
def test_a_wrong_threshold_is_an_error_that_names_the_variable(text: str) -> None:
    with pytest.raises(UsageError, match="LOADKIT_REGRESSION_THRESHOLD"):
        usual_settings({"LOADKIT_REGRESSION_THRESHOLD": text})


def test_measured_noise_takes_the_place_of_what_is_assumed() -> None:
    assert usual_settings({}, noise=0.02).noise_floor == 0.02


@pytest.mark.parametrize(
    ("text", "wanted"), [("true", True), ("1", True), ("YES", True), ("false", False), ("0", False), ("", False)]
)
def test_a_baseline_is_updated_where_the_environment_says_so(text: str, wanted: bool) -> None:
    assert updates_baseline({"LOADKIT_UPDATE_BASELINE": text}) is wanted
    assert not updates_baseline({})


def test_a_word_that_is_neither_yes_nor_no_is_an_error_that_names_the_variable() -> None:
    with pytest.raises(UsageError, match="LOADKIT_UPDATE_BASELINE='maybe' is neither yes nor no"):
        updates_baseline({"LOADKIT_UPDATE_BASELINE": "maybe"})
