"""Send to an HTTP receiver, from an exporter's thread: one kept connection, a time limit, and what an answer means.

    2xx              taken
    408, 429, 5xx    OSError: the same may be sent again
    any other        RefusedError: asking again is no use
    no answer        OSError

No proxy is used, and no redirect followed: a request goes where it was told to.
"""

from __future__ import annotations

import gzip
import http.client
import json
import ssl
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from loadkit import __version__
from loadkit.outputs.exporter import PATIENCE_S, OptionFault, RefusedError
from loadkit.outputs.paper import legible
from loadkit.redact import Secrets, is_secret

_LEAST_TO_PACK = 1000  # bytes
_AGAIN = frozenset({408, 429})
_MOST_ANSWER = 64 * 1024
_MOST_SHOWN = 200

INSECURE: Mapping[str, Any] = {
    "type": "boolean",
    "title": "Insecure",
    "description": "Do not verify the receiver's TLS certificate.",
    "examples": [True],
    "default": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where to send: `url` has neither user nor query, which stand beside it."""

    url: SplitResult
    user: str = ""
    password: str = ""
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """Return the URL as people may read it: it never held a secret."""
        return self.url.geturl()


def read_endpoint(text: str, *, key: str, example: str) -> Endpoint:
    """Read a URL; user, password and query are taken out of it. Raises OptionFault for what is no URL of HTTP."""
    found = urlsplit(text.strip())
    try:
        port = found.port
    except ValueError:
        port = 0
    if found.scheme not in ("http", "https") or not found.hostname or port == 0:
        shown = legible(text.rpartition("@")[2].partition("?")[0], _MOST_SHOWN)  # the rest may be secret
        raise OptionFault(key, f"{shown} is not a URL of HTTP", hint=f"write {example}")
    pairs = [pair.partition("=") for pair in found.query.split("&") if pair]
    bare = found._replace(netloc=found.netloc.rpartition("@")[2], query="", fragment="", path=found.path.rstrip("/"))
    return Endpoint(
        url=bare,
        user=unquote(found.username or ""),
        password=unquote(found.password or ""),
        query={unquote(name): unquote(value.replace("+", " ")) for name, _, value in pairs},
    )


def said_in(answer: bytes) -> str:
    """Return what a receiver says in the body of an answer; of a JSON object what it says for people, if anything.

    {"error": "..."}                                               InfluxDB 1
    {"code": "invalid", "message": "..."}                          InfluxDB 2, OTLP
    {"error": "...", "data": [{"error_message": "...", ...}]}      InfluxDB 3, of the first line that it did not take
    """
    text = answer.decode("utf-8", "replace").strip()
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(told, dict):
        return text
    said = next((told[key] for key in ("message", "error") if isinstance(told.get(key), str) and told[key]), text)
    lines = told.get("data")
    first = lines[0] if isinstance(lines, list) and lines else lines
    of_line = first.get("error_message") if isinstance(first, dict) else None
    return f"{said}: {of_line}" if isinstance(of_line, str) else str(said)


def _secrets_of(headers: Mapping[str, str]) -> Iterator[str]:
    """Yield what of header fields is not to be shown, should a receiver repeat it: whole values, tokens, passwords."""
    for value in (text for name, text in headers.items() if is_secret(name)):
        scheme, _, token = value.rpartition(" ")
        yield from (value, token)
        if scheme.lower() == "basic":
            with suppress(ValueError):  # somebody's own, and no base64
                yield b64decode(token).decode("utf-8", "replace").partition(":")[2]


class UnwantedError(RefusedError):
    """The receiver does not want it, and says so by a status."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class Poster:
    """Sends to one receiver, over a connection that is kept."""

    def __init__(self, endpoint: Endpoint, headers: Mapping[str, str], *, insecure: bool = False) -> None:
        self._endpoint = endpoint
        self._headers = {"User-Agent": f"loadkit/{__version__}", **headers}
        self._secrets = Secrets(values=_secrets_of(headers))
        self._insecure = insecure
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: bytes, content_type: str) -> bytes:
        """Send a body to a path below the URL's, packed when it is large, and return the answer's.

        Raises OSError when it may be sent again, and UnwantedError when that is no use.
        """
        headers = {**self._headers, "Content-Type": content_type}
        if len(body) >= _LEAST_TO_PACK:
            body, headers["Content-Encoding"] = gzip.compress(body, 5), "gzip"
        return self._send("POST", path, body, headers)

    def put(self, path: str, body: bytes, content_type: str) -> bytes:
        """Put a body, as it is, at a path below the URL's, and return the answer's. Raises what `post` does."""
        return self._send("PUT", path, body, {**self._headers, "Content-Type": content_type})

    def close(self) -> None:
        """Close the connection. May be called twice."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        kept = self._connection is not None
        try:
            status, answer = self._exchange(method, path, body, headers)
        except ConnectionError:
            if not kept:
                raise
            status, answer = self._exchange(method, path, body, headers)  # the receiver had closed an idle connection
        if 200 <= status < 300:
            return answer
        text = legible(self._secrets.mask_values(said_in(answer)), _MOST_SHOWN)
        said = f"it answered {status}{': ' if text else ''}{text}"
        if status in _AGAIN or status >= 500:
            raise OSError(said)
        raise UnwantedError(said, status)

    def _exchange(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        connection = self._connection = self._connection or self._connected()
        try:
            connection.request(method, f"{self._endpoint.url.path}{path}", body, dict(headers))
            response = connection.getresponse()
            answer = response.read(_MOST_ANSWER)
            if not response.isclosed() or response.will_close:  # the rest of it is nobody's
                self.close()
        except http.client.HTTPException as error:
            self.close()
            raise ConnectionError(f"its answer is not HTTP: {type(error).__name__}") from error
        except OSError:
            self.close()
            raise
        return response.status, answer

    def _connected(self) -> http.client.HTTPConnection:
        url = self._endpoint.url
        assert url.hostname
        if url.scheme == "http":
            return http.client.HTTPConnection(url.hostname, url.port, timeout=PATIENCE_S)
        context = ssl.create_default_context()
        if self._insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(url.hostname, url.port, timeout=PATIENCE_S, context=context)
