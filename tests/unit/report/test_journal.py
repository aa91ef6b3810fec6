"""The frames of a journal, whole and torn."""

import io
from pathlib import Path
from zlib import crc32

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from loadkit.errors import JournalError
from loadkit.metrics.snapshot import to_wire
from loadkit.report.journal import (
    MAGIC,
    MAX_BODY,
    Damage,
    _frame,
    end_frame,
    header_frame,
    interval_frame,
    intervention_frame,
    read_frames,
)
from loadkit.report.rebuild import rebuild
from loadkit.report.timeline import Timeline
from loadkit.scenario.compile import compile_plan
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import read_document
from loadkit.slo.evaluate import Status
from loadkit.slo.validity import Validity
from tests.support.interventions import EVERY
from tests.support.results import STARTED_AT, interval, invalid, result, second, started, verdict

TEXT = """
config:
  target: http://ann:canary@127.0.0.1:9
  thresholds:
    - http.response_time.p95 < 1s
scenarios:
  - flow:
      - get: {url: /products}
"""
PLAN = compile_plan(read_document(Path("shop.yaml"), TEXT), Settings(seed=1))
SECONDS = [second(index) for index in range(3)]
HEADER = header_frame(started(plan=PLAN, workers=2, target=PLAN.target))
FRAMES = [interval_frame(interval(one)) for one in SECONDS]
END = end_frame(result(*SECONDS, plan=PLAN, signal="SIGINT", verdicts=(verdict(Status.FAIL),)))
WHOLE = b"".join([HEADER, *FRAMES, END])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def test_a_whole_journal_gives_the_result_as_it_was_judged_then(path: Path) -> None:
    path.write_bytes(WHOLE)
    found = rebuild(path)
    assert (found.whole, found.damage) == (True, "")
    assert (found.result.signal, found.result.workers, found.result.started_at) == ("SIGINT", 2, STARTED_AT)
    assert found.result.verdicts == (verdict(Status.FAIL),)
    assert found.result.summary.count("http.requests") == 30
    assert found.timeline.rows == Timeline.of(STARTED_AT, SECONDS).rows
    assert found.report()["loadkit"]["exit_code"] == 130


def test_a_run_that_was_cut_off_is_invalid(path: Path) -> None:
    path.write_bytes(b"".join([HEADER, *FRAMES]))
    found = rebuild(path)
    assert (found.whole, found.damage) == (False, "")
    assert found.result.measurement.status is Validity.INVALID
    assert found.result.measurement.reasons[0].startswith("the run was cut off after 3s; ")
    assert [(one.status, one.observed_text) for one in found.result.verdicts] == [(Status.INVALID, "25ms")]
    assert (found.result.exit_code, found.result.elapsed_s) == (5, 3.0)


def test_a_run_that_was_cut_off_in_its_first_second_has_a_report(path: Path) -> None:
    path.write_bytes(HEADER)
    assert rebuild(path).report()["loadkit"]["measurement"]["status"] == "invalid"


@pytest.mark.parametrize(
    "tail",
    [FRAMES[2][:-1], FRAMES[2][:5], b"\0", bytes(4096), b"\xff" * 100, FRAMES[2][:-1] + b"?"],
    ids=["cut", "head cut", "a zero", "zeros", "ones", "a bit off"],
)
def test_a_damaged_tail_costs_only_itself(tail: bytes, path: Path) -> None:
    path.write_bytes(HEADER + FRAMES[0] + FRAMES[1] + tail)
    found = rebuild(path)
    assert found.damage
    assert len(found.timeline.rows) == 2
    assert found.result.measurement.reasons[0].startswith("the run was cut off after 2s; ")


def test_workers_snapshots_are_kept_as_they_came(path: Path) -> None:
    event = interval(second(0))
    wires = tuple(to_wire(second(0, requests=count)) for count in (4, 6))
    path.write_bytes(
        HEADER
        + interval_frame(type(event)(snapshot=event.snapshot, summary=event.summary, draining=False, wires=wires))
    )
    assert rebuild(path).result.summary.count("http.requests") == 10


