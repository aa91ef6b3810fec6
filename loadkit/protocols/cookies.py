"""A virtual user's cookies: RFC 6265 sections 5.2 to 5.4, small and quick.

Made by hand because it is on the load path: importing aiohttp's jar would stall a worker for a tenth of a second
at its first Set-Cookie, and its cookies cost five times as much a request (docs/adr/0001-cookie-jar.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from time import time
from typing import Any, Literal

from loadkit.protocols.address import Origin

_MOST = 200
_LONGEST_S = 400 * 86_400  # RFC 6265bis section 5.5 lets no cookie live longer


COOKIE_JAR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "title": "Cookie jar",
    "description": "Which cookies virtual users take; one that is refused is an error, and they go on.",
    "examples": [{"looseMode": True}],
    "properties": {
        "looseMode": {
            "type": "boolean",
            "title": "Loose mode",
            "description": "Take cookies without a name, such as `bar` and `=bar`.",
            "default": False,
            "examples": [True],
        },
        "rejectPublicSuffixes": {
            "type": "boolean",
            "title": "Reject public suffixes",
            "description": "Refuse cookies for a whole top-level domain such as `com`; of longer ones such as `co.uk` "
            "nothing is known.",
            "default": True,
            "examples": [False],
        },
        "allowSpecialUseDomain": {
            "type": "boolean",
            "title": "Allow special-use domains",
            "description": "Take cookies for domains below local, localhost, example, invalid and test.",
            "default": True,
            "examples": [False],
        },
        "prefixSecurity": {
            "type": "string",
            "enum": ["silent", "strict", "unsafe-disabled"],
            "title": "Prefixes",
            "description": "What comes of a cookie called `__Secure-` or `__Host-` that is not as secure as that: it is "
            "left out, it is an error, or it is taken.",
            "default": "silent",
            "examples": ["strict"],
        },
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieRules:
    """Which cookies a jar takes: `http.cookieJarOptions`, with the defaults that Artillery's library has."""

    loose: bool = False
    """Take one without a name."""
    prefixes: Literal["silent", "strict", "unsafe-disabled"] = "silent"
    """What comes of one called __Secure- or __Host- that is not (RFC 6265bis section 4.1.3): nothing, an error, or it is taken."""
    reject_public_suffixes: bool = True
    """Refuse one for a whole top-level domain."""
    allow_special_use: bool = True
    """Take one for a domain below .localhost, .local, .test and the like (RFC 6761)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """One cookie with the conditions under which it is sent back; `sent` is how."""

    name: str
    value: str
    sent: str
    domain: str
    host_only: bool
    path: str
    secure: bool
    expires: float | None


_PLAIN = CookieRules()


class CookieJar:
    """The cookies of one virtual user; at most 200, the oldest go first."""

    __slots__ = ("_cookies", "_rules")

    def __init__(self, rules: CookieRules = _PLAIN) -> None:
        self._rules = rules
        self._cookies: dict[tuple[str, str, str], Cookie] = {}

    def __len__(self) -> int:
        return len(self._cookies)

    def values(self) -> Iterator[str]:
        """Yield the value of each cookie."""
        return (cookie.value for cookie in self._cookies.values())

    def set(self, origin: Origin, name: str, value: str) -> None:
        """Set a cookie of the origin's host for every path."""
        sent = f"{name}={value}"
        self._keep(
            Cookie(
                name=name,
                value=value,
                sent=sent,
                domain=origin.host,
                host_only=True,
                path="/",
                secure=False,
                expires=None,
            )
        )

    def store(self, origin: Origin, path: str, header: str) -> bool:
        """Take a Set-Cookie header; return whether it was one that this origin may set."""
        cookie = parse_set_cookie(header, origin, path, self._rules)
        if cookie is None:
            return False
        if (
            cookie.name.startswith("__")
            and not _keeps_its_promise(cookie)
            and self._rules.prefixes != "unsafe-disabled"
        ):
            return self._rules.prefixes == "silent"
        if cookie.expires is not None and cookie.expires <= time():
            self._cookies.pop((cookie.domain, cookie.path, cookie.name), None)
        else:
            self._keep(cookie)
        return True

    def header(self, origin: Origin, path: str) -> str:
        """Return the Cookie header's value for a request, "" when no cookie applies. Longer paths come first."""
        path = path.partition("?")[0]
        now = time()
        chosen = [cookie for cookie in self._cookies.values() if _applies(cookie, origin, path, now)]
        if len(chosen) > 1:
            chosen.sort(key=lambda cookie: -len(cookie.path))
        return "; ".join([cookie.sent for cookie in chosen])

    def _keep(self, cookie: Cookie) -> None:
        self._cookies[cookie.domain, cookie.path, cookie.name] = cookie
        if len(self._cookies) > _MOST:
            del self._cookies[next(iter(self._cookies))]


