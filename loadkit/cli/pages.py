"""Serving pages until somebody has seen enough: the URL is printed, and shown in a browser where there is a screen."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Mapping
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from loadkit.cli.signals import taking_signals
from loadkit.outputs.base import write_line

if TYPE_CHECKING:
    from loadkit.dashboard.serving import Serving

Port = Annotated[
    int, typer.Option("--port", metavar="N", min=0, max=65535, help="Port on this machine; 0 takes any that is free.")
]
NoOpen = Annotated[
    bool, typer.Option("--no-open", help="Open no browser, also where there is a screen; the URL is printed anyway.")
]


def serve_pages(server: Serving, what: str, environment: Mapping[str, str], *, opens: bool) -> None:
    """Serve until Ctrl-C or SIGTERM. Raises PreflightError where the port cannot be had."""
    over = Event()
    with taking_signals(lambda _name: over.set()):
        url = server.start()
        try:
            write_line(sys.stdout, f"{what}: {url} (Ctrl-C stops it)")
            if opens and has_screen(environment, sys.platform):
                webbrowser.open(url)
            over.wait()
        finally:
            server.close()


def has_screen(environment: Mapping[str, str], platform: str) -> bool:
    """Say whether a browser could be shown to whoever sits here."""
    if platform in ("darwin", "win32"):
        return not environment.get("SSH_CONNECTION")
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
