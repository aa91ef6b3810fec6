"""Where load may go, and which hosts are private."""

import pytest

from loadkit.hosts import AllowList, Fence, address_of, is_private_address, is_private_name


@pytest.mark.parametrize(
    ("entry", "host", "allowed"),
    [
        ("shop.example", "shop.example", True),
        ("shop.example", "SHOP.example.", True),
        ("shop.example", "a.shop.example", False),
        ("shop.example", "evilshop.example", False),
        ("*.shop.example", "a.b.shop.example", True),
        ("*.shop.example", "shop.example", False),
        ("*.shop.example", "evilshop.example", False),
        ("10.0.0.0/8", "10.200.1.2", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        ("10.0.0.0/8", "::ffff:10.0.0.1", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("fd00::/8", "fd12::1", True),
        ("fd00::/8", "fe80::1%eth0", False),
        ("[::1]", "::1", True),
        ("10.0.0.0/8", "shop.example", True),  # its addresses tell
        ("shop.example", "127.1", False),
    ],
)
def test_an_entry_allows_a_host_as_far_as_its_text_tells(entry: str, host: str, allowed: bool) -> None:
    assert AllowList([entry]).may_allow(host) is allowed


def test_a_name_is_allowed_by_name_or_by_each_address() -> None:
    fence = Fence([["10.0.0.0/8", "shop.example"]])
    assert fence.allows("shop.example", "93.184.216.34")
    assert fence.allows("other.example", "10.0.0.1")
    assert not fence.allows("other.example", "169.254.169.254")
    assert not fence.allows("other.example", "not an address")


def test_every_list_must_allow_and_without_one_everything_is_allowed() -> None:
    fence = Fence([["*.example"], ["shop.example", "other.test"]])
    assert fence.may_allow("shop.example")
    assert not fence.may_allow("other.test")
    assert not Fence()
    assert Fence().may_allow("anything")


@pytest.mark.parametrize("entry", ["", "http://x", "a/b", "x:80", "*", "*.", "a*.b", "10.0.0.0/40", "a b", "-x"])
def test_what_is_no_entry_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="is no host; write"):
        AllowList([entry])


PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "::1",
    "10.1.1.1",
    "172.31.0.1",
    "192.168.0.1",
    "169.254.0.1",
    "fd00::1",
    "fe80::1",
]


@pytest.mark.parametrize("host", PRIVATE)
def test_private_addresses(host: str) -> None:
    address = address_of(host)
    assert address is not None
    assert is_private_address(address)


@pytest.mark.parametrize("host", ["8.8.8.8", "172.32.0.1", "192.0.2.1", "2001:db8::1", "100.64.0.1"])
def test_other_addresses_are_not_private(host: str) -> None:
    address = address_of(host)
    assert address is not None
    assert not is_private_address(address)


def test_private_names() -> None:
    names = ["localhost", "a.localhost", "printer.local", "x.internal", "shop.test.", "nas.home.arpa"]
    assert all(map(is_private_name, names))
    assert not any(map(is_private_name, ["local.example", "notlocal", "localhost.example", "127.0.0.1"]))