def parse_set_cookie(header: str, origin: Origin, path: str, rules: CookieRules = _PLAIN) -> Cookie | None:
    """Return the cookie of a Set-Cookie header; None when it has no name or a domain that is not the origin's."""
    pair, *attributes = header.split(";")
    name, equals, value = pair.partition("=")
    if not equals:
        name, value = "", pair
    name, value = name.strip(), value.strip()
    if not name and not (rules.loose and value):
        return None
    given = {}
    for attribute in attributes:
        key, _, text = attribute.partition("=")
        given[key.strip().lower()] = text.strip()
    domain = given.get("domain", "").lstrip(".").lower()
    if domain and not (_domain_matches(origin.host, domain) and _may_be_set(origin.host, domain, rules)):
        return None
    where = given.get("path", "")
    return Cookie(
        name=name,
        value=value,
        sent=f"{name}={value}" if name else value,
        domain=domain or origin.host,
        host_only=not domain,
        path=where if where.startswith("/") else _default_path(path),
        secure="secure" in given,
        expires=_expires(given),
    )


def _may_be_set(host: str, domain: str, rules: CookieRules) -> bool:
    """Say whether a jar takes cookies for a domain: of public suffixes those without a dot are known."""
    last = domain.rpartition(".")[2]
    if last in _SPECIAL_USE:
        return rules.allow_special_use
    return domain == host or "." in domain or not rules.reject_public_suffixes


_SPECIAL_USE = frozenset({"local", "localhost", "example", "invalid", "test"})


def _keeps_its_promise(cookie: Cookie) -> bool:
    """Say whether a cookie is as secure as its name says."""
    if cookie.name.startswith("__Host-"):
        return cookie.secure and cookie.host_only and cookie.path == "/"
    return cookie.secure or not cookie.name.startswith("__Secure-")


def _expires(given: dict[str, str]) -> float | None:
    """Return the Unix time at which the cookie ends; Max-Age wins over Expires (section 5.3, item 3)."""
    if "max-age" in given:
        try:
            return time() + max(0, min(int(given["max-age"]), _LONGEST_S))
        except ValueError:
            return None
    if "expires" in given:
        try:
            return parsedate_to_datetime(given["expires"].replace("-", " ")).timestamp()
        except (ValueError, OverflowError):
            return None
    return None


def _default_path(path: str) -> str:
    path = path.partition("?")[0]
    return path[: path.rfind("/")] or "/"


def _applies(cookie: Cookie, origin: Origin, path: str, now: float) -> bool:
    if cookie.secure and not origin.tls:
        return False
    if cookie.expires is not None and cookie.expires <= now:
        return False
    if cookie.host_only:
        if cookie.domain != origin.host:
            return False
    elif not _domain_matches(origin.host, cookie.domain):
        return False
    where = cookie.path
    return path == where or (path.startswith(where) and (where.endswith("/") or path[len(where)] == "/"))


def _domain_matches(host: str, domain: str) -> bool:
    if host == domain:
        return True
    return host.endswith(f".{domain}") and not _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
