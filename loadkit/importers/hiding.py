"""Secrets of a draft become environment variables: Authorization, cookies, keys in queries, passwords in bodies, tokens anywhere.

The same value always becomes the same variable, and is replaced wherever else it stands.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote_plus, urlsplit, urlunsplit

from loadkit.importers.draft import Draft, Request, environment, is_marked
from loadkit.redact import is_secret, is_secret_variable

_SHORTEST = 6  # a shorter value is not looked for elsewhere: it would be found by chance
_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")  # a JSON Web Token
_FIELDS = (  # of a form, of what was meant to be JSON, of XML, and of a multipart body
    re.compile(r"(?:(?<=&)|^)(?P<name>[^=&\s]+)=(?P<value>[^&\s]+)"),
    re.compile(r'"(?P<name>[^"\\]+)"\s*:\s*"(?P<value>(?:[^"\\]|\\.)*)"'),
    re.compile(r"<(?P<name>[\w:.-]+)(?:\s[^<>]*)?>(?P<value>[^<>]+)(?=</)"),
    re.compile(r'(?i)form-data; name="(?P<name>[^"]+)"\r\n\r\n(?P<value>.*?)(?=\r\n--)', re.DOTALL),
)
_SCHEME = re.compile(r"(Basic|Bearer|Token|ApiKey|Digest)\s+(.+)", re.IGNORECASE | re.DOTALL)


class Hiding:
    """Takes the secrets out of one draft; `names` are the environment variables that stand for them."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self.names: list[str] = []

    def hide(self, draft: Draft) -> None:
        """Replace the secrets of all requests."""
        requests = [request for journey in draft.journeys for request in journey.requests]
        for request in requests:
            self._request(request)
        for request in requests:
            request.url = self._everywhere(request.url)
            request.headers = {name: self._everywhere(value) for name, value in request.headers.items()}
            request.query = {name: self._everywhere(value) for name, value in request.query.items()}
            request.body = self._everywhere(request.body)

    def _request(self, request: Request) -> None:
        request.url = self._url(request)
        _take_basic(request)
        request.headers = {name: self._header(name, value) for name, value in request.headers.items()}
        request.cookies = {name: self._variable(f"COOKIE_{name}", value) for name, value in request.cookies.items()}
        request.query = {
            name: self._variable(name, value) if is_secret_variable(name) else value
            for name, value in request.query.items()
        }
        if request.auth:
            request.auth = request.auth[0], self._variable("PASSWORD", request.auth[1])
        if request.body_key in ("json", "form"):
            request.body = self._inside(request.body, "")
        elif request.body_key == "formData":
            request.body = {name: self._part(value, name) for name, value in request.body.items()}
        elif isinstance(request.body, str):
            for field in _FIELDS:
                request.body = field.sub(self._field, request.body)

    def _variable(self, name: str, value: str) -> str:
        """Return what stands for a value: the variable that it has already, or a new one named after where it stands."""
        if not value or is_marked(value):
            return value
        if value not in self._values:
            plain = re.sub(r"\W+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)).strip("_").upper() or "SECRET"
            plain = f"_{plain}" if plain[0].isdigit() else plain
            number = sum(other == plain or other.startswith(f"{plain}_") for other in self.names)
            self._values[value] = f"{plain}_{number + 1}" if plain in self.names else plain
            self.names.append(self._values[value])
        return environment(self._values[value])

    def _field(self, found: re.Match[str]) -> str:
        """Return a field of a text body, its value replaced where its name says that it is secret."""
        if not is_secret(unquote_plus(found["name"])):
            return found[0]
        start, end = found.start("value") - found.start(), found.end("value") - found.start()
        return f"{found[0][:start]}{self._variable(unquote_plus(found['name']), found['value'])}{found[0][end:]}"

    def _header(self, name: str, value: str) -> str:
        if not is_secret(name):
            return value
        scheme = _SCHEME.fullmatch(value)
        if scheme and name.lower() in ("authorization", "proxy-authorization"):
            return f"{scheme[1]} {self._variable('TOKEN', scheme[2])}"
        return self._variable(name, value)

    def _url(self, request: Request) -> str:
        """Return the URL with the secrets of its query replaced; user and password of it become `auth`."""
        split = urlsplit(request.url)
        if "@" in split.netloc:
            userinfo, _, host = split.netloc.rpartition("@")
            user, _, password = userinfo.partition(":")
            request.auth = request.auth or (unquote_plus(user), unquote_plus(password))
            split = split._replace(netloc=host)
        parts = []
        for part in split.query.split("&") if split.query else ():
            name, equals, value = part.partition("=")
            secret = equals and is_secret_variable(unquote_plus(name))
            parts.append(f"{name}={self._variable(unquote_plus(name), unquote_plus(value))}" if secret else part)
        return urlunsplit(split._replace(query="&".join(parts)))

    def _part(self, value: Any, name: str) -> Any:
        """Return a field of a form with files: a text, a list of them, or a mapping whose `value` is the text."""
        if isinstance(value, list):
            return [self._part(item, name) for item in value]
        if isinstance(value, dict):
            return {key: self._inside(item, name) if key == "value" else item for key, item in value.items()}
        return self._inside(value, name)

    def _inside(self, value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {name: self._inside(item, str(name)) for name, item in value.items()}
        if isinstance(value, list):
            return [self._inside(item, key) for item in value]
        if is_secret(key) and isinstance(value, str | int | float) and not isinstance(value, bool):
            return self._variable(key, str(value))
        return value

    def _everywhere(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._everywhere(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._everywhere(item) for item in value]
        if not isinstance(value, str):
            return value
        for secret, name in sorted(self._values.items(), key=lambda pair: -len(pair[0])):
            for form in _forms(secret) if len(secret) >= _SHORTEST else ():
                value = value.replace(form, environment(name))
        return _TOKEN.sub(lambda found: self._variable("TOKEN", found[0]), value)


def _forms(secret: str) -> Iterator[str]:
    yield secret
    if quote(secret, safe="") != secret:
        yield quote(secret, safe="")


def _take_basic(request: Request) -> None:
    """Make `auth` of a Basic header that can be read."""
    for name in [name for name in request.headers if name.lower() == "authorization"]:
        scheme = _SCHEME.fullmatch(request.headers[name])
        if scheme and scheme[1].lower() == "basic" and not request.auth and not is_marked(scheme[2]):
            try:
                user, colon, password = base64.b64decode(scheme[2], validate=True).decode().partition(":")
            except ValueError:
                continue
            if colon:
                request.auth = user, password
                del request.headers[name]
