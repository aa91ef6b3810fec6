"""`loadkit demo`."""

from __future__ import annotations

import os
import sys
from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from loadkit.errors import PreflightError
from loadkit.outputs.base import write_line


def demo(
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="NUMBER", min=0, max=65535, help="Port; 0 takes a free one.")
    ] = 8080,
    error_rate: Annotated[
        float,
        typer.Option("--error-rate", metavar="SHARE", min=0.0, max=1.0, help="Share of requests answered with 503."),
    ] = 0.0,
    latency: Annotated[
        float, typer.Option("--latency", metavar="FACTOR", min=0.0, help="Scale the latencies; 0 answers at once.")
    ] = 1.0,
    seed: Annotated[int, typer.Option("--seed", metavar="NUMBER", help="Seed of latencies and errors.")] = 0,
) -> int:
    """Serve the embedded target, a small shop.

    A scenario with `target: "demo://"` starts the same by itself on a free port and ends it after the run. The environment
    variable LOADKIT_DEMO_SLOWDOWN=1.6 makes either take 1.6 times as long, to try out what finds regressions.

    \b
    Examples:
      loadkit demo --port 8080
      loadkit demo --error-rate 0.02 --latency 3
    """
    from loadkit.demo.app import serve
    from loadkit.demo.options import DemoOptions, slowdown

    options = DemoOptions(error_rate=error_rate, latency=latency * slowdown(), seed=seed)

    def ready(url: str) -> None:
        write_line(sys.stdout, f"serving the demo shop on {url} (Ctrl-C stops it)")

    try:
        _run(serve(host, port, options, ready))
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        raise PreflightError(f"cannot listen on {host}:{port}: {reason}; choose another --port") from error
    return 0


def _run(serving: Coroutine[Any, Any, None]) -> None:
    try:
        import uvloop
    except ImportError:  # not on Windows
        import asyncio

        asyncio.run(serving)
    else:
        uvloop.run(serving)
