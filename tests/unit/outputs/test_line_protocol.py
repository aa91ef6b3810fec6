"""Lines of InfluxDB's protocol; that a real InfluxDB reads them as they are meant is in tests/e2e/test_pushed.py."""

import numpy as np
import pytest

from loadkit.metrics.histogram import Histogram
from loadkit.outputs.exported import DURATION, MEASURED, REQUESTS, VUSERS, Place
from loadkit.outputs.line_protocol import escaped, lines_of

MS = 1_000_000


def histogram(*ms: int) -> Histogram:
    made = Histogram()
    made.record(np.array(ms, np.int64) * MS)
    return made


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", "plain"),
        ("a b,c=d", r"a\ b\,c\=d"),
        ('"quoted"', '"quoted"'),
        ("two\nlines", r"two\nlines"),
        ("\\", "/"),
        ("ends\\", "ends/"),
        ("a\\,b", r"a/\,b"),
        ("a\\b", "a\\b"),
        ("a\\\\b", "a/\\b"),
        ("é😀", "é😀"),
    ],
)
def test_what_would_end_a_tag_is_escaped(text: str, written: str) -> None:
    assert escaped(text) == written


def test_a_counter_is_a_count_with_its_tags_in_order() -> None:
    points = {Place(REQUESTS, (("name", "GET /a b"), ("scenario", ""))): 12}
    assert list(lines_of(points, {"test": "shop", "run": "k3f9"}, 1_700_000_000_000_000_005)) == [
        r"loadkit_requests,name=GET\ /a\ b,run=k3f9,test=shop count=12i 1700000000000000005"
    ]


def test_a_histogram_is_in_the_unit_of_its_name() -> None:
    (line,) = lines_of({Place(DURATION, ()): histogram(1, 2, 3, 1000)}, {}, 7)
    name, fields, at = line.split(" ")
    assert (name, at) == ("loadkit_request_duration_seconds", "7")
    found = dict(field.split("=") for field in fields.split(","))
    assert found["count"] == "4i"
    assert (float(found["sum"]), float(found["min"]), float(found["max"])) == (1.006, 0.001, 1.0)
    assert float(found["p50"]) == pytest.approx(0.002, rel=1e-3)
    assert float(found["p99"]) == 1.0
    (line,) = lines_of({Place(MEASURED, (("metric", "cart"),)): histogram(5)}, {}, 7)
    assert "sum=5.0,min=5.0,max=5.0" in line


@pytest.mark.parametrize(
    ("value", "lines"), [(3, ["loadkit_vusers value=3.0 7"]), (0.0, ["loadkit_vusers value=0.0 7"])]
)
def test_a_gauge_is_a_float(value: float, lines: list[str]) -> None:
    assert list(lines_of({Place(VUSERS, ()): value}, {}, 7)) == lines


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_left_out(value: float) -> None:
    assert list(lines_of({Place(VUSERS, ()): value}, {}, 7)) == []
