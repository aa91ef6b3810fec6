"""How connections are made, as `config` says it: read once a plan, its faults become diagnostics."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from socket import AF_INET, AF_INET6
from typing import Any

from loadkit.flow.step import Build, Where
from loadkit.hosts import Fence
from loadkit.protocols.address import Origin
from loadkit.protocols.cookies import CookieRules
from loadkit.protocols.proxy import NO_PROXIES, Proxies, read_proxies
from loadkit.protocols.resolve import Addresses
from loadkit.protocols.tls import TlsFault, tls_context

_LONGEST_SOCKET = 107  # sun_path of sockaddr_un on Linux, its end aside; 103 elsewhere
_HOST_AND_PORT = re.compile(r"([0-9A-Za-z._~-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What a worker's connector goes by."""

    tls: Mapping[str, Any] = field(default_factory=dict)
    pool: int | None = None
    base: Path = Path()
    """Where the files of `tls` are."""
    fence: Fence = field(default_factory=Fence)
    proxies: Proxies = NO_PROXIES
    unix_socket: str = ""
    """The socket that every connection goes to, whatever the host; "" where none is said."""
    resolve: Mapping[tuple[str, int], Addresses] = field(default_factory=dict)
    """Addresses by host and port; port 0 stands for every one."""
    local_addresses: Addresses = field(default_factory=list)
    """Where connections come from, in turn; empty where the system chooses."""
    cookie_rules: CookieRules = field(default_factory=CookieRules)
    one_by_one: bool = False
    """Whether a virtual user has one request under way to an origin at a time, whatever is parallel (compat: artillery)."""

    def socket_of(self, origin: Origin) -> str:
        """Return the Unix socket that connections to an origin go to, "" where they go through the network."""
        return self.unix_socket or origin.socket

    def addresses_of(self, host: str, port: int) -> Addresses | None:
        """Return the addresses that are said for a host, None where it is to be looked up."""
        if not self.resolve:
            return None
        host = host.lower().rstrip(".")
        return self.resolve.get((host, port)) or self.resolve.get((host, 0))


def network_of(build: Build) -> Network:
    """Return how the connections of a plan are made; the first step that asks reports what is wrong."""
    found: Network | None = build.kept.get("network")
    if found is None:
        found = build.kept["network"] = _compile_network(build)
    return found


def _compile_network(build: Build) -> Network:
    http = _mapping(build.config.get("http"))
    tls = _mapping(build.config.get("tls"))
    _check_tls(tls, build)
    return Network(
        tls=tls,
        pool=http.get("pool"),
        base=build.base,
        fence=build.fence,
        proxies=_compile_proxies(http, build),
        cookie_rules=_compile_cookie_rules(_mapping(http.get("cookieJarOptions"))),
        unix_socket="" if build.direct else _compile_socket(http, build),
        resolve={} if build.direct else _compile_resolve(http, build),
        local_addresses=[] if build.direct else _compile_sources(http, build),
        one_by_one=build.compat and http.get("pool") is None,
    )


def note_way(origin: Origin | None, build: Build) -> None:
    """Note for whoever looks at the plan how an origin (None: one that variables decide) is reached, if not directly."""
    network = network_of(build)
    if network.unix_socket:
        build.ways[f"every request goes to the socket {network.unix_socket}, said by config.http.unixSocket"] = None
        return
    _note_proxy(origin, network.proxies, build)
    if origin is None:
        return
    said = network.addresses_of(origin.host, origin.port)
    if said and network.proxies.of(origin) is None:
        listed = ", ".join(address for _, address in said)
        build.ways[f"{origin} is taken to be at {listed}, said by config.http.resolve"] = None
    if network.local_addresses and not origin.socket:
        number = len(network.local_addresses)
        what = f"{number} addresses" if number > 1 else network.local_addresses[0][1]
        build.ways[f"connections come from {what}, said by config.http.localAddresses"] = None


