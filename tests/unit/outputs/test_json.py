import json
import os
import re
import resource
import threading
from pathlib import Path

import pytest

from loadkit.errors import PreflightError
from loadkit.outputs.json import OUTPUTS, JsonReport
from loadkit.outputs.writing import write_whole
from tests.support.results import report_of, result


def test_the_report_is_written_as_json(tmp_path):
    output = JsonReport(tmp_path / "report.json")
    output.check()
    output.finish(report_of(result()))
    read = json.loads((tmp_path / "report.json").read_text())
    assert read == json.loads(json.dumps(report_of(result())))
    assert os.listdir(tmp_path) == ["report.json"]


def test_into_a_directory_it_goes_under_a_name_with_the_time(tmp_path):
    output = JsonReport(tmp_path)
    assert output.path.parent == tmp_path
    assert re.fullmatch(r"loadkit_report_\d{8}_\d{6}\.json", output.path.name)


def test_a_missing_directory_is_found_before_the_run(tmp_path):
    with pytest.raises(PreflightError, match="there is no directory"):
        JsonReport(tmp_path / "absent" / "report.json").check()


def test_a_file_that_cannot_be_written_is_found_before_the_run(tmp_path):
    with pytest.raises(PreflightError, match="file name too long"):
        JsonReport(tmp_path / ("x" * 255)).check()


def test_a_full_disk_is_found_before_the_run(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))
    try:
        with pytest.raises(PreflightError, match="file too large"):
            JsonReport(tmp_path / "report.json").check()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert os.listdir(tmp_path) == []


def test_the_check_leaves_an_earlier_report_alone(tmp_path):
    path = tmp_path / "report.json"
    path.write_text("earlier")
    JsonReport(path).check()
    assert path.read_text() == "earlier"
    assert os.listdir(tmp_path) == ["report.json"]


def test_a_symbolic_link_stays_one(tmp_path):
    target, link = tmp_path / "real.json", tmp_path / "latest.json"
    link.symlink_to(target)
    write_whole(link, b"{}")
    assert link.is_symlink()
    assert target.read_bytes() == b"{}"


def test_a_device_is_written_to_not_replaced():
    output = JsonReport(Path(os.devnull))
    output.check()
    output.finish(report_of(result()))
    assert not os.path.isfile(os.devnull)


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "report.json"
    path.write_text("earlier")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"{}")
    assert path.read_text() == "earlier"
    assert os.listdir(tmp_path) == ["report.json"]


def test_it_is_registered_by_its_suffix():
    assert OUTPUTS["json"] is JsonReport


def test_a_pipe_that_nobody_reads_is_an_error_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="No such device"):
        write_whole(tmp_path / "pipe", b"{}")


def test_a_pipe_takes_more_than_it_holds(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)
    read: list[bytes] = []
    thread = threading.Thread(target=lambda: read.extend(iter(lambda: os.read(reader, 65_536), b"")))
    write_end = os.open(tmp_path / "pipe", os.O_WRONLY)  # the reader waits for us, not for nobody
    thread.start()
    write_whole(tmp_path / "pipe", b"x" * 300_000)
    os.close(write_end)
    thread.join()
    os.close(reader)
    assert len(b"".join(read)) == 300_000
