"""Where an exporter's option says that something is sent or listened to: HOST:PORT."""

from __future__ import annotations

import re

from loadkit.outputs.exporter import OptionFault

LOOPBACK = "127.0.0.1"
_PLACE = re.compile(r"(?:(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[^\s:/\[\]@]+):)?(?P<port>\d{1,5})")


def read_place(text: str, *, key: str, example: str, host: str | None = None) -> tuple[str, int]:
    """Return host and port of HOST:PORT; without HOST it is `host`, if that is given.

    Raises OptionFault about option `key`, whose hint is the `example`.
    """
    found = _PLACE.fullmatch(text.strip())
    named = (found["host"] or host) if found else None
    if found is None or named is None:
        form = "HOST:PORT" if host is None else "PORT or HOST:PORT"
        raise OptionFault(key, f"{text.rpartition('@')[2]} is not {form}", hint=f"such as {example}")
    if not 0 < int(found["port"]) < 65_536:
        raise OptionFault(key, f"{found['port']} is not a port", hint="ports go from 1 to 65535")
    return named.strip("[]"), int(found["port"])


def shown_place(host: str, port: int) -> str:
    """Return HOST:PORT."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
