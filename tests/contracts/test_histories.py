"""What holds of a history in SQLite and in PostgreSQL alike."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import alembic.command
import msgspec
import pytest
import sqlalchemy as sa
from alembic.config import Config

from loadkit.errors import PreflightError, UsageError
from loadkit.metrics.snapshot import merge_all
from loadkit.report import database
from loadkit.report.database import METADATA, Database, revisions
from loadkit.report.facts import RunStatus
from loadkit.report.history import Store, open_store
from loadkit.slo.evaluate import Status
from loadkit.slo.validity import Measurement, Validity
from tests.support.results import failing_second, report_of, result, second, verdict

BEGAN = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def report(number: int = 0, *, name: str = "shop", fingerprint: str = "f1", **choices):
    """A report of a run with an id of its own, a minute after the one before."""
    made = report_of(result(started_at=(BEGAN + timedelta(minutes=number)).timestamp(), **choices))
    made["loadkit"]["name"] = name
    made["loadkit"]["run"] = f"20261121-09{number:02}00-aaaa"
    made["loadkit"]["fingerprint"] = {"id": fingerprint}
    return made


@pytest.fixture
def store(history_url: str) -> Iterator[Store]:
    with open_store(history_url) as made:
        yield made


def test_a_report_comes_back_as_it_went_in(store: Store):
    given = report(name="ünï", summary=merge_all([second(0), failing_second(1)]))
    store.add(given)
    assert store.report("latest") == msgspec.json.decode(msgspec.json.encode(given))


def test_a_row_tells_the_key_numbers(store: Store):
    store.add(report(tags={"team": "shop"}, judged=merge_all([second(0, requests=30), failing_second(1)])))
    (run,) = store.runs()
    assert (run.id, run.started_at) == ("20261121-090000-aaaa", BEGAN)
    assert (run.requests, run.error_rate, run.tags) == (32, 2 / 32, {"team": "shop"})
    assert run.p50_ms == pytest.approx(25, rel=0.01)
    assert (run.status, run.fingerprint) == (RunStatus.PASSED, "f1")


def test_adding_a_run_again_changes_nothing(store: Store):
    store.add(report(tags={"team": "shop"}))
    store.add(report(name="another", tags={"team": "cart"}))
    assert [(run.name, run.tags) for run in store.runs()] == [("shop", {"team": "shop"})]


@pytest.mark.parametrize(
    ("choices", "status"),
    [
        ({}, RunStatus.PASSED),
        ({"verdicts": (verdict(Status.FAIL),)}, RunStatus.FAILED),
        ({"measurement": Measurement(status=Validity.INVALID, reasons=("too slow",))}, RunStatus.INVALID),
        (
            {"measurement": Measurement(status=Validity.INVALID, reasons=("the run was cut off after 3s",))},
            RunStatus.CUT_OFF,
        ),
        ({"signal": "SIGTERM"}, RunStatus.STOPPED),
    ],
)
def test_a_status_is_one_word_for_how_a_run_ended(store: Store, choices, status):
    assert store.add(report(**choices)).status is status
    assert store.runs(statuses=[status])


def test_runs_are_filtered_and_the_newest_comes_first(store: Store):
    store.add(report(1, tags={"branch": "main"}))
    store.add(report(0, tags={"branch": "x", "keep": ""}, fingerprint="f2"))
    store.add(report(2, name="cart"))
    ids = [run.id[11:13] for run in store.runs()]
    assert [run.id[9:13] for run in store.runs()] == ["0902", "0901", "0900"], ids
    assert [run.name for run in store.runs(name="cart")] == ["cart"]
    assert [run.id[9:13] for run in store.runs(tags={"branch": "main"})] == ["0901"]
    assert [run.id[9:13] for run in store.runs(tags={"keep": None})] == ["0900"]
    assert [run.id[9:13] for run in store.runs(fingerprint="f1", limit=1)] == ["0902"]


def test_a_run_is_found_by_what_people_write(store: Store, tmp_path: Path):
    for number in range(3):
        store.add(report(number))
    assert store.find("latest").id == "20261121-090200-aaaa"
    assert store.find("latest~2").id == "20261121-090000-aaaa"
    assert store.find("20261121-0901").id == "20261121-090100-aaaa"
    file = tmp_path / "kept" / "report.json"
    file.parent.mkdir()
    file.write_bytes(msgspec.json.encode(report(7)))
    assert store.find(str(file)).id == store.find(str(file.parent)).id == "20261121-090700-aaaa"
    assert store.report(str(file))["loadkit"]["run"] == "20261121-090700-aaaa"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("20261121-09", "20261121-09 may be each of 20261121-090100-aaaa, 20261121-090000-aaaa; write more of it"),
        ("2025", "there is no run 2025: there are 20261121-090100-aaaa, 20261121-090000-aaaa"),
        ("latest~2", "there is no run latest~2: there are 20261121-090100-aaaa, 20261121-090000-aaaa"),
        ("", "there is no run : there are 20261121-090100-aaaa, 20261121-090000-aaaa"),
        ("%", "there is no run %: there are 20261121-090100-aaaa, 20261121-090000-aaaa"),
    ],
)
def test_a_text_that_means_no_run_is_refused(store: Store, text, message):
    store.add(report(0))
    store.add(report(1))
    with pytest.raises(UsageError) as refused:
        store.find(text)
    assert str(refused.value) == message


def test_hostile_texts_and_numbers_of_a_report_harm_nothing(store: Store):
    given = report(name="a\0b'; DROP TABLE runs; --\x1b[31m", tags={"k\0": "%_\\"})
    store.add(given)
    (run,) = store.runs(tags={"k": "%_\\"})
    assert run.name == "ab'; DROP TABLE runs; --\x1b[31m"
    given["loadkit"]["judged"]["requests"] = 10**30
    with pytest.raises(UsageError, match="is not a report of loadkit"):
        store.add(given)


def test_tags_are_set_and_taken_away(store: Store):
    store.add(report(tags={"team": "shop", "old": "1"}))
    store.tag("20261121-090000-aaaa", {"keep": "", "team": "cart", "old": None})
    assert store.find("latest").tags == {"keep": "", "team": "cart"}


def test_a_removed_run_is_gone_with_its_tags(store: Store):
    store.add(report(tags={"team": "shop"}))
    assert store.remove("20261121-090000-aaaa")
    assert not store.remove("20261121-090000-aaaa")
    assert not store.runs()
    assert store.add(report()).tags == {}


_WRITER = """
import json, sys
from loadkit.report.history import open_store
report = json.load(open(sys.argv[2]))
sys.stdin.read()  # until everybody is there
for number in range(25):
    report["loadkit"]["run"] = f"20261121-0900{number:02}-{sys.argv[3]}"
    with open_store(sys.argv[1]) as store:
        store.add(report)
