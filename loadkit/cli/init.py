"""`loadkit init`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from loadkit.cli.importing import Force, put_scenario
from loadkit.errors import ExitCode, UsageError
from loadkit.units import format_duration_ns, parse_duration_ns, parse_rate_per_s

DEFAULT_FILE = Path("load.yaml")

_FILE = """\
# A first scenario. `loadkit validate {file}` checks it, `loadkit plan {file}` shows what it
# will do, `loadkit run {file} --solo` tries it with one virtual user, and `loadkit run {file}` runs it.
config:
  target: {target}
  phases:
    - name: warm up
      duration: 10s
      arrivalRate: 1
      rampTo: {rate}
      warmup: true # its figures are shown, and not judged
    - name: load
      duration: {duration}
      arrivalRate: {rate} # new virtual users per second
  thresholds:
    - http.response_time.p95 < {limit}
    - http.error_rate < 1%

scenarios:
  - name: look around
    flow:
      - get: {path}
      # - think: 2s
      # - post:
      #     url: /login
      #     json: {{ user: ann, password: "{{{{ $env.PASSWORD }}}}" }}
      #     capture: # take a value out of the response ...
      #       json: $.token
      #       as: token
      # - get:
      #     url: /account
      #     headers:
      #       Authorization: "Bearer {{{{ token }}}}" # ... and use it
      #     expect:
      #       statusCode: 200
"""


def init(
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="What to load, with a path; asked for on a terminal.")
    ] = None,
    rate: Annotated[
        str | None, typer.Option("--rate", metavar="NUMBER", help="New virtual users per second.  [default: 5]")
    ] = None,
    duration: Annotated[
        str | None, typer.Option("--duration", metavar="TIME", help="How long the load lasts.  [default: 1m]")
    ] = None,
    limit: Annotated[
        str | None,
        typer.Option("--p95", metavar="TIME", help="What 95 % of the response times must be below.  [default: 500ms]"),
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write.")] = DEFAULT_FILE,
    force: Force = False,
) -> int:
    """Write a first scenario with comments.

    On a terminal it asks what is not given; elsewhere, and with --url, it asks nothing.

    \b
    Examples:
      loadkit init
      loadkit init --url https://staging.example.com/products --rate 20 -o shop.yaml
    """
    if output.exists() and not force:
        raise UsageError(f"{output} exists; choose another file with -o, or replace it with --force")
    asks = url is None and sys.stdin.isatty() and sys.stdout.isatty()
    if url is None and not asks:
        raise UsageError("there is no terminal to ask on; write loadkit init --url https://staging.example.com/")
    given = {
        "url": _checked("--url", url, _url) if url is not None else _asked("What is to be loaded (URL)", "demo:///products", _url),
        "rate": _value("--rate", rate, "New virtual users per second", "5", _rate, asks=asks),
        "duration": _value("--duration", duration, "For how long", "1m", _time, asks=asks),
        "limit": _value("--p95", limit, "95 % of response times are to be below", "500ms", _time, asks=asks),
    }  # fmt: skip
    target, path = given.pop("url")
    text = _FILE.format(file=output.name, target=_plain(target), path=_plain(path), **given)
    put_scenario(text, output, force=force)
    return ExitCode.PASS


def _value(option: str, given: str | None, question: str, default: str, read: Any, *, asks: bool) -> Any:
    if given is not None:
        return _checked(option, given, read)
    return _asked(question, default, read) if asks else read(default)


def _checked(option: str, text: str, read: Any) -> Any:
    try:
        return read(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error


def _asked(question: str, default: str, read: Any) -> Any:
    """Ask until the answer can be read. Raises UsageError when the terminal goes away."""

    def converted(text: str) -> Any:
        try:
            return read(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error

    try:
        return typer.prompt(question, default=default, value_proc=converted)
    except typer.Abort:
        raise KeyboardInterrupt from None


def _url(text: str) -> tuple[str, str]:
    """Return target and path."""
    from loadkit.protocols.address import split_url

    text = text.strip()
    if text.startswith("demo://"):
        return "demo://", f"/{text.removeprefix('demo://').lstrip('/')}"
    if "://" not in text:
        text = f"http://{text}"
    if "{{" in text or "@" in text.split("://", 1)[1].split("/", 1)[0]:
        raise ValueError("write a plain URL, without a user and without templates")
    origin, path = split_url(text)
    return f"{origin.scheme}://{origin.authority}", path or "/"


def _rate(text: str) -> str:
    rate = parse_rate_per_s(text)
    if not 0 < rate <= 1_000_000:
        raise ValueError(f"{text} is not a rate above zero; write a number of new virtual users per second")
    return f"{rate:g}" if rate >= 0.001 else f"{rate:f}"


def _time(text: str) -> str:
    ns = parse_duration_ns(text)
    if not ns:
        raise ValueError("0 is no time to speak of; write 30s or 250ms")
    return format_duration_ns(ns)


def _plain(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
