"""Rows that are in a file before the next second begins."""

import json
import os
import threading
from pathlib import Path

import pytest

from loadkit.errors import PreflightError
from loadkit.outputs.exporter import ExportedPhase, ExportedRun, OptionFault, Second
from loadkit.outputs.streaming import Streamed
from loadkit.registry import plugin
from loadkit.units import NS_PER_S
from tests.support.results import STARTED_AT, second
from tests.unit.outputs.test_kept import at_most
from tests.unit.outputs.test_seconds import judged_report, read_csv

RUN = ExportedRun(
    run="r1",
    test="=shop",
    target="",
    started_at=STARTED_AT,
    labels={},
    phases=(ExportedPhase(name="steady", start_ns=0, end_ns=NS_PER_S),),
)


def streamed(kind: str, path: Path) -> Streamed:
    made: Streamed = plugin("exporter", kind).make({"file": str(path)})
    made.check()
    made.start(RUN)
    return made


def told(index: int) -> Second:
    return Second(snapshot=second(index), ended_at=STARTED_AT + index + 1)


def test_each_second_is_in_the_file_at_once(tmp_path: Path) -> None:
    made = streamed("jsonl", tmp_path / "seconds.jsonl")
    for index in range(3):
        made.take([told(index)])
        lines = (tmp_path / "seconds.jsonl").read_text().splitlines()
        assert [json.loads(line)["t_s"] for line in lines] == [float(number + 1) for number in range(index + 1)]
    made.close()
    row = json.loads(lines[0])
    assert (row["run"], row["time"], row["phase"]) == ("r1", "2023-11-14T22:13:25.500+00:00", "steady")
    assert json.loads(lines[1])["phase"] is None


def test_csv_has_the_columns_of_the_paper_and_no_formula(tmp_path: Path) -> None:
    made = streamed("csv", tmp_path / "seconds.csv")
    made.take([told(0)])
    made.close()
    head, row = (tmp_path / "seconds.csv").read_text().splitlines()
    assert head.split(",") == list(read_csv(judged_report())[0])
    assert row.startswith("r1,'=shop,2023-11-14T22:13:25.500+00:00,steady,1.0,10,")


def test_a_file_that_is_there_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("old\n" * 1000)
    streamed("jsonl", tmp_path / "out").close()
    assert (tmp_path / "out").read_text() == ""


def test_a_full_disk_leaves_no_row_cut_off(tmp_path: Path) -> None:
    made = streamed("jsonl", tmp_path / "out")
    made.take([told(0)])
    whole = (tmp_path / "out").read_bytes()
    with at_most(len(whole) + 20), pytest.raises(OSError, match=r"File too large|took only a part"):
        made.take([told(1)])
    assert (tmp_path / "out").read_bytes() == whole
    made.take([told(1)])  # there is room again
    made.close()
    assert len((tmp_path / "out").read_text().splitlines()) == 2


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_standard_output_is_refused_and_so_is_what_cannot_be_written(kind: str, tmp_path: Path) -> None:
    with pytest.raises(OptionFault, match="taken by the summary"):
        plugin("exporter", kind).make({"file": "-"})
    with pytest.raises(OptionFault, match="the name of no file has a zero byte"):
        plugin("exporter", kind).make({"file": "a\0b"})
    with pytest.raises(PreflightError, match="there is no directory"):
        streamed(kind, tmp_path / "nowhere" / "out")
    with pytest.raises(PreflightError, match="it is a directory"):
        streamed(kind, tmp_path)


def test_a_pipe_that_somebody_reads_gets_the_rows(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(PreflightError, match="cannot write"):
        streamed("jsonl", pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.extend(pipe.read_text().splitlines()))
    reader.start()
    made = _when_it_is_read(pipe)
    made.take([told(0), told(1)])
    made.close()
    reader.join(20)
    assert len(got) == 2


def _when_it_is_read(pipe: Path) -> Streamed:
    while True:
        try:
            return streamed("jsonl", pipe)
        except PreflightError:
            continue
