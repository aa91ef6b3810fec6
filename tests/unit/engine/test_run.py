"""A shard's run: what callbacks raise is counted, and breaks neither the run nor the screen."""

import asyncio

import pytest

from loadkit.engine.run import Orders, ShardRun
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.workload.base import Shard
from loadkit.workload.count import Count
from tests.support.engine import S, on_loop, plan_of


@pytest.mark.parametrize(
    ("exception", "counted"),
    [
        (RuntimeError("a bug"), 1),
        (ConnectionResetError("by peer"), 0),
        (ConnectionResetError, 0),  # as aiofastnet reports the end of a handshake
    ],
)
def test_what_nobody_hears_of_is_counted_and_not_printed(
    exception: object, counted: int, capfd: pytest.CaptureFixture[str]
) -> None:
    recorder, snapshots = Recorder(), list[Snapshot]()
    plan = plan_of([], "http://127.0.0.1:9", recorder=recorder, workload=Count(1, S // 5), duration_ns=S // 5)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        orders = Orders(shard=Shard(), start_ns=0, graceful_stop_ns=S)
        run = ShardRun(plan, recorder, orders, lambda snapshot, lines, draining: snapshots.append(snapshot))
        loop.call_soon(loop.call_exception_handler, {"message": "in a callback", "exception": exception})
        await run.run()

    on_loop(main())
    assert merge_all(snapshots).count("errors.INTERNAL") == counted
    assert capfd.readouterr().err == ""