def test_passwords_do_not_get_into_a_journal() -> None:
    ((_, header), *_) = list(read_frames(io.BytesIO(HEADER[len(MAGIC) :])))
    assert "canary" not in repr(header)
    assert header["outline"]["target"] == "http://***@127.0.0.1:9"


def test_a_verdict_without_a_place_survives(path: Path) -> None:
    made = result(
        *SECONDS, plan=PLAN, measurement=invalid(), verdicts=(verdict(Status.INVALID, at=None),), lost_workers=1
    )
    path.write_bytes(b"".join([HEADER, *FRAMES, end_frame(made)]))
    found = rebuild(path).result
    assert (found.measurement, found.verdicts, found.lost_workers) == (made.measurement, made.verdicts, 1)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "is not a journal"),
        (b"LKJOURN2" + WHOLE[8:], "is not a journal"),
        (MAGIC, "nothing can be recovered .*begins with nothing"),
        (HEADER[:-1], "nothing can be recovered .*ends within a frame"),
        (MAGIC + FRAMES[0], "nothing can be recovered .*begins with interval"),
        (MAGIC + _frame("header", {"format": 2}), "format 2; this loadkit reads format 1"),
        (MAGIC + _frame("header", {"format": 1}), "nothing can be recovered"),
    ],
)
def test_what_has_no_beginning_is_refused(data: bytes, what: str, path: Path) -> None:
    path.write_bytes(data)
    with pytest.raises(JournalError, match=what):
        rebuild(path)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be read"):
        rebuild(tmp_path / "absent")


def test_a_frame_that_unpacks_to_too_much_is_damage() -> None:
    bomb = zstandard.ZstdCompressor(level=1).compress(bytes(MAX_BODY + 1))
    good = _frame("interval", {})
    packed = io.BytesIO(reframed(bomb) + good)
    with pytest.raises(Damage, match="unpacks to too much"):
        list(read_frames(packed))


def reframed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + crc32(body).to_bytes(4, "big") + body


def test_frames_that_say_what_no_run_can_are_damage(path: Path) -> None:
    for kind, fields in (("interval", {}), ("interval", {"snapshots": [7]}), ("end", {"signal": "SIGKILL"})):
        path.write_bytes(HEADER + FRAMES[0] + _frame(kind, fields))
        found = rebuild(path)
        assert (bool(found.damage), len(found.timeline.rows), found.whole) == (True, 1, False)


@pytest.mark.parametrize("end", [END, b""], ids=["whole", "cut off"])
def test_what_people_did_is_read_back(end: bytes, path: Path) -> None:
    notes = [intervention_frame(one) for one in EVERY]
    path.write_bytes(b"".join([HEADER, FRAMES[0], *notes[:2], FRAMES[1], *notes[2:], end]))
    found = rebuild(path)
    assert found.damage == ""
    assert found.result.interventions == EVERY
    assert len(found.report()["loadkit"]["interventions"]) == len(EVERY)


def test_frames_of_a_later_loadkit_are_passed_over(path: Path) -> None:
    path.write_bytes(HEADER + FRAMES[0] + _frame("weather", {"rain": 1}) + FRAMES[1] + END)
    assert (rebuild(path).damage, len(rebuild(path).timeline.rows)) == ("", 2)


@given(st.data())
def test_any_damage_gives_what_stands_before_it_or_a_typed_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    spoiled = bytearray(WHOLE[: data.draw(st.integers(0, len(WHOLE)))])
    for _ in range(data.draw(st.integers(0, 3))):
        if spoiled:
            spoiled[data.draw(st.integers(0, len(spoiled) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "spoiled"
    path.write_bytes(spoiled)
    try:
        found = rebuild(path)
    except JournalError:
        return
    assert found.whole or found.result.exit_code == 5
