import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from loadkit.template import fake
from loadkit.template.compile import TemplateFault, compile_value
from loadkit.template.fake import closest_fake, fake_functions, fake_hint
from loadkit.template.fake_table import DEPRECATED, TABLE
from tests.support.users import user

NEED_OPTIONS = {"dateBetween", "dateBetweens"}


def call(name: str, options: Any = None, *, seed: int = 1) -> str:
    made = fake_functions({} if options is None else {name: options})[f"${name}"].call(user(seed=seed))
    assert isinstance(made, str)
    return made


@pytest.mark.parametrize("name", sorted(set(TABLE) - NEED_OPTIONS))
def test_each_function_makes_text_and_the_same_for_the_same_seed(name: str) -> None:
    assert call(name)
    if "date" not in name.lower() and name != "stringUlid":
        assert call(name, seed=5) == call(name, seed=5)


def test_the_closest_function_is_one_that_there_is() -> None:
    for name in TABLE:
        closest = closest_fake(name)
        assert not closest or callable(TABLE[closest]), name
    assert set(DEPRECATED.values()) <= set(TABLE)
    assert call("randEmail", seed=3) == call("internetEmail", seed=3)


@pytest.mark.parametrize(
    ("name", "options", "form"),
    [
        ("numberInt", {"min": 5, "max": 5}, "5"),
        ("numberInt", 0, "0"),
        ("numberFloat", {"min": 2, "max": 3, "fractionDigits": 1}, r"2\.\d|[23]"),
        ("numberHex", {"min": 255, "max": 255}, "ff"),
        ("numberRomanNumeral", {"min": 1994, "max": 1994}, "MCMXCIV"),
        ("internetPassword", {"length": 5, "prefix": "x-"}, r"x-\w{3}"),
        (
            "internetEmail",
            {"firstName": "Ann", "lastName": "O'Neil", "provider": "shop.test"},
            r"Ann[._]ONeil\d+@shop.test",
        ),
        ("internetUrl", {"protocol": "http", "appendSlash": False}, r"http://[a-z.-]+"),
        ("internetMac", {"separator": "-"}, r"([0-9a-f]{2}-){5}[0-9a-f]{2}"),
        ("personFullName", {"firstName": "Ann"}, r"Ann \S+"),
        ("personFirstName", "female", r"\w+"),
        ("stringAlpha", {"length": 8, "casing": "upper"}, "[A-Z]{8}"),
        ("stringAlpha", 4, "[A-Za-z]{4}"),
        ("stringNumeric", {"length": {"min": 3, "max": 4}}, r"\d{3,4}"),
        ("financeAmount", {"min": 1, "max": 2, "dec": 3, "symbol": "$"}, r"\$1\.\d{3}|\$2\.000"),
        ("commercePrice", None, r"\d+\.\d\d"),
        ("loremWords", 5, r"\w+( \w+){4}"),
        ("loremWords", {"wordCount": 2}, r"\w+ \w+"),
        ("wordWords", {"count": {"min": 2, "max": 2}}, r"\w+ \w+"),
        ("locationCountryCode", {"variant": "alpha-3"}, "[A-Z]{3}"),
        ("locationState", {"abbreviated": True}, "[A-Z]{2}"),
        ("datatypeBoolean", {"probability": 1}, "true"),
        ("datatypeBoolean", 0, "false"),
        ("colorRgb", {"prefix": "0x", "casing": "upper"}, "0x[0-9A-F]{6}"),
        ("dateMonth", {"abbreviated": True}, "[A-Z][a-z]{2}"),
        ("internetEmail", True, r"[\w.]+@[\w.]+"),
        ("phoneImei", None, r"\d\d-\d{6}-\d{6}-\d"),
        ("commerceProductName", None, r"\w+ \w+ \w+"),
    ],
)
def test_options_are_those_of_fakerjs(name: str, options: Any, form: str) -> None:
    for seed in range(5):
        assert re.fullmatch(form, call(name, options, seed=seed))


@pytest.mark.parametrize(
    ("name", "options", "days"),
    [
        ("datePast", None, (-366, 0)),
        ("dateFuture", {"years": 2}, (0, 732)),
        ("dateRecent", {"days": 3}, (-3, 0)),
        ("dateSoon", None, (0, 1)),
        ("dateBirthdate", {"min": 20, "max": 21}, (-366 * 21, -365 * 20)),
    ],
)
def test_instants_lie_where_they_are_asked_for(name: str, options: Any, days: tuple[int, int]) -> None:
    for seed in range(5):
        seconds = (datetime.fromisoformat(call(name, options, seed=seed)) - datetime.now(UTC)).total_seconds()
        assert days[0] * 86400 - 5 <= seconds <= days[1] * 86400 + 5


def test_an_instant_between_two_others() -> None:
    options = {"from": "2020-01-01", "to": "2020-01-02T00:00:00Z", "count": 2}
    assert call("dateBetween", options).startswith("2020-01-01T")
    assert [text[:11] for text in json.loads(call("dateBetweens", options))] == ["2020-01-01T"] * 2


@pytest.mark.parametrize(
    ("name", "options"),
    [("dateBetween", None), ("numberInt", {"min": "a"}), ("loremWords", "many"), ("dateSoon", {"refDate": "tomorrow"})],
)
def test_options_that_mean_nothing_name_the_function(name: str, options: Any) -> None:
    with pytest.raises(ValueError, match=rf"^\${name}: "):
        call(name, options)


def test_what_a_file_needs_to_call_a_function_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TemplateFault) as caught:
        compile_value("{{ $internetEmail() }}", {})
    assert "add `plugins: {fake-data: {}}`" in caught.value.hint
    assert fake_hint("$nothing") == ""
    monkeypatch.setattr(fake, "is_installed", lambda: False)
    assert fake_functions({}) == {}
    assert "pip install 'loadkit[fake]'" in fake_hint("$randEmail")
