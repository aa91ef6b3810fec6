"""Receivers that are dead or never read, during a real run: seconds are lost and told of, load and exit code do not notice."""

from pathlib import Path

from tests.support.command import ends_with, run, scenario
from tests.support.echo_server import echo_server
from tests.support.ports import free_port
from tests.support.receivers import deaf_receiver


def test_no_receiver_can_touch_a_run(tmp_path: Path) -> None:
    with echo_server() as target, deaf_receiver() as deaf:
        data = scenario(
            target.url,
            [{"duration": 2, "arrivalRate": 20}],
            [{"get": {"url": "/"}}],
            thresholds=["http.error_rate == 0%"],
            outputs=[
                f"pushgateway:http://127.0.0.1:{deaf.port}",
                f"statsd:127.0.0.1:{free_port()}",
                {"type": "influxdb", "url": f"http://ann:s3cretpass@127.0.0.1:{free_port()}", "database": "load"},
                f"jsonl:{tmp_path}/seconds.jsonl",
            ],
        )
        result = run(tmp_path, data)
    assert ends_with(result, 0), result.out + result.err
    assert result.report is not None
    assert result.counters["http.requests"] == 40
    exports = {one["kind"]: one for one in result.report["loadkit"]["exports"]}
    rows = len(result.report["loadkit"]["timeline"]["rows"])
    for kind in ("pushgateway", "statsd", "influxdb"):
        assert (exports[kind]["sent"], exports[kind]["lost"]) == (0, rows), exports[kind]
        assert exports[kind]["error"]
        assert f"{kind} to {exports[kind]['to']}: 0 seconds sent, {rows} lost (" in result.out
    assert (exports["jsonl"]["sent"], exports["jsonl"]["lost"]) == (rows, 0)
    assert len((tmp_path / "seconds.jsonl").read_text().splitlines()) == rows
    assert result.err.count("warning: statsd to ") == 1
    assert "s3cretpass" not in result.out + result.err + str(result.report)
