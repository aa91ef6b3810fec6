"""A spike on a queue whose speed is known: how long its backlog takes to drain is in the report and in the summary."""

from pathlib import Path

import pytest

from tests.support.command import ends_with, run, scenario

SPIKE = {"name": "rush", "duration": 12, "arrivalRate": 30, "spike": {"to": 300, "after": 3, "hold": 1}}


def test_the_time_back_under_the_objective_is_that_of_the_backlog(tmp_path: Path) -> None:
    """100/s are served: a second of 300/s leaves 200, and what 30/s leave of the server takes 2.9 s for them."""
    limit = "http.response_time.p50 < 100ms"
    result = run(tmp_path, scenario("demo://queue?service=10ms", [SPIKE], [{"get": {"url": "/"}}], thresholds=[limit]))
    assert ends_with(result, 3)  # the median of the whole run is above it, or this machine was busy
    assert result.report is not None
    (found,) = result.report["loadkit"]["recovery"]
    assert found["name"] == "rush"
    assert found["ended_s"] == pytest.approx(4, abs=0.2)
    assert found["recovered"]
    assert 1.5 <= found["after_s"] <= 8  # more where this machine is busy
    assert found["worst_ms"] > 500
    assert f'rush: back under "{limit}"' in result.out
