"""What plugins make of each response: metrics-by-endpoint, which has names of its own for requests, and apdex.

An endpoint is "/cart", "/cart (add)" with a `name`, "other.example.com/cart" elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from loadkit.flow.apdex import kind_of
from loadkit.flow.plugins import EndpointOptions, endpoint_options
from loadkit.flow.step import Build, Where
from loadkit.flow.user import VirtualUser
from loadkit.metrics.book import Series
from loadkit.metrics.endpoints import ENDPOINT_CODES, ENDPOINT_TIME
from loadkit.metrics.sample import SAMPLE_WIDTH, Sample
from loadkit.protocols.http1 import Connection
from loadkit.protocols.judge import Watch
from loadkit.protocols.request import Wire
from loadkit.units import NS_PER_MS

# Artillery reads URLs with their templates in them, and a host ends where a template begins.
_URL = re.compile(
    r"https?://(?:[^/?#@]*@)?(?P<host>[\w.\-~]*|\[[\da-f:.]+\])(?::(?P<port>\d*))?(?P<rest>.*)", re.I | re.S
)

EndpointOf = Callable[[VirtualUser, Wire], str]
"""Gives the endpoint of a request that was sent."""

_INTENDED = Sample._fields.index("intended_ns") - SAMPLE_WIDTH  # in the row written last
_START = Sample._fields.index("start_ns") - SAMPLE_WIDTH
_END = Sample._fields.index("end_ns") - SAMPLE_WIDTH


def endpoint_name(target: str, url: str, name: str, options: EndpointOptions) -> str:
    """Return the endpoint of a request to `url`, "" for one that the plugin leaves out.

    Host and port are in it where they are not the target's.
    """
    if name and options.only_names:
        return name
    if not name and options.ignore_unnamed:
        return ""
    here, there = _URL.match(target), _URL.match(f"{target}{url}" if url.startswith("/") else url)
    rest = there["rest"] if there else url
    base = ""
    if here and there:
        host, port = there["host"].lower(), there["port"]
        base = host if host != here["host"].lower() else ""
        base += f":{port}" if port and port != here["port"] else ""
    path = rest.partition("#")[0]
    if options.strip_query:
        path = path.partition("?")[0]
    if there and (not path or path.startswith("?")):
        path = f"/{path}"
    endpoint = base + unquote(path)
    return f"{endpoint} ({name})" if name else endpoint


_LONGEST_MS = 86_400_000.0
_TOTAL = re.compile(r"total;dur=([0-9.]+)", re.I)


def server_timing_ns(field: str) -> int | None:
    """Return the `total` of a Server-Timing field in ns, the first where it has several; None where it has none."""
    found = _TOTAL.search(field)
    try:
        return round(min(float(found[1]), _LONGEST_MS) * NS_PER_MS) if found else None
    except ValueError:  # 1.2.3
        return None


def endpoint_watch(series: Series, endpoint_of: EndpointOf) -> Watch:
    """Return what counts a response under the endpoint that its request turns out to have."""
    book, rows = series.book, series.rows

    def watch(user: VirtualUser, wire: Wire, connection: Connection) -> None:
        endpoint = endpoint_of(user, wire)
        if endpoint:
            book.count(f"{ENDPOINT_CODES}{connection.status}", endpoint)
            book.times(ENDPOINT_TIME, endpoint).append(max(0, rows[_END] - rows[_INTENDED]))

    return watch


def apdex_watch(series: Series, limit_ns: int) -> Watch:
    """Return what counts how satisfied a user is with a response."""
    book, name, rows = series.book, series.name, series.rows

    def watch(user: VirtualUser, wire: Wire, connection: Connection) -> None:
        book.count(kind_of(rows[_END] - rows[_START], limit_ns), name)

    return watch


def compile_endpoint(spec: Mapping[str, Any], where: Where, build: Build) -> tuple[str, EndpointOf | None]:
    """Return the endpoint of a step, or "" and what gives it for each request: with `groupDynamicURLs: false` and templates."""
    options, target = endpoint_options(build.config), str(build.config.get("target", ""))
    url, name = str(spec.get("url", spec.get("uri", "/"))), str(spec.get("name") or "")
    if options.group_dynamic or "{{" not in f"{url}{name}":
        made = endpoint_name(target, url, name, options)
        return (build.secrets.mask_values(made) if "{{" in made else build.secrets.mask(made)), None
    name_of, url_of, few = build.template(name, (*where, "name")).text, _url_of(url, where, build), build.endpoint

    def endpoint_of(user: VirtualUser, wire: Wire) -> str:
        return few(user.masked(endpoint_name(target, url_of(user, wire), name_of(user), options)))

    return "", endpoint_of


def request_of(spec: Mapping[str, Any], where: Where, build: Build, *, only_names: bool) -> EndpointOf:
    """Return what names a request whose checks failed: by its whole URL, with `only_names` by its name if it has one."""
    url, name, few = str(spec.get("url", spec.get("uri", "/"))), str(spec.get("name") or ""), build.failed_request
    if only_names and name:
        name_of = build.template(name, (*where, "name")).text
        return lambda user, wire: few(user.masked(name_of(user)))
    whole = f"{build.config.get('target', '')}{url}" if url.startswith("/") else url
    url_of = _url_of(whole, where, build)
    return lambda user, wire: few(user.masked(url_of(user, wire)))


def _url_of(url: str, where: Where, build: Build) -> EndpointOf:
    """Return what gives the URL of a request that was sent; one with functions in it is not rendered twice."""
    if "(" in url:
        return lambda user, wire: f"{wire.origin}{wire.path}"
    text_of = build.template(url, (*where, "url")).text
    return lambda user, wire: text_of(user)
