"""`loadkit demo`."""

from __future__ import annotations

import os
import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loadkit.errors import ExitCode, PreflightError, UsageError
from loadkit.outputs.base import counted, write_line
from loadkit.units import NS_PER_S, format_duration_ns

if TYPE_CHECKING:
    from loadkit.demo.options import DemoOptions
    from loadkit.scenario.demo_target import Queue


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
    queue: Annotated[
        str | None,
        typer.Option(
            "--queue",
            metavar="servers=N,service=TIME",
            help="Serve a queue of known capacity instead of the shop; sigma= and kappa= make it obey the Universal "
            "Scalability Law.",
        ),
    ] = None,
) -> int:
    """Serve the embedded target, a small shop.

    A scenario with `target: "demo://"` starts the same by itself on a free port and ends it after the run. The environment
    variable LOADKIT_DEMO_SLOWDOWN=1.6 makes either take 1.6 times as long, to try out what finds regressions.

    With --queue it is a queueing station whose capacity is known, to try out what searches for one: so many servers, service times
    exponential with the mean `service`, first come first served. `target: "demo://queue?servers=4&service=5ms"` starts the same.

    \b
    Examples:
      loadkit demo --port 8080
      loadkit demo --error-rate 0.02 --latency 3
      loadkit demo --queue servers=4,service=5ms
    """
    from loadkit.demo.options import DemoOptions, slowdown
    from loadkit.scenario.demo_target import read_queue

    try:
        law = None if queue is None else read_queue(queue)
    except ValueError as error:
        raise UsageError(f"--queue {queue}: {error}") from None
    _serve(host, port, DemoOptions(error_rate=error_rate, latency=latency * slowdown(), seed=seed, queue=law))
    return ExitCode.PASS


def _serve(host: str, port: int, options: DemoOptions) -> None:
    """Serve until Ctrl-C. Raises PreflightError where the address cannot be had."""
    from loadkit.demo.app import serve

    def ready(url: str) -> None:
        what = "the demo shop" if options.law is None else _described(options.law)
        write_line(sys.stdout, f"serving {what} on {url} (Ctrl-C stops it)")

    try:
        _run(serve(host, port, options, ready))
    except KeyboardInterrupt:
        pass
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        raise PreflightError(f"cannot listen on {host}:{port}: {reason}; choose another --port") from error


def _described(law: Queue) -> str:
    """Return what a queue is, and what is known of its capacity."""
    from loadkit.demo.theory import largest_rate

    service_s = law.service_ns / NS_PER_S
    service = f"{format_duration_ns(law.service_ns)} a service"
    if law.shared:
        return f"a queue, {service}, that obeys the Universal Scalability Law: X(10) = {law.rate_per_s(10):,.4g} requests/s"
    limit_s = 10 * service_s
    rate = largest_rate(law.servers, service_s, 0.99, limit_s)
    known = f"p99 < {format_duration_ns(limit_s * NS_PER_S)} up to {rate:,.4g}/s under random arrivals"
    return f"a queue of {counted(law.servers, 'server')}, {service}: {law.servers / service_s:,.4g} requests/s at most, {known},"


def _run(serving: Coroutine[Any, Any, None]) -> None:
    try:
        import uvloop
    except ImportError:  # not on Windows
        import asyncio

        asyncio.run(serving)
    else:
        uvloop.run(serving)
