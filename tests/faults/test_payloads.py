"""CSV files that are huge or mean harm, and values that try to become something else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.case import MB, Case, assert_invariants, load, run_case
from tests.faults.server import Target

LARGE = 100 * MB


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file whose n-th row says n; a tenth of what it stands for, since time grows with it and memory does not."""
    path = tmp_path_factory.mktemp("payload") / "large.csv"
    number = 0
    with path.open("w") as file:
        file.write("id,mail,note\n")
        while file.tell() < LARGE:
            file.writelines(f"{n},user-{n}@example.com,{'x' * 500}\n" for n in range(number, number + 10_000))
            number += 10_000
    yield path
    path.unlink()


@pytest.mark.parametrize(("order", "workers"), [("sequence", 2), ("random", 1)])
def test_a_large_file_takes_no_memory(
    faults: Target, good: Case, tmp_path: Path, large: Path, order: str, workers: int
) -> None:
    flow = [{"log": "row {{ id }} {{ mail }}"}, {"get": {"url": "/ok?{{ id }}", "name": "page"}}]
    config = {"payload": {"path": str(large), "order": order}, "seed": 3}
    scenario = load(faults.http, flow, phases=[{"duration": 2, "arrivalRate": 100}], config=config)
    case = run_case(tmp_path, scenario, "--workers", workers)
    assert_invariants(case, exit_code=0, good=good)
    rows = [line.split() for line in case.out.splitlines() if line.startswith("row ")]
    assert all(mail == f"user-{number}@example.com" for _, number, mail in rows)
    numbers = sorted(int(number) for _, number, _ in rows)
    assert len(numbers) == case.started
    if order == "sequence":  # each row once, whatever the number of workers
        assert len(set(numbers)) == case.started
        assert numbers[-1] < 200
    else:
        assert len(set(numbers)) > 0.95 * case.started


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"id,n\n1,2\n3\n", "line 3 has 1 value where 2 are expected"),
        (b"id\n1\n2\0\n", "line 3 has a NUL character"),
        (b"id\n1\n\xff\xfe\n", "line 3 is not UTF-8"),
        (b'id\n1\n"' + b"x" * 10_000_000 + b'"\n', "line 3 is longer than 1,000,000 bytes"),
        (b'id\n1\n"' + b"x\n" * 5_000_000 + b'"\n', "line 3 is not CSV: field larger than field limit"),
        (b"x" * 200_000_000, "line 1 is longer than 1,000,000 bytes"),
    ],
    ids=["ragged", "NUL", "not UTF-8", "10 MB line", "10 MB field", "200 MB line"],
)
def test_a_wrong_row_is_named_before_load(good: Case, faults: Target, tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "data.csv").write_bytes(data)
    case = run_case(tmp_path, load(faults.http, "/ok?never", config={"payload": {"path": "data.csv"}}))
    assert (case.code, "Traceback" in case.err) == (2, False)
    assert "error LK210" in case.err
    assert said in case.err
    assert case.coordinator.peak_rss - good.coordinator.peak_rss < 50 * MB
    assert faults.seen("/ok?never")[0] == 0


def test_values_stay_values(faults: Target, good: Case, tmp_path: Path) -> None:
    """A line break in a header or a body's boundary, a URL of its own, a formula, a template."""
    rows = ["\ufeffkind,value", '1,"a\r\nX-Injected: yes"', "2,=cmd|' /C calc'!A0", "3,{{ kind }}", "4,a b/../?x=1#y"]
    (tmp_path / "data.csv").write_bytes("\n".join(rows).encode())
    config: dict[str, Any] = {"payload": {"path": "data.csv", "order": "sequence"}}
    flow = [
        {"log": "value {{ value }}"},
        {"get": {"url": "/ok?in-url={{ value }}", "name": "in url"}},
        {"post": {"url": "/ok?in-form", "form": {"v": "{{ value }}"}, "name": "in form"}},
        {"get": {"url": "/ok?in-header", "headers": {"X-Value": "{{ value }}"}, "name": "in header"}},
    ]
    scenario = load(faults.http, flow, phases=[{"duration": 1, "arrivalCount": 4}], config=config)
    case = run_case(tmp_path, scenario, "--workers", 1)
    assert_invariants(case, exit_code=0, good=good)
    assert case.errors == {"ERR_INVALID_REQUEST": 1}  # the first row's header
    assert "a header's value contains a line break" in case.texts
    assert "value {{ kind }}" in case.out
    assert "value =cmd|' /C calc'!A0" in case.out
    for path in ("/ok?in-form", "/ok?in-header"):
        count, heads = faults.seen(path)
        assert count == (3 if path.endswith("header") else 4)
        assert not any(line.startswith("X-Injected") for head in heads for line in head.splitlines())
    assert faults.seen("/ok?in-url=a%0D%0AX-Injected:%20yes")[0] == 1
    assert faults.seen("/ok?in-url={{%20kind%20}}")[0] == 1
    assert faults.seen("/ok?in-url=a%20b/../?x=1")[0] == 1
