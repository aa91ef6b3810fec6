"""curl: commands as people paste them, and as browsers copy them. One scenario does them in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from loadkit.importers.bodies import put_body
from loadkit.importers.draft import Draft, Importer, ImportFault, Journey, Request
from loadkit.importers.parts import Part, put_parts
from loadkit.importers.places import aim, is_usable
from loadkit.importers.shell import commands

_MOST_BYTES = 100_000
_FORM = "application/x-www-form-urlencoded"
_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}

_NAMES = {
    "X": "request", "H": "header", "d": "data", "u": "user", "F": "form", "b": "cookie", "A": "user-agent",
    "e": "referer", "m": "max-time", "G": "get", "I": "head", "k": "insecure", "L": "location",
}  # fmt: skip
_WITH_VALUE = {
    "request", "header", "data", "data-raw", "data-ascii", "data-binary", "data-urlencode", "json", "user", "form",
    "form-string", "cookie", "user-agent", "referer", "max-time", "url", "oauth2-bearer",
}  # fmt: skip
_IGNORED_WITH_VALUE = {
    "output", "write-out", "connect-timeout", "retry", "retry-delay", "retry-max-time", "cacert", "cert", "key", "proxy",
    "resolve", "cookie-jar", "interface", "limit-rate", "max-redirs", "ciphers", "dump-header", "trace", "trace-ascii",
    "config", "proxy-user", "range", "stderr", "tls-max", "cert-type", "key-type", "pass", "noproxy", "connect-to",
    "unix-socket", "max-filesize", "speed-time", "speed-limit", "rate", "variable",
}  # fmt: skip
_IGNORED_SHORT = "owxcDrTKUCQYytPEz"


@dataclass(slots=True)
class _Command:
    """The options of one command that matter, in order."""

    urls: list[str] = field(default_factory=list)
    options: list[tuple[str, str]] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)

    def values(self, *names: str) -> list[tuple[str, str]]:
        return [(name, value) for name, value in self.options if name in names]

    def last(self, name: str) -> str:
        return next((value for given, value in reversed(self.options) if given == name), "")


def read_curl(text: str) -> Draft:
    """Return one journey of all commands that are curl's."""
    draft, requests = Draft(journeys=[]), []
    for words in commands(text.removeprefix("\ufeff")):
        if words[0] in ("$", "%"):
            words = words[1:]
        if words and Path(words[0]).name in ("curl", "curl.exe"):
            requests += list(_requests(_parse(words[1:]), draft.notes))
    if not requests:
        raise ImportFault("there is no curl command with a URL; paste commands such as: curl https://shop.example/cart")
    draft.journeys = [Journey(name="curl", requests=requests)]
    aim(draft, only_target=False)
    return draft


def _parse(words: list[str]) -> _Command:
    command, rest = _Command(), iter(words)
    for word in rest:
        if word.startswith("--") and len(word) > 2:
            name, equals, value = word[2:].partition("=")
            if name in _WITH_VALUE:
                command.options.append((name, value if equals else next(rest, "")))
            elif name in _IGNORED_WITH_VALUE:
                _ = equals or next(rest, "")
            else:
                command.flags.add(name)
        elif word.startswith("-") and len(word) > 1:
            _short(word[1:], rest, command)
        else:
            command.urls.append(word)
    command.urls += [value for _, value in command.values("url")]
    return command


def _short(letters: str, rest: Iterator[str], command: _Command) -> None:
    """Take letters such as -sSLXPOST: the first that wants a value takes what stands behind it."""
    for index, letter in enumerate(letters):
        name, behind = _NAMES.get(letter, letter), letters[index + 1 :]
        if name in _WITH_VALUE:
            command.options.append((name, behind or next(rest, "")))
            return
        if letter in _IGNORED_SHORT:
            _ = behind or next(rest, "")
            return
        command.flags.add(name)


