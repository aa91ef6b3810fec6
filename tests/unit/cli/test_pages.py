import pytest

from loadkit.cli.pages import has_screen


@pytest.mark.parametrize(
    ("environment", "platform", "screen"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "darwin", True),
        ({"SSH_CONNECTION": "1 2 3 4"}, "darwin", False),
    ],
)
def test_a_browser_is_opened_only_where_somebody_can_see_it(
    environment: dict[str, str], platform: str, screen: bool
) -> None:
    assert has_screen(environment, platform) is screen
