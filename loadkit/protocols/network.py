"""How connections are made, as `config` says it: read once a plan, its faults become diagnostics."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadkit.flow.step import Build
from loadkit.hosts import Fence
from loadkit.protocols.address import Origin
from loadkit.protocols.proxy import NO_PROXIES, Proxies, read_proxies
from loadkit.protocols.tls import TlsFault, tls_context


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What a worker's connector goes by."""

    tls: Mapping[str, Any] = field(default_factory=dict)
    pool: int | None = None
    base: Path = Path()
    """Where the files of `tls` are."""
    fence: Fence = field(default_factory=Fence)
    proxies: Proxies = NO_PROXIES


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
    )


def note_way(origin: Origin | None, build: Build) -> None:
    """Note for whoever looks at the plan how an origin (None: one that variables decide) is reached, if not directly."""
    proxies = network_of(build).proxies
    for scheme, proxy in (("http", proxies.http), ("https", proxies.https)):
        if proxy is None or (origin is not None and (origin.scheme != scheme or proxies.of(origin) is None)):
            continue
        tunnel = " (a tunnel)" if scheme == "https" or proxies.tunnel else ""
        what = str(origin) if origin is not None else f"what is {scheme} and variables decide"
        build.ways[f"{what} is reached through the proxy {proxy}{tunnel}, said by {proxy.source}"] = None


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
