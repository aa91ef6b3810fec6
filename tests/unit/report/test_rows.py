from loadkit.report.rows import Rows, joined

COLUMNS = ["t_s", "requests", "request_rate", "errors", "response_time_p95_ms", "arrivals_due", "vusers_active"]


def row(t_s: int, p95: float | None = 10.0) -> list[float | int | None]:
    return [t_s, 4, 4.0, 1, p95, 5, 3]


def test_seconds_are_kept_as_they_are_while_there_are_few():
    rows = Rows(COLUMNS, most=8)
    assert [rows.add(row(second)) for second in range(1, 8)] == [[row(second)] for second in range(1, 8)]
    assert (rows.step, rows.all) == (1, [row(second) for second in range(1, 8)])


def test_a_long_run_keeps_its_counts_and_its_worst_seconds_in_fewer_rows():
    rows = Rows(COLUMNS, most=8)
    for second in range(1, 101):
        rows.add(row(second, p95=500.0 if second == 3 else 10.0))
    assert rows.step == 16
    assert [made[0] for made in rows.all] == [16, 32, 48, 64, 80, 96]
    assert rows.all[0] == [16, 64, 4.0, 16, 500.0, 80, 3]
    assert rows.all[1][4] == 10.0


def test_a_row_is_told_once_its_stretch_is_complete():
    rows = Rows(COLUMNS, most=2)
    told = [rows.add(row(second)) for second in range(1, 7)]
    assert [len(done) for done in told] == [1, 1, 0, 1, 0, 0]


def test_a_percentile_without_samples_does_not_hide_the_other():
    assert joined(COLUMNS, [row(1, None), row(2, 7.0)])[4] == 7.0
    assert joined(COLUMNS, [row(1, None), row(2, None)])[4] is None