def _requests(command: _Command, notes: list[str]) -> Iterator[Request]:
    for url in command.urls:
        whole = url if "://" in url else f"http://{url}"
        if not is_usable(whole):
            notes.append("left out: a command whose URL cannot be requested")
            continue
        request = Request(method="GET", url=whole.split("#")[0])
        _put_headers(command, request, notes)
        _put_data(command, request, notes)
        request.method = command.last("request").upper() or request.method
        if request.method not in _METHODS:
            notes.append(f"left out: {request.method}, a method that scenarios do not have")
            continue
        if "compressed" in command.flags:
            request.more["gzip"] = True
        if "insecure" in command.flags:
            note = "curl -k accepts any certificate; run with --insecure for the same"
            notes += [note] if note not in notes else []
        try:
            timeout = float(command.last("max-time") or 0)
        except ValueError:
            timeout = 0.0
        if timeout > 0:
            request.more["timeout"] = timeout
        yield request


def _put_headers(command: _Command, request: Request, notes: list[str]) -> None:
    for name, key in (("user-agent", "user-agent"), ("referer", "referer")):
        if value := command.last(name):
            request.headers[key] = value
    for _, line in command.values("header"):
        name, colon, value = line.partition(":")
        if (
            colon
            and value.strip()
            and name.strip().lower() not in ("host", "content-length", "connection", "accept-encoding")
        ):
            request.headers[name.strip().lower()] = value.strip()
    if token := command.last("oauth2-bearer"):
        request.headers["authorization"] = f"Bearer {token}"
    if user := command.last("user"):
        name, _, password = user.partition(":")
        request.auth = name, password
    cookies = command.last("cookie") or request.headers.pop("cookie", "")
    if cookies and "=" not in cookies:
        notes.append(f"the cookies of the file {cookies} are not read")
    for part in cookies.split(";") if "=" in cookies else ():
        name, _, value = part.strip().partition("=")
        if name:
            request.cookies[name] = value


def _put_data(command: _Command, request: Request, notes: list[str]) -> None:
    parts = [_part(name, value, notes) for name, value in command.values("form", "form-string")]
    if put_parts(request, parts, notes):
        request.method = "POST"
        return
    given = command.values("data", "data-raw", "data-ascii", "data-binary", "data-urlencode", "json")
    if not given:
        request.method = "HEAD" if "head" in command.flags else "GET"
        return
    data = "&".join(_data(name, value, notes) for name, value in given)
    if "get" in command.flags:
        request.url += ("&" if "?" in request.url else "?") + data
        return
    request.method = "POST"
    is_json = any(name == "json" for name, _ in given)
    if is_json:
        request.headers.setdefault("accept", "application/json")
    kind = request.headers.get("content-type") or ("application/json" if is_json else _FORM)
    put_body(request, data, kind)


def _data(name: str, value: str, notes: list[str]) -> str:
    if name == "data-urlencode":
        field_name, equals, content = value.partition("=")
        return f"{field_name}={quote(content)}" if equals and field_name else quote(content if equals else value)
    if name != "data-raw" and value.startswith("@"):
        content = _file(value[1:], notes)
        return content if name == "data-binary" else content.replace("\r", "").replace("\n", "")
    return value


def _part(name: str, value: str, notes: list[str]) -> Part:
    """Return a part of a form: `name=text`, `name=@file`, `name=<file with the text>`, with `;type=` and `;filename=` behind."""
    field_name, _, content = value.partition("=")
    if name == "form-string":
        return Part(name=field_name, text=content)
    content, *attributes = re.split(r";(?=(?:type|filename|headers|encoder)=)", content)
    kind = next((one.removeprefix("type=") for one in attributes if one.startswith("type=")), "")
    if content.startswith("<"):
        return Part(name=field_name, text=_file(content[1:], notes), media_type=kind)
    if content.startswith("@"):
        path = Path(content[1:].strip('"'))
        is_here = _is_file(path)
        return Part(name=field_name, file=path.name, media_type=kind, path=path.absolute() if is_here else None)
    return Part(name=field_name, text=content, media_type=kind)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _file(name: str, notes: list[str]) -> str:
    """Return the text of a file; of one that is none, or too large, a note stands for it."""
    try:
        path = Path(name)
        if path.stat().st_size <= _MOST_BYTES:
            return path.read_text(encoding="utf-8")
        reason = f"it is larger than {_MOST_BYTES // 1000} kB"
    except (OSError, ValueError) as error:
        reason = str(getattr(error, "strerror", None) or "it is no text").lower()
    notes.append(f"put in the contents of {name}, which could not be read: {reason}")
    return f"(contents of {name})"


IMPORTERS = {"curl": Importer(description="curl commands, typed or copied from a browser.", read=read_curl)}
