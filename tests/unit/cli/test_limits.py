"""Limits of the command line beside those of a project."""

import pytest

from loadkit.cli import consent
from loadkit.cli.limits import addresses_of, limits
from loadkit.errors import UsageError
from loadkit.scenario.project import Project

PROJECT = Project(file="p", allow_hosts=("a.example",), max_rate=50.0)


def test_both_lists_and_the_lower_rate_hold() -> None:
    assert limits(["b,c", "d"], "200", PROJECT) == {
        "allow_hosts": (("b", "c", "d"), ("a.example",)),
        "max_rate": (50.0, "p"),
    }
    assert limits([], "20", PROJECT) == {"allow_hosts": (("a.example",),), "max_rate": (20.0, "--max-rate")}
    assert limits([], None, Project()) == {"allow_hosts": (), "max_rate": None}


@pytest.mark.parametrize(
    ("hosts", "rate", "says"),
    [
        (["http://x"], None, "--allow-host: 'http://x' is no host"),
        ([","], None, "--allow-host names no host"),
        ([], "many", "--max-rate: 'many' is not a rate above zero"),
        ([], "0", "--max-rate: '0' is not a rate above zero"),
        (["generate:1"], None, "--allow-host: 'generate:1'"),
    ],
)
def test_options_that_mean_nothing_are_refused(hosts: list[str], rate: str | None, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        limits(hosts, rate, Project())


def test_addresses_of_hosts() -> None:
    assert addresses_of("127.0.0.1") == ["127.0.0.1"]
    assert "127.0.0.1" in addresses_of("localhost")


def test_a_name_nobody_knows_is_not_private(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"in.example": ["10.0.0.1"], "both": ["10.0.0.1", "8.8.8.8"]}
    monkeypatch.setattr(consent, "addresses_of", lambda host: known.get(host, []))
    assert consent.is_private("in.example")
    assert not consent.is_private("both")
    assert not consent.is_private("unknown.example")
    assert consent.is_private("x.test")
