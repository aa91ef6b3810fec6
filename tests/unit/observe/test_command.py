"""What a command prints, as numbers."""

import sys

import pytest

from loadkit.observe.command import CommandSampler, read_numbers
from loadkit.slo.observed import Place, Unavailable


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("12.5\n", {"value": 12.5}),
        ("queue 12\nworkers: 4\nbusy=0.5\n", {"queue": 12, "workers": 4, "busy": 0.5}),
        ('{"queue": 12, "name": "x", "load": 1e3}', {"queue": 12, "load": 1000}),
        ("some text\nqueue 12\n", {"queue": 12}),
        ("cache:hits -3\n", {"cache:hits": -3}),
    ],
)
def test_numbers_are_read_in_three_forms(text: str, numbers: dict[str, float]) -> None:
    assert read_numbers(text) == numbers


@pytest.mark.parametrize("text", ["", "no number", "[1, 2]", '{"a": "b"}', "queue nan", "NaN", "[" * 100_000])
def test_what_holds_no_number_is_refused(text: str) -> None:
    with pytest.raises(Unavailable, match="neither a number"):
        read_numbers(text)


def sampler(run: str, notes: list[str], *series: str) -> CommandSampler:
    options = {"run": run, **({"series": list(series)} if series else {})}
    return CommandSampler(options, Place(), notes.append)


def test_a_number_that_is_not_printed_is_said_once_with_those_that_are() -> None:
    notes: list[str] = []
    made = sampler("echo queue 12", notes, "queue", "workers")
    assert [made.sample(), made.sample()] == [{"queue": 12}, {"queue": 12}]
    assert notes == ["`echo` prints no number named workers; it prints queue"]


def test_no_shell_takes_part() -> None:
    with pytest.raises(Unavailable, match="neither a number"):
        sampler("echo $(expr 1 + 2)", []).sample()


def test_a_command_that_fails_is_said_with_its_first_words_and_without_secrets() -> None:
    text = "import sys; sys.exit('password=hunter22 is wrong')"
    with pytest.raises(Unavailable) as found:
        sampler(f'{sys.executable} -c "{text}"', []).sample()
    assert "ended with 1" in str(found.value)
    assert "hunter22" not in str(found.value)


def test_a_command_that_is_interrupted_is_not_run_again() -> None:
    made = sampler("echo 1", [])
    made.interrupt()
    with pytest.raises(Unavailable, match="not observed any more"):
        made.sample()
