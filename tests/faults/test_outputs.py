"""Nowhere to write to: full disks, closed pipes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.case import Case, assert_invariants, load, run_case
from tests.faults.server import Target
from tests.support.command import ROOT, write_yaml

_FILL = """
import os, sys, time, urllib.request
url, path = sys.argv[1:]
while b'"count": 0' in urllib.request.urlopen(url).read():
    time.sleep(0.02)
with open(path, "wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(4096))
    except OSError:
        pass
"""
_MOUNT = 'mount -t tmpfs -o size=1536k none "$1"; "$2" -c "$3" "$4" "$1/filler" & shift 4; exec "$@"'


def test_a_disk_without_room_for_the_report_is_found_before_load(faults: Target, tmp_path: Path) -> None:
    case = run_case(tmp_path, load(faults.http, "/ok?no-room"), prefix=("prlimit", "--fsize=300000"))
    assert (case.code, case.report, "Traceback" in case.err) == (6, None, False)
    assert "cannot write" in case.err
    assert faults.seen("/ok?no-room")[0] == 0
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_disk_that_fills_up_during_the_run_costs_the_report_and_nothing_else(faults: Target, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    if subprocess.run(["unshare", "-r", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this kernel grants no mount namespace")
    seen = f"{faults.http}/seen?path=%2Fok%3Ffills"
    prefix = ("unshare", "-r", "-m", "sh", "-ec", _MOUNT, "sh", full, sys.executable, _FILL, seen)
    listing = tmp_path / "listing"
    scenario = load(faults.http, "/ok?fills", phases=[{"duration": 2, "arrivalRate": 20}])
    keep = ("sh", "-c", 'shift; "$@"; code=$?; ls -A "$0" > "$LISTING"; exit $code', full, "sh")
    case = run_case(
        tmp_path, scenario, "-o", full / "report.json", prefix=(*prefix, *keep), env={"LISTING": str(listing)}
    )
    assert case.code == 5, case.err
    assert "Traceback" not in case.err
    assert "status 200" in case.out
    assert case.err.count("cannot be written") == 1
    assert "No space left on device" in case.err
    assert listing.read_text().split() == ["filler"]  # no partial report, under whatever name


def test_a_device_that_is_full_says_so_after_the_summary(faults: Target, tmp_path: Path) -> None:
    case = run_case(tmp_path, load(faults.http, "/ok"), "-o", "/dev/full")
    assert (case.code, "Traceback" in case.err) == (5, False)
    assert "20  status 200" in case.out
    assert "No space left on device" in case.err


@pytest.mark.parametrize("reader", ["head -1", "true"])
def test_a_reader_that_goes_away_changes_nothing_about_the_run(
    faults: Target, good: Case, tmp_path: Path, reader: str
) -> None:
    report = tmp_path / "report.json"
    path = write_yaml(tmp_path, load(faults.http, [{"log": "one"}, {"get": {"url": "/ok"}}]))
    command = f'"$0" -m loadkit run "$1" -o "$2" 2>"$3" | {reader}; exit ${{PIPESTATUS[0]}}'
    err = tmp_path / "err"
    done = subprocess.run(
        ["bash", "-c", command, sys.executable, path, report, err],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    read = json.loads(report.read_text())
    assert "Traceback" not in done.stderr + err.read_text()
    assert done.returncode == read["loadkit"]["exit_code"]
    assert read["aggregate"]["counters"]["http.codes.200"] == 20


def test_a_full_standard_output_costs_only_what_was_to_be_shown(faults: Target, good: Case, tmp_path: Path) -> None:
    case = run_case(tmp_path, load(faults.http, "/ok"), prefix=("sh", "-c", 'exec "$@" >/dev/full', "sh"))
    assert_invariants(case, exit_code=0, good=good)
    assert case.out == ""
