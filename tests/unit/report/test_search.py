import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from loadkit.report.facts import RunStatus
from loadkit.report.history import RUN_ROWS, TAG_ROWS, Store, open_store
from loadkit.report.search import ORDERS, Search, comparable, names, search
from tests.support.histories import BEGAN, run_id, run_report
from tests.support.results import invalid


@pytest.fixture
def store(history_url: str):
    with open_store(history_url) as store:
        for number in range(4):
            report = run_report(number)
            report["loadkit"].update(name=f"shop {number}", tags={"branch": "main" if number < 3 else "x%y_z"})
            store.add(report)
        store.add(run_report(4, measurement=invalid()))
        yield store


def ids(store: Store, **asked: object) -> list[str]:
    return [run.id for run in search(store, Search(**asked)).runs]


def test_runs_are_found_by_any_of_their_texts(store: Store) -> None:
    assert ids(store, text="SHOP 1") == [run_id(1)]
    assert ids(store, text=run_id(2)[:8]) == [run_id(2)]
    assert ids(store, text="branch:main") == [run_id(2), run_id(1), run_id(0)]
    assert ids(store, text="x%y_z") == [run_id(3)]
    assert ids(store, text="%") == [run_id(3)]  # a character like any other
    assert ids(store, text="nothing like it") == []
    assert ids(store, text="shop", name="shop 2") == [run_id(2)]
    assert ids(store, status=RunStatus.INVALID) == [run_id(4)]


def test_pages_have_the_number_of_all(store: Store) -> None:
    first, second = (search(store, Search(limit=2, offset=offset)) for offset in (0, 2))
    assert [run.id for run in (*first.runs, *second.runs)] == [run_id(number) for number in (4, 3, 2, 1)]
    assert (first.total, second.total) == (5, 5)


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_is_that_of_its_column_in_both_directions(store: Store, order: str) -> None:
    every = {run_id(number) for number in range(5)}
    for descending in (True, False):
        assert set(ids(store, order=order, descending=descending)) == every
    if order == "name":
        found = [run.name for run in search(store, Search(order=order, descending=False)).runs]
        assert found == sorted(found)


def test_runs_without_a_value_come_last(store: Store) -> None:
    with store.database.writing() as connection:
        connection.execute(sa.update(RUN_ROWS).where(RUN_ROWS.c.id == run_id(1)).values(p95_ms=None))
    assert {ids(store, order="p95", descending=descending)[-1] for descending in (True, False)} == {run_id(1)}


def test_names_are_those_of_the_newest_runs_first(store: Store) -> None:
    assert names(store)[1:] == ["shop 3", "shop 2", "shop 1", "shop 0"]
    assert len(names(store, most=2)) == 2


def test_comparable_runs_are_counted_apart_from_others(store: Store) -> None:
    store.add(run_report(5, fingerprint="f2"))
    runs, left_out = comparable(store, store.find(run_id(0)), last=2)
    assert [run.id for run in runs] == [run_id(3), run_id(2)]
    assert left_out == {
        "of another scenario, phases, target or host": 1,
        "invalid, stopped or cut off": 1,
        "paused or of a changed rate": 0,
    }


def test_ten_thousand_runs_are_as_quick_as_ten(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/history.db") as store:
        store.add(run_report(0))
        with store.database.writing() as connection:
            row = dict(connection.execute(sa.select(RUN_ROWS)).mappings().one())
            rows = [{**row, "id": f"r{n}", "started_at": BEGAN + timedelta(hours=n)} for n in range(10_000)]
            connection.execute(sa.insert(RUN_ROWS), rows)
            tags = [{"run_id": f"r{n}", "key": "branch", "value": f"b{n % 7}"} for n in range(10_000)]
            connection.execute(sa.insert(TAG_ROWS), tags)
        began = time.process_time()
        assert search(store, Search(order="p95", offset=9_000)).total == 10_001
        assert search(store, Search(text="branch:b3")).total == 1429
        assert len(names(store)) == 1
        assert len(comparable(store, store.find("r9999"), last=50)[0]) == 50
        assert time.process_time() - began < 2  # of the processor; it is some 0.1 s
