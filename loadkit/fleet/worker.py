"""A worker process: receive the plan, make load, report once a second. Started by fleet.local, never by people.

It dies with the coordinator: when its socket reaches the end, and by PR_SET_PDEATHSIG where there is one.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import sys
import traceback
from types import TracebackType
from typing import Any

import msgspec

from loadkit import __version__
from loadkit.arrays import import_numpy
from loadkit.engine.run import Orders, ShardRun
from loadkit.engine.services import Line
from loadkit.errors import LoadkitError, ScenarioError
from loadkit.fleet.channel import Channel
from loadkit.fleet.printed import Printed
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.snapshot import Snapshot, to_wire
from loadkit.metrics.span import Span
from loadkit.redact import mask_text
from loadkit.scenario.compile import compile_plan
from loadkit.scenario.processor import import_processor
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import document_from_wire
from loadkit.template.rows import RowIndex
from loadkit.workload.base import ClosedWorkload, Shard

EXIT_ORPHANED = 70
_PR_SET_PDEATHSIG = 1


def main(descriptor: int, parent: int) -> None:
    """Serve one run on the inherited socket."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the coordinator decides when to stop
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(EXIT_ORPHANED)
    sys.excepthook = _confess
    import_numpy()  # while the coordinator reads the file
    sock = socket.socket(fileno=descriptor)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(sock))


def _confess(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sys.stderr.write(mask_text("".join(traceback.format_exception(kind, error, trace))))


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:  # not built for this platform: slower, and as true
        return None
    return uvloop.new_event_loop


async def _serve(sock: socket.socket) -> None:
    channel = await Channel.open(sock)
    channel.send("hello", version=__version__, pid=os.getpid())
    message = await channel.receive()
    if message is None:
        return
    _, order = message
    try:
        run = _prepare(channel, order)
    except ScenarioError as error:
        faults = msgspec.to_builtins(error.diagnostics)
        channel.send("refused", text=str(error), faults=faults, sources=error.sources)
        await channel.close()
        return
    except (LoadkitError, OSError) as error:
        channel.send("refused", text=str(error))
        await channel.close()
        return
    channel.send("ready")
    started = await channel.receive()
    if started is None or started[0] != "start":
        return
    load = run(int(started[1]["start_ns"]))
    listener = asyncio.create_task(_listen(channel, load))
    await load.run()
    channel.send("done")
    listener.cancel()
    await channel.close()


def _prepare(channel: Channel, order: dict[str, Any]) -> Any:
    """Compile the plan again on this side; return what makes the run once the first instant is known."""
    worker = int(order["worker"])
    recorder = Recorder(worker)
    settings = Settings(**order["settings"])
    indexes = [index and RowIndex(**{**index, "fields": tuple(index["fields"])}) for index in order["indexes"]]
    plan = compile_plan(document_from_wire(order["document"]), settings, recorder, indexes)
    plan = plan.with_given(order["given"])
    import_processor(plan, stay=True)
    plan.prepare()
    for phase in plan.phases:
        if not isinstance(phase.workload, ClosedWorkload):
            _ = phase.workload.planned  # a random sequence is counted now, not when its phase begins

    def emit(snapshot: Snapshot, lines: list[Line], draining: bool, spans: list[Span]) -> None:
        channel.send("interval", snapshot=to_wire(snapshot), lines=lines, draining=draining, spans=spans)

    def run(start_ns: int) -> ShardRun:
        shard = Shard(worker, int(order["workers"]))
        orders = Orders(
            shard=shard, start_ns=start_ns, graceful_stop_ns=int(order["graceful_stop_ns"]), debug=bool(order["debug"])
        )
        made = ShardRun(plan, recorder, orders, emit)
        sys.stdout = Printed(made.print_line)  # of the user's functions; nobody else prints here
        return made

    return run


async def _listen(channel: Channel, load: ShardRun) -> None:
    """Obey adjust, stop and kill; end with the coordinator."""
    while True:
        message = await channel.receive()
        if message is None:
            os._exit(EXIT_ORPHANED)
        if message[0] == "adjust":
            load.adjust(float(message[1]["rate"]))
        elif message[0] == "stop":
            load.stop()
        elif message[0] == "kill":
            load.kill()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