def _note_proxy(origin: Origin | None, proxies: Proxies, build: Build) -> None:
    for scheme, proxy in (("http", proxies.http), ("https", proxies.https)):
        if proxy is None or (origin is not None and (origin.scheme != scheme or proxies.of(origin) is None)):
            continue
        tunnel = " (a tunnel)" if scheme == "https" or proxies.tunnel else ""
        what = str(origin) if origin is not None else f"what is {scheme} and variables decide"
        build.ways[f"{what} is reached through the proxy {proxy}{tunnel}, said by {proxy.source}"] = None


def _compile_cookie_rules(given: Mapping[str, Any]) -> CookieRules:
    return CookieRules(
        loose=given.get("looseMode") is True,
        prefixes=given.get("prefixSecurity", "silent"),
        reject_public_suffixes=given.get("rejectPublicSuffixes", True) is not False,
        allow_special_use=given.get("allowSpecialUseDomain", True) is not False,
    )


def _compile_socket(http: Mapping[str, Any], build: Build) -> str:
    """Return the socket's path, which may be relative to the scenario file."""
    written = str(http.get("unixSocket") or "")
    path = str(build.base / written) if written else ""
    if len(os.fsencode(path)) > _LONGEST_SOCKET:
        text = f"the path of a Unix socket has at most {_LONGEST_SOCKET} bytes, this one has {len(os.fsencode(path))}"
        build.error("LK218", ("config", "http", "unixSocket"), text)
    return path


def _compile_resolve(http: Mapping[str, Any], build: Build) -> dict[tuple[str, int], Addresses]:
    made: dict[tuple[str, int], Addresses] = {}
    for name, value in _mapping(http.get("resolve")).items():
        where = ("config", "http", "resolve", name)
        found = _HOST_AND_PORT.fullmatch(str(name))
        if found is None or int(found[2] or 1) not in range(1, 65536):
            hint = 'write "shop.example.com", or "shop.example.com:443" for one port'
            build.error("LK218", where, f"{name!r} is no host", hint=hint, key=True)
            continue
        items = value if isinstance(value, list) else [value]
        places = [(*where, index) for index in range(len(items))] if isinstance(value, list) else [where]
        addresses = [
            one for item, at in zip(items, places, strict=True) if (one := _address(item, at, build)) is not None
        ]
        if addresses:
            made[found[1].lower().rstrip("."), int(found[2] or 0)] = addresses
    return made


def _compile_sources(http: Mapping[str, Any], build: Build) -> Addresses:
    value = http.get("localAddresses") or []
    items = value if isinstance(value, list) else [value]
    made = [_address(item, ("config", "http", "localAddresses", index), build) for index, item in enumerate(items)]
    return list(dict.fromkeys(one for one in made if one is not None))


def _address(value: Any, where: Where, build: Build) -> tuple[int, str] | None:
    """Return family and address of a text; None, once it has been reported, for what is none."""
    try:
        address = ip_address(str(value).strip("[]"))
    except ValueError:
        hint = "an address such as 10.1.2.3 or fd00::1"
        build.error("LK218", where, f"{str(value)!r} is no address", hint=hint)
        return None
    return int(AF_INET if address.version == 4 else AF_INET6), str(address)


def _compile_proxies(http: Mapping[str, Any], build: Build) -> Proxies:
    if build.direct:
        return NO_PROXIES
    given = http.get("proxy")
    try:
        return read_proxies(given, os.environ, as_artillery=build.compat)
    except ValueError as error:
        if given is not None:
            build.error("LK218", ("config", "http", "proxy"), str(error))
        else:
            hint = "mend HTTP_PROXY or HTTPS_PROXY in the environment, or unset it"
            build.error(
                "LK218", ("config", "target"), f"the environment names a proxy that is none: {error}", hint=hint
            )
        return NO_PROXIES


def _check_tls(tls: Mapping[str, Any], build: Build) -> None:
    """Use the settings once, so that a file that is missing is a fault of the scenario and not of the target."""
    if not tls.keys() - {"rejectUnauthorized"}:
        return
    try:
        tls_context(tls, build.base)
    except TlsFault as fault:
        where = ("config", "tls", fault.key) if fault.key else ("config", "tls")
        build.error("LK214", where, str(fault), key=not fault.key)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
