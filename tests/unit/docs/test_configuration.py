from docs.pages.configuration import configuration_page
from loadkit import registry

PAGE = configuration_page()


def test_every_action_has_a_heading() -> None:
    headings = "".join(line for line in PAGE.splitlines() if line.startswith(("###", "Less common methods")))
    assert [action for action in registry.plugins("step") if f"`{action}`" not in headings] == []


def test_the_same_keys_are_written_once() -> None:
    assert PAGE.count("| `strictCapture` |") == 1
    assert "The keys are those of [`config.http.defaults`](#confighttpdefaults)." in PAGE


def test_a_key_has_its_type_default_meaning_and_an_example() -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith("| `connectTimeout` |"))
    assert "number or text" in row
    assert "| `5` |" in row
    assert "TLS handshake" in row
    assert "`connectTimeout: 2`" in row


def test_keys_without_effect_are_named_apart() -> None:
    assert "without effect (warning LK505): `onError`." in PAGE