"""


def test_two_processes_that_open_a_new_history_and_write_at_once_lose_nothing(history_url: str, tmp_path: Path):
    (tmp_path / "report.json").write_bytes(msgspec.json.encode(report()))
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, history_url, tmp_path / "report.json", name * 4],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in "ab"
    ]
    with ThreadPoolExecutor(2) as threads:
        ends = list(threads.map(lambda writer: writer.communicate("", timeout=60)[1], writers))
    assert [(writer.returncode, end) for writer, end in zip(writers, ends, strict=True)] == [(0, ""), (0, "")]
    with open_store(history_url) as store:
        assert len(store.runs()) == 50


def test_the_migrations_make_the_tables_as_the_code_has_them(history_url: str):
    made = Database(history_url)
    with made.reading() as connection:
        found = sa.inspect(connection)
        assert set(found.get_table_names()) >= set(METADATA.tables)
        for table in METADATA.tables.values():
            columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
            assert columns == {column.name: column.nullable for column in table.columns}, table.name


def test_a_history_of_the_first_revision_is_brought_up_to_date(history_url: str, monkeypatch):
    newest = revisions()[-1]
    monkeypatch.setattr(database, "revisions", lambda: ["0001_runs"])

    def upgrade_to_first(connection: sa.Connection) -> None:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(database.MIGRATIONS))
        alembic.command.upgrade(config, "0001_runs")

    monkeypatch.setattr(database, "_migrate", upgrade_to_first)
    with open_store(history_url) as store:
        store.add(report())
    monkeypatch.undo()
    with open_store(history_url) as store:
        assert store.report("latest")["loadkit"]["name"] == "shop"
        with store.database.reading() as connection:
            assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == newest


def test_a_history_of_a_newer_loadkit_is_left_alone(history_url: str):
    made = Database(history_url)
    with made.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999_later'"))
    with pytest.raises(PreflightError, match=r"was written by a newer loadkit \(9999_later\); upgrade this one"):
        Database(history_url)


def test_a_transaction_that_breaks_leaves_nothing(store: Store):
    store.add(report())

    def remove_and_break() -> None:
        with store.database.writing() as connection:
            connection.execute(sa.text("DELETE FROM runs"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        remove_and_break()
    assert len(store.runs()) == 1
