"""Hosts: which of them load may go to, and which are nobody else's.

entry   = name | "*." name | address | network
network = address "/" bits                      10.0.0.0/8, fd00::/8
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address

_NAME = re.compile(r"(\*\.)?[0-9a-z_\u0080-\U0010ffff]([0-9a-z._\u0080-\U0010ffff-]*)")
_PRIVATE_NAMES = ("localhost", "local", "internal", "test", "home.arpa")  # RFC 6761, 6762, 8375; .internal is ICANN's


class AllowList:
    """Hosts that are allowed: by name, whatever they resolve to, or by the networks that their addresses lie in."""

    def __init__(self, entries: Iterable[str]) -> None:
        """Raises ValueError for what is no entry."""
        self._names: set[str] = set()
        self._suffixes: list[str] = []
        self._networks: list[IPv4Network | IPv6Network] = []
        for entry in entries:
            self._add(entry.strip().lower())

    def _add(self, entry: str) -> None:
        try:
            self._networks.append(ip_network(entry.strip("[]"), strict=False))
            return
        except ValueError:
            found = _NAME.fullmatch(entry)
        if not found:
            raise ValueError(f"{entry!r} is no host; write shop.example, *.shop.example, 10.1.2.3 or 10.0.0.0/8")
        if found[1]:
            self._suffixes.append(entry[1:])
        else:
            self._names.add(entry.rstrip("."))

    def names(self, host: str) -> bool:
        """Say whether a host is allowed by its name."""
        plain = host.lower().rstrip(".")
        return plain in self._names or any(plain.endswith(suffix) for suffix in self._suffixes)

    def may_allow(self, host: str) -> bool:
        """Say whether a host is allowed as far as it can be told without asking for its addresses."""
        address = address_of(host)
        if address is not None:
            return self.allows(host, address)
        return self.names(host) or bool(self._networks)

    def allows(self, host: str, address: Address) -> bool:
        """Say whether load may go to this address of a host."""
        return self.names(host) or any(address in network for network in self._networks)


class Fence:
    """Several lists, all of which must allow a host: a project's and the command line's. Without any, everything is allowed."""

    def __init__(self, lists: Iterable[Iterable[str]] = ()) -> None:
        """Raises ValueError for what is no entry."""
        self._lists = tuple(AllowList(entries) for entries in lists)

    def __bool__(self) -> bool:
        return bool(self._lists)

    def may_allow(self, host: str) -> bool:
        """Say whether a host is allowed as far as it can be told without asking for its addresses."""
        return all(allowed.may_allow(host) for allowed in self._lists)

    def allows_unseen(self, host: str) -> bool:
        """Say whether a host is allowed whatever its address is, which somebody else looks up; of an address, whether it is."""
        address = address_of(host)
        return all(allowed.names(host) if address is None else allowed.allows(host, address) for allowed in self._lists)

    def allows(self, host: str, address: str) -> bool:
        """Say whether load may go to this address (as text) of a host."""
        found = address_of(address)
        return found is not None and all(allowed.allows(host, found) for allowed in self._lists)


def address_of(host: str) -> Address | None:
    """Return the address that a host is; None for a name. IPv4 within IPv6 is IPv4, a zone is left out."""
    try:
        found = ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def is_private_name(host: str) -> bool:
    """Say whether a name is one that only its own network knows: localhost, *.local, *.internal, *.test."""
    labels = host.lower().rstrip(".")
    return any(labels == name or labels.endswith(f".{name}") for name in _PRIVATE_NAMES)


def is_private_address(address: Address) -> bool:
    """Say whether an address is loopback, link-local, or private (RFC 1918, RFC 4193)."""
    return address.is_loopback or address.is_link_local or any(address in network for network in _PRIVATE)


_PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
