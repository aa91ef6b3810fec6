"""Proxies: which of them a connection goes through, what is written to it, and what it may answer.

An http target is asked for in absolute form (RFC 9112 section 3.2.2), an https target, or any with `tunnel`, through a tunnel
made by CONNECT (RFC 9110 section 9.3.6). Which hosts go past the proxies is said as curl reads NO_PROXY:

list  = "*" | entry *( ("," | " ") entry )
entry = [ "." ] name | address | address "/" bits       a name stands for all names below it, too
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any
from urllib.parse import unquote, urlsplit

from loadkit.hosts import address_of
from loadkit.protocols.address import Origin

_DEFAULT_PORT = 80  # that of http, as Artillery reads it
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class ProxyFault(ValueError):
    """What names no proxy. `key` says which key of `config.http.proxy` it stands under, "" for the whole."""

    key = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """One proxy. `authorization` is the value of Proxy-Authorization, "" where none is sent; `source` is who named it."""

    host: str
    port: int
    authorization: str = field(default="", repr=False)
    source: str = ""

    @property
    def origin(self) -> Origin:
        """Return where it is connected to."""
        return Origin("http", self.host, self.port)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


class PastProxies:
    """The hosts that are connected to directly."""

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._names: list[str] = []
        self._networks: list[IPv4Network | IPv6Network] = []
        self._all = False
        for entry in (part for text in entries for part in text.replace(",", " ").split()):
            self._add(entry.lower())

    def __bool__(self) -> bool:
        return self._all or bool(self._names or self._networks)

    def _add(self, entry: str) -> None:
        if entry == "*":
            self._all = True
            return
        try:
            self._networks.append(ip_network(entry.strip("[]"), strict=False))
        except ValueError:
            if name := entry.strip("."):
                self._names.append(name)

    def holds(self, host: str) -> bool:
        """Say whether a host is one of them."""
        if self._all:
            return True
        address = address_of(host)
        if address is not None:
            return any(address in network for network in self._networks)
        plain = host.lower().rstrip(".")
        return any(plain == name or plain.endswith(f".{name}") for name in self._names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """The proxies of a plan, by the scheme of the target."""

    http: Proxy | None = None
    https: Proxy | None = None
    past: PastProxies = field(default_factory=PastProxies)
    tunnel: bool = False
    """Whether http targets are reached through a tunnel, too."""

    def __bool__(self) -> bool:
        return self.http is not None or self.https is not None

    def of(self, origin: Origin) -> Proxy | None:
        """Return the proxy that connections to an origin go through."""
        proxy = self.https if origin.tls else self.http
        return None if proxy is None or origin.socket or self.past.holds(origin.host) else proxy

    def forwarding(self, origin: Origin) -> Proxy | None:
        """Return the proxy that is sent the requests to an origin in absolute form."""
        return None if origin.tls or self.tunnel else self.of(origin)

    def opening(self, method: str, origin: Origin) -> tuple[str, str]:
        """Return what a request line begins with, and the header lines that a proxy needs."""
        proxy = self.forwarding(origin) if self else None
        if proxy is None:
            return f"{method} ", ""
        lines = f"Proxy-Authorization: {proxy.authorization}\r\n" if proxy.authorization else ""
        return f"{method} {origin}", lines


NO_PROXIES = Proxies()


def read_proxies(given: Any, environment: Mapping[str, str], *, as_artillery: bool = False) -> Proxies:
    """Return the proxies of `config.http.proxy`, or where it names none of the environment. Raises ProxyFault.

    As in Artillery the one before http targets is before https targets, too, unless another is named. With `as_artillery` only
    what it reads counts: no lower-case names and no NO_PROXY, and every target is reached through a tunnel.
    """
    asked = given if isinstance(given, Mapping) else {"http": given}
    past = asked.get("no") or ()
    entries = [past] if isinstance(past, str) else list(past)
    source = dict.fromkeys(("http", "https"), "config.http.proxy")
    named = {key: str(asked.get(key) or "") for key in source}
    if not any(named.values()):
        for key in source:
            named[key], source[key] = _set(f"{key.upper()}_PROXY", environment, as_artillery=as_artillery)
        if not as_artillery:
            entries.append(_set("NO_PROXY", environment)[0])
    if not named["https"]:
        named["https"], source["https"] = named["http"], source["http"]
    found: dict[str, Proxy | None] = {}
    for key, url in named.items():
        try:
            found[key] = read_proxy(url, source[key]) if url else None
        except ProxyFault as fault:
            fault.key = key if key in asked else ""
            raise
    tunnel = asked.get("tunnel", as_artillery) is True
    return Proxies(http=found["http"], https=found["https"], past=PastProxies(map(str, entries)), tunnel=tunnel)


def _set(name: str, environment: Mapping[str, str], *, as_artillery: bool = False) -> tuple[str, str]:
    """Return the value of a variable and the name under which it was found; upper case first, which is what Artillery reads."""
    for spelling in (name,) if as_artillery else (name, name.lower()):
        value = environment.get(spelling, "").strip()
        if value:
            return value, spelling
    return "", name


def read_proxy(url: str, source: str) -> Proxy:
    """Return the proxy of a URL: scheme, user and port may be left out. Raises ProxyFault."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme != "http":
        raise ProxyFault(f"a proxy is spoken to by http://, not by {parts.scheme}://")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise ProxyFault("the URL of a proxy is http://host:port, or http://user:password@host:port")
    authorization = ""
    if parts.username is not None or parts.password is not None:
        pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        authorization = f"Basic {b64encode(pair.encode()).decode()}"
    return Proxy(host=host, port=port or _DEFAULT_PORT, authorization=authorization, source=source)


def proxy_passwords(given: Any, environment: Mapping[str, str]) -> list[str]:
    """Return the secrets of the proxies that `config.http.proxy` or the environment names: passwords, or users without one."""
    named = list(given.values()) if isinstance(given, Mapping) else [given]
    named += [environment.get(name) for name in (*VARIABLES[:2], *(name.lower() for name in VARIABLES[:2]))]
    found = []
    for url in named:
        userinfo, at, _ = url.rpartition("@") if isinstance(url, str) else ("", "", "")
        if at:
            user, _, password = userinfo.rpartition("//")[2].partition(":")
            found.append(unquote(password or user))
    return found


def connect_request(origin: Origin, proxy: Proxy) -> bytes:
    """Return what asks a proxy for a tunnel to an origin."""
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    lines = [f"CONNECT {host}:{origin.port} HTTP/1.1", f"Host: {host}:{origin.port}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()
