"""Who may ask a server for what: the rules that stand between a page on this machine and all other pages in its browser.

Checked in this order; the first that does not hold decides the status.

    421  the Host header is none of this server's names: a foreign name that resolves to this machine (DNS rebinding)
    405  the method is not GET, HEAD, or where there are controls POST
    403  a browser says that another site asks (Sec-Fetch-Site), or a POST comes from another origin or does not say from where
    401  the token is missing: for each POST, and for all where others can reach the server
    413  a body of more than 16 KB
    500  what answers has a bug, which is printed and not shown

The token comes by `Authorization: Bearer`, or once as `?token=`, which is exchanged for a cookie that no script can read and
no other site can make use of (entrance.py). No response allows another origin to read it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from loadkit.dashboard.address import Address
from loadkit.dashboard.entrance import entrance
from loadkit.dashboard.problem import Problem, answer
from loadkit.hosts import address_of

if TYPE_CHECKING:
    from aiohttp import web

MAX_BODY = 16 * 1024
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:\[\]@/]+)(?::\d{1,5})?", re.IGNORECASE).fullmatch
_READING = ("GET", "HEAD")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

Handler = Callable[["web.Request"], Awaitable["web.StreamResponse"]]


def content_policy(scripts: Iterable[str] = ()) -> str:
    """Return the Content-Security-Policy of a page that may run the scripts with these hashes (`sha256-...`) and no other.

    Scripts that are not in the page itself need the same hash as their `integrity`. Styles may be inline: Bokeh's are.
    """
    allowed = " ".join(f"'{script}'" for script in scripts)
    rules = [
        "default-src 'none'",
        *([f"script-src {allowed}"] if allowed else []),
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
    return "; ".join(rules)


class Guard:
    """The rules of one server. Without a token there is nothing to control; it must then be on loopback."""

    def __init__(self, address: Address, token: str | None = None) -> None:
        if token is None and not address.loopback:
            raise ValueError(f"{address.host} can be reached by others, so it needs a token")
        self._address = address
        self._token = token
        self._methods = _READING if token is None else (*_READING, "POST")
        self._names = {address.host.lower(), "localhost"} | (
            set() if address.loopback else {socket.gethostname().lower()}
        )
        self._cookie = f"loadkit-{_derived(token or '', 'name')[:8]}"  # cookies know no ports: one name for each token
        self._session = _derived(token or "", "session")

    def application(self) -> web.Application:
        """Return an application that keeps the rules; routes are added by the caller."""
        from aiohttp import web

        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                self.check(request)
                return self._exchanged(request) or await handler(request)
            except Problem as problem:
                return answer(problem, request)
            except web.HTTPError as error:
                return answer(_problem_of(error), request)
            except (ConnectionError, web.HTTPException):  # a viewer that went away; a redirect
                raise
            except Exception as error:
                told = {"message": f"a bug in loadkit, at {request.rel_url.path}", "exception": error}
                asyncio.get_running_loop().call_exception_handler(told)  # which prints it
                return answer(_BUG, request)

        async def prepare(_request: web.Request, response: web.StreamResponse) -> None:
            for name, value in _HEADERS.items():
                response.headers.setdefault(name, value)
            response.headers.setdefault("Content-Security-Policy", content_policy())
            response.headers.popall("Server", None)

        app = web.Application(middlewares=[guarded], client_max_size=MAX_BODY)
        app.on_response_prepare.append(prepare)
        return app

    def check(self, request: web.Request) -> None:
        """Raise Problem for a request that a rule forbids."""
        host = self._checked_host(request)
        if request.method not in self._methods:
            raise Problem(
                405,
                f"{request.method[:20]} is no method of this server",
                f"It answers {', '.join(self._methods)}.",
                headers={"Allow": ", ".join(self._methods)},
            )
        self._check_site(request, host)
        self._check_token(request)
        if (request.content_length or 0) > MAX_BODY:
            raise _too_large()

    def may_control(self, request: web.Request) -> bool:
        """Say whether a request carries the token, by a header or by the cookie."""
        if self._token is None:
            return False
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and _same(given.strip(), self._token):
            return True
        return _same(request.cookies.get(self._cookie, ""), self._session)

    def _checked_host(self, request: web.Request) -> str:
        """Return the Host header. A request with another one comes from a page that pretends to be ours."""
        hosts = request.headers.getall("Host", [])
        found = _AUTHORITY(hosts[0]) if len(hosts) == 1 and request.raw_path.startswith("/") else None
        if not found or not self._is_ours(found[1].lower().rstrip(".")):
            raise Problem(
                421,
                "This server does not go by the name that was asked for.",
                f"Open {self._address.url(self._address.port) if self._address.port else 'the URL that was printed'}"
                " instead; a server for other names is started with one of them, such as name.example:8080.",
            )
        return hosts[0]

    def _is_ours(self, host: str) -> bool:
        """Say whether a host is this server. Who rebinds a name sends that name, never an address."""
        address = address_of(host)
        if address is None:
            return host in self._names
        return address.is_loopback or not self._address.loopback

    def _check_site(self, request: web.Request, host: str) -> None:
        site = request.headers.get("Sec-Fetch-Site", "none")
        navigates = request.headers.get("Sec-Fetch-Mode") == "navigate" and request.method in _READING
        origin = request.headers.get("Origin")
        ours = origin in (None, f"http://{host}", f"https://{host}")
        if (site not in ("same-origin", "none") and not navigates) or not ours:
            raise Problem(403, "Another site asked for this.", "Use the page that this server serves.")
        if request.method == "POST" and origin is None and "Authorization" not in request.headers:
            raise Problem(
                403, "A POST must say where it comes from.", "Send the token as `Authorization: Bearer TOKEN`."
            )

    def _check_token(self, request: web.Request) -> None:
        if request.method in _READING and (self._address.loopback or self._is_login(request)):
            return
        if not self.may_control(request):
            raise Problem(
                401,
                "This needs the token that was printed with the URL when loadkit was started.",
                "Open the printed URL, enter the token here, or send it as `Authorization: Bearer TOKEN`.",
                headers={"WWW-Authenticate": "Bearer"},
                asks_token=True,
            )

    def _is_login(self, request: web.Request) -> bool:
        return self._token is not None and _same(request.query.get("token", ""), self._token)

    def _exchanged(self, request: web.Request) -> web.Response | None:
        """Return what takes the token out of the address bar, and gives a cookie for it; None where there is none."""
        if request.method not in _READING or not self._is_login(request):
            return None
        path = request.rel_url.without_query_params("token").raw_path_qs
        made = entrance(path, request.headers.get("Sec-Fetch-Site"))
        made.set_cookie(self._cookie, self._session, path="/", httponly=True, samesite="Strict")
        return made


_BUG = Problem(500, "This is a bug in loadkit.", "Please report it with what loadkit has printed.")


def _derived(token: str, use: str) -> str:
    """Return a text that proves that one knows the token, and does not tell it."""
    return hmac.new(token.encode(), use.encode(), hashlib.sha256).hexdigest()


def _same(given: str, wanted: str) -> bool:
    """Compare in a time that does not depend on where they differ."""
    return hmac.compare_digest(given.encode(errors="surrogateescape"), wanted.encode())


def _too_large() -> Problem:
    return Problem(413, f"The body is larger than {MAX_BODY} bytes.", "Send less.")


def _problem_of(error: web.HTTPException) -> Problem:
    if error.status == 413:
        return _too_large()
    if error.status == 405:
        allow = error.headers.get("Allow", "")
        return Problem(405, "That cannot be done with this address.", f"It answers {allow}.", headers={"Allow": allow})
    if error.status == 404:
        return Problem(404, "There is nothing at this address.", "Go back, or to the first page.")
    return Problem(error.status, error.reason, "Go back, or to the first page.")
