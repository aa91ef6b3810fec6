"""Origins and URLs: where a request goes, and what stands in its request line."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote, urljoin, urlsplit

# What may stand in a request line as it is: what the URL Standard leaves in a path and in a query.
is_target = re.compile(r"[!$-;=@-\[\]-_a-z|~]+(?:\?[!$-&(-;=?-~]*)?").fullmatch
_PATH_SAFE = "!$%&'()*+,/:;=@[]^|~"
_QUERY_SAFE = "!$%&()*+,/:;=?@[\\]^`{|}~"


class Origin(NamedTuple):
    """Scheme, host and port of a target. `authority` is what the Host header says.

    The host of one behind a Unix socket is "unix:" and the socket's path, its authority localhost.
    """

    scheme: str
    host: str
    port: int

    @property
    def socket(self) -> str:
        """Return the path of the Unix socket, "" where the target is reached through the network."""
        return self.host.removeprefix(_UNIX) if self.host.startswith(_UNIX) else ""

    @property
    def place(self) -> str:
        """Return the host that load goes to: this machine, where it goes to a Unix socket."""
        return "localhost" if self.socket else self.host

    @property
    def authority(self) -> str:
        """Return host:port, the port left out where it is the scheme's own."""
        if self.socket:
            return "localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def tls(self) -> bool:
        """Say whether the connection is encrypted."""
        return self.scheme == "https"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:" if self.socket else f"{self.scheme}://{self.authority}"


_UNIX = "unix:"
_PORTS = {"http": 80, "https": 443}


def split_url(url: str) -> tuple[Origin, str]:
    """Return a URL's origin and its path with query, ready for the request line. Raises ValueError."""
    parts = urlsplit(url.strip())
    if parts.scheme not in _PORTS:
        raise ValueError(f"{url!r} is not a URL that starts with http:// or https://")
    if not parts.hostname:
        raise ValueError(f"{url!r} names no host")
    if parts.netloc == _UNIX:
        return _split_unix(parts.scheme, parts.path, parts.query)
    if not _HOST(parts.hostname):
        raise ValueError(f"{parts.hostname!r} is not a host name")
    origin = _origin(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme])
    path = parts.path or "/"
    return origin, request_target(f"{path}?{parts.query}" if parts.query else path)


def _split_unix(scheme: str, path: str, query: str) -> tuple[Origin, str]:
    """Return the origin and path of http://unix:/path/of.sock:/path, as Artillery's HTTP library writes it."""
    socket, _, rest = path.partition(":")
    if socket == "/" or not is_target(socket):
        raise ValueError("the path of a Unix socket goes behind unix: as in http://unix:/run/shop.sock:/path")
    rest = rest or "/"
    return _origin(scheme, f"{_UNIX}{unquote(socket)}", 0), request_target(f"{rest}?{query}" if query else rest)


_HOST = re.compile(r"[0-9A-Za-z._~%:\u0080-\U0010ffff-]+").fullmatch


_origin = lru_cache(1024)(Origin)  # the same object for the same place, so that most comparisons end with `is`


def request_target(path: str) -> str:
    """Return a path with query as it may stand in a request line, encoded as the URL Standard does; no fragment."""
    if is_target(path):
        return path
    path, mark, query = path.partition("#")[0].partition("?")
    encoded = quote(path.replace("\\", "/"), safe=_PATH_SAFE) or "/"
    return f"{encoded}{mark}{quote(query, safe=_QUERY_SAFE)}"


def follow(origin: Origin, path: str, location: str) -> tuple[Origin, str]:
    """Return where a Location header leads (RFC 3986 section 5). Raises ValueError for what is not http(s), or a socket."""
    base = f"{origin.scheme}://{origin.authority}"
    found, target = split_url(urljoin(f"{base}{path}", location))
    if found.socket:
        raise ValueError("a redirect does not lead to a Unix socket")
    return (origin if str(found) == base else found), target


def request_name(url: str) -> str:
    """Return the default name of a request: its path as written, templates unexpanded, query cut."""
    path = url.split("?", 1)[0].split("#", 1)[0]
    match = re.match(r"https?://[^/{]+(/.*)?$", path)
    return (match[1] or "/") if match else path
