"""`--out` on the command line, and the end of a run that somebody still has to scrape."""

import os
import signal
import tempfile
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest

from loadkit.cli.conclusion import Conclusion
from loadkit.cli.exporting import add_exports, exporting, linger, read_outs
from loadkit.errors import Position, PreflightError, UsageError
from loadkit.metrics.snapshot import merge_all
from loadkit.outputs.exports import Exports, sent_line
from loadkit.outputs.isolated import Sent
from loadkit.outputs.json import JsonReport
from loadkit.scenario.exports import Export
from tests.support.ports import free_port
from tests.support.results import interval, plan, report_of, result, second, started


def test_out_is_kind_and_argument() -> None:
    first, second_ = read_outs(["prometheus:9464", "jsonl:a:b.jsonl"])
    assert (first.kind, dict(first.options)) == ("prometheus", {"listen": "9464"})
    assert (second_.kind, dict(second_.options)) == ("jsonl", {"file": "a:b.jsonl"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "promethues:9464",
            r'--out promethues: there is no kind of output "promethues"; did you mean "prometheus"\?',
        ),
        ("fax:1", r'there is no kind of output "fax"; there are csv, dogstatsd, .*prometheus'),
        ("prometheus", r"--out prometheus: prometheus does not say where to; write prometheus:\[HOST:\]PORT"),
        ("statsd:nowhere", r"nowhere is not HOST:PORT"),
    ],
)
def test_what_out_cannot_mean_is_said(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_outs([text])


@pytest.mark.parametrize(
    "text",
    [
        "influxdb:http://ann:s3cretpass@localhost:8086?foo=1",
        "influxdb:http://localhost:8086?db=a&bucket=b&token=s3cretpass",
        "influxdb:ann:s3cretpass@localhost:8086",
        "otlp:http://ann:s3cretpass@localhost:4318",
        "pushgateway:http://localhost:9091?key=s3cretpass",
        "statsd:ann:s3cretpass@localhost:8125",
        "http://ann:s3cretpass@localhost:8086",
    ],
)
def test_a_fault_of_an_url_does_not_repeat_its_password(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_outs([text])
    assert "s3cretpass" not in str(caught.value)


def test_those_of_the_file_and_of_the_command_line_are_told(tmp_path: Path) -> None:
    of_file = Export(kind="csv", options={"file": str(tmp_path / "a.csv"), "tags": {"team": "shop"}})
    said: list[str] = []
    with exporting(
        replace(plan(), exports=(of_file,)),
        read_outs([f"jsonl:{tmp_path}/b.jsonl"]),
        say=said.append,
        run_id=lambda: "r1",
    ) as exports:
        exports.start(started())
        for index in range(3):
            exports.interval(interval(second(index)))
        made = result(*(second(index) for index in range(3)))
        found = Conclusion(made, report_of(made))
        add_exports(exports, found)
    assert said == []
    assert [(one["kind"], one["sent"], one["lost"]) for one in found.report["loadkit"]["exports"]] == [
        ("csv", 3, 0),
        ("jsonl", 3, 0),
    ]
    (section,) = found.sections
    assert section.lines == [f"csv to {tmp_path}/a.csv: 3 seconds sent", f"jsonl to {tmp_path}/b.jsonl: 3 seconds sent"]
    assert not section.troubled
    assert len((tmp_path / "b.jsonl").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("outs", "message"),
    [
        (
            ["csv:{place}/a", "jsonl:{place}/b/../a"],
            "--out csv and --out jsonl both write .*/a; give each its own file",
        ),
        (["csv:{place}/of"], "csv at shop.yaml:4:7 and --out csv both write .*/of; give each"),
        (["prometheus:9464", "prometheus:127.0.0.1:9464"], "both listen on 127.0.0.1:9464; give each its own port"),
        (
            ["influxdb:http://a:s3cretpass@h:1", "statsd:h:1", "influxdb:http://a:s3cretpass@h:1"],
            "--out influxdb and --out influxdb are the same, so everything would be told twice; leave one of them out",
        ),
    ],
)
def test_two_in_each_others_way_are_refused_before_anything_is_opened(
    outs: list[str], message: str, tmp_path: Path
) -> None:
    of_file = Export(kind="csv", options={"file": str(tmp_path / "of")}, at=Position("shop.yaml", 4, 7))
    texts = read_outs([text.format(place=tmp_path) for text in outs])
    with (
        pytest.raises(UsageError, match=message) as caught,
        exporting(replace(plan(), exports=(of_file,)), texts, say=str, run_id=str),
    ):
        pass
    assert "s3cretpass" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_option_is_nobody_elses(tmp_path: Path) -> None:
    other = JsonReport(tmp_path / "a.json")
    outs = read_outs([f"statsd:127.0.0.1:{free_port()}", f"jsonl:{tmp_path}/./a.json"])
    with (
        pytest.raises(UsageError, match=r"--out jsonl and another option both write .*a\.json; give each its own file"),
        exporting(plan(), outs, say=str, run_id=str, files=[other]),
    ):
        pass


def test_two_may_write_what_is_no_file_of_their_own() -> None:
    reader, writer = os.pipe()  # as standard error is one in CI
    with open(reader, "rb"), open(writer, "wb"):
        for place in ("/dev/null", f"/dev/fd/{writer}"):
            with exporting(plan(), read_outs([f"csv:{place}", f"jsonl:{place}"]), say=str, run_id=str):
                pass


def test_what_stands_among_devices_may_be_a_file_all_the_same() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
        outs = read_outs([f"csv:{place}/a", f"jsonl:{place}/a"])
        with pytest.raises(UsageError, match="both write"), exporting(plan(), outs, say=str, run_id=str):
            pass


def test_one_that_cannot_be_had_closes_the_others(tmp_path: Path) -> None:
    port = free_port()
    outs = read_outs([f"prometheus:{port}", f"csv:{tmp_path}/nowhere/x.csv"])
    with pytest.raises(PreflightError), exporting(plan(), outs, say=str, run_id=str):
        pass
    with exporting(plan(), outs[:1], say=str, run_id=str):  # the port is free again
        pass


def test_without_exporters_nothing_is_said() -> None:
    made = result()
    found = Conclusion(made, report_of(made))
    with exporting(plan(), (), say=str, run_id=str) as exports:
        add_exports(exports, found)
    assert found.report["loadkit"]["exports"] == []
    assert found.sections == []


def test_what_was_lost_is_said_with_the_reason() -> None:
    sent = Sent(kind="statsd", to="x:1", sent=1, lost=2000, error="connection refused")
    assert sent_line(sent) == "statsd to x:1: 1 second sent, 2,000 lost (connection refused)"


def test_many_names_are_warned_of_once(tmp_path: Path) -> None:
    said: list[str] = []
    with exporting(plan(), read_outs([f"jsonl:{tmp_path}/x"]), say=said.append, run_id=str) as exports:
        exports.start(started())
        for index in range(3):
            many = merge_all(second(index, name=f"/{index}/{number}", requests=1) for number in range(100))
            exports.interval(interval(many))
        exports.finish()
    assert said == ['warning: there are more than 200 names of requests; exporters call all others "other"']


def scraped_run(port: int) -> Exports:
    """A run that was scraped, and is over."""
    exports = Exports(read_outs([f"prometheus:{port}"]), say=str, run_id=str)
    exports.check()
    exports.start(started())
    exports.interval(interval(second(0)))
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        answer.read()
    exports.interval(interval(second(1)))
    exports.finish()
    return exports


def test_the_command_stays_until_the_totals_were_scraped() -> None:
    port, said = free_port(), list[str]()
    exports = scraped_run(port)

    def scrape(text: str) -> None:
        said.append(text)
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            assert b"loadkit_run_active" in answer.read()

    linger(exports, scrape)
    exports.close()
    assert said == ["waiting for the last scrape; Ctrl-C goes on without it"]


def test_a_signal_ends_the_waiting() -> None:
    exports = scraped_run(free_port())
    taken = signal.getsignal(signal.SIGINT)

    class Impatient:
        def waiting(self) -> bool:
            if signal.getsignal(signal.SIGINT) is not taken:  # it waits now
                os.kill(os.getpid(), signal.SIGINT)
            return exports.waiting()

    linger(Impatient(), lambda text: None)  # type: ignore[arg-type]
    assert exports.waiting()
    exports.close()
    assert signal.getsignal(signal.SIGINT) is taken
