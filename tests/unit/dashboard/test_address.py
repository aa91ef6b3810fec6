import pytest

from loadkit.dashboard.address import Address, choose_token, read_address
from loadkit.errors import UsageError


@pytest.mark.parametrize(
    ("text", "host", "port", "loopback"),
    [
        ("8080", "127.0.0.1", 8080, True),
        (":8080", "127.0.0.1", 8080, True),
        ("0", "127.0.0.1", 0, True),
        ("localhost:1", "localhost", 1, True),
        ("127.0.0.2:65535", "127.0.0.2", 65535, True),
        ("[::1]:8080", "::1", 8080, True),
        ("0.0.0.0:8080", "0.0.0.0", 8080, False),
        ("[::]:8080", "::", 8080, False),
        ("10.1.2.3:8080", "10.1.2.3", 8080, False),
        ("shop.example:8080", "shop.example", 8080, False),
        ("localhost.evil.example:8080", "localhost.evil.example", 8080, False),
    ],
)
def test_an_address_is_this_machine_alone_unless_another_host_is_given(
    text: str, host: str, port: int, loopback: bool
) -> None:
    found = read_address(text)
    assert (found.host, found.port, found.loopback) == (host, port, loopback)


@pytest.mark.parametrize(
    "text", ["", "host", "host:", "host:70000", "host:-1", "host:８0", "::1:8080", "a b:1", "a/b:1"]
)
def test_what_is_no_address_is_refused_with_the_way_to_write_it(text: str) -> None:
    with pytest.raises(UsageError, match=r"--dashboard.*(HOST:PORT|brackets|not a host)"):
        read_address(text)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:99/"),
        ("::1", "http://[::1]:99/"),
        ("0.0.0.0", "http://127.0.0.1:99/"),
        ("::", "http://[::1]:99/"),
    ],
)
def test_the_url_can_be_opened_here(host: str, url: str) -> None:
    assert Address(host=host, port=0).url(99) == url


def test_a_token_is_that_of_the_option_or_of_the_environment_or_a_new_one() -> None:
    environment = {"LOADKIT_DASHBOARD_TOKEN": "from-outside"}
    assert choose_token("mine", environment) == "mine"
    assert choose_token(None, environment) == "from-outside"
    made = {choose_token(None, {}) for _ in range(20)}
    assert len(made) == 20
    assert min(map(len, made)) >= 32


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "schön", "x" * 513])
def test_a_token_that_no_header_can_hold_is_refused(token: str) -> None:
    with pytest.raises(UsageError, match="--dashboard-token"):
        choose_token(token, {})
    with pytest.raises(UsageError, match="LOADKIT_DASHBOARD_TOKEN"):
        choose_token(None, {"LOADKIT_DASHBOARD_TOKEN": token})
