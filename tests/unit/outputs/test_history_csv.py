import csv
import io
from datetime import datetime

from loadkit.outputs.history_csv import ATTRIBUTES, METRIC_COLUMNS, history_csv
from tests.support.histories import run_id, run_report


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_is_as_otava_reads_it() -> None:
    """Otava wants a header, an instant with its zone in `time`, and a number in each cell of a metric."""
    table = rows(history_csv([(run_id(1), run_report(1, errors=100)), (run_id(0), run_report(0))]))
    assert [row["run"] for row in table] == [run_id(0), run_id(1)]
    assert list(table[0]) == ["time", *ATTRIBUTES, *METRIC_COLUMNS]
    assert all(datetime.fromisoformat(row["time"]).tzinfo for row in table)
    assert [float(table[1][column]) for column in METRIC_COLUMNS] == [100.0, 200.0, 300.0, 0.01, 100.0]


def test_a_run_without_a_number_has_no_row() -> None:
    silent = run_report(1, names=["/cart"])
    assert [row["run"] for row in rows(history_csv([("a", run_report()), ("b", silent)], of="/products"))] == ["a"]


def test_names_are_quoted_where_they_must_be() -> None:
    report = run_report()
    report["loadkit"]["name"] = 'shop, "new"\nline'
    assert rows(history_csv([("a", report)]))[0]["name"] == 'shop, "new"\nline'


def test_the_same_history_gives_the_same_bytes() -> None:
    reports = [(run_id(number), run_report(number)) for number in range(3)]
    assert history_csv(reports) == history_csv(reversed(reports))
