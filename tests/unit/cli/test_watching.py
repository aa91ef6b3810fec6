"""The options of the page: what they mean, and that trouble with it is a warning."""

import socket

import pytest

from loadkit.cli.bundles import Watching
from loadkit.cli.watching import asked_address, opened_dashboard
from loadkit.errors import PreflightError, UsageError
from tests.support.results import plan


@pytest.mark.parametrize(
    ("watching", "said"),
    [
        (
            Watching(hold=True),
            "--hold waits for somebody, and here are no keys to press; give --dashboard PORT as well",
        ),
        (Watching(dashboard_token="x"), "--dashboard-token is for the page of a run"),
        (Watching(dashboard="shop"), "--dashboard shop: write PORT or HOST:PORT"),
    ],
)
def test_options_that_make_no_sense_are_refused(watching: Watching, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        asked_address(watching)


def test_without_the_option_there_is_no_page() -> None:
    assert asked_address(Watching()) is None
    assert asked_address(Watching(hold=True), keys=True) is None  # begun at the terminal
    with opened_dashboard(Watching(), plan(), run_id=lambda: None, say=print) as page:
        assert page is None


def test_the_url_is_printed_with_its_token(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOADKIT_DASHBOARD_TOKEN", "from-outside")
    with opened_dashboard(Watching(dashboard="0"), plan(), run_id=lambda: None, say=pytest.fail) as page:
        assert page is not None
    printed = capsys.readouterr().err
    assert printed.startswith("dashboard: http://127.0.0.1:")
    assert printed.endswith("/?token=from-outside\n")


def test_a_port_that_is_taken_is_a_warning_unless_the_run_is_to_begin_there() -> None:
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with opened_dashboard(Watching(dashboard=port), plan(), run_id=lambda: None, say=said.append) as page:
            assert page is None
        held = opened_dashboard(Watching(dashboard=port, hold=True), plan(), run_id=lambda: None, say=said.append)
        with pytest.raises(PreflightError, match="is taken"), held:
            pytest.fail("it was begun")
    assert len(said) == 1
    assert said[0].startswith("warning: the run is shown on no page: --dashboard: port")
