"""Where a page is served, and the token that its controls ask for: `[HOST:]PORT`.

Without a host it is this machine alone (127.0.0.1). Any other host lets others in, so there even reading needs the token.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from loadkit.errors import UsageError
from loadkit.hosts import address_of

LOOPBACK = "127.0.0.1"
TOKEN_VARIABLE = "LOADKIT_DASHBOARD_TOKEN"
_TOKEN_BYTES = 24
_TOKEN = re.compile(r"[!-~]{1,512}").fullmatch
_HOST = re.compile(
    r"\[[0-9A-Fa-f:.]+(?:%[0-9A-Za-z._-]+)?\]|[0-9A-Za-z_\u0080-\U0010ffff][0-9A-Za-z._\u0080-\U0010ffff-]*"
).fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A host, without brackets, and a port; port 0 takes any that is free."""

    host: str = LOOPBACK
    port: int

    @property
    def loopback(self) -> bool:
        """Say whether nobody but this machine can reach it. A name other than localhost may mean anything."""
        found = address_of(self.host)
        return self.host.lower() == "localhost" if found is None else found.is_loopback

    def url(self, port: int) -> str:
        """Return the URL of what listens here on a port. Where it listens on every address, that of this machine."""
        found = address_of(self.host)
        host = self.host
        if found is not None and found.is_unspecified:
            host = LOOPBACK if found.version == 4 else "::1"
        return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_address(text: str, option: str = "--dashboard") -> Address:
    """Return the address that a text means. Raises UsageError, which names the option."""
    host, _, port = text.strip().rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise UsageError(f"{option} {text}: write PORT or HOST:PORT, such as 8080, 0.0.0.0:8080 or [::1]:8080")
    if not host:
        return Address(port=int(port))
    if not _HOST(host):
        remedy = f"write an IPv6 address in brackets: [{host}]:{port}" if address_of(host) else "it is not a host"
        raise UsageError(f"{option} {text}: {remedy}")
    return Address(host=host.strip("[]"), port=int(port))


def choose_token(given: str | None, environment: Mapping[str, str], option: str = "--dashboard-token") -> str:
    """Return the token that was given, by the `option` or LOADKIT_DASHBOARD_TOKEN; else a new one that nobody can guess.

    Raises UsageError for one that cannot stand in a header.
    """
    name, token = (option, given) if given is not None else (TOKEN_VARIABLE, environment.get(TOKEN_VARIABLE))
    if token is None:
        return secrets.token_urlsafe(_TOKEN_BYTES)
    if not _TOKEN(token):
        raise UsageError(
            f"{name} is not 1 to 512 printable ASCII characters without spaces; leave it out to have one made"
        )
    return token
