from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadkit.metrics.events import Event
from loadkit.slo.condition import fields_of, holds, parse_condition, time_limits
from loadkit.template.expression import compile_expression
from loadkit.template.grammar import ExpressionFault
from loadkit.units import NS_PER_MS

OK = Event(200, None, frozenset(), 20 * NS_PER_MS, 10 * NS_PER_MS)
BROKEN = OK._replace(status=503)
SLOW = OK._replace(response_ns=400 * NS_PER_MS)
REFUSED = Event(None, "ECONNREFUSED", frozenset(), 5 * NS_PER_MS, 5 * NS_PER_MS)
UNHELD = OK._replace(failed=frozenset({"statusCode"}))


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("status < 500 and not error", [OK, SLOW, UNHELD]),
        ("status < 500", [OK, SLOW, UNHELD]),
        ("not error", [OK, BROKEN, SLOW, UNHELD]),
        ("status < 500 and latency < 300ms", [OK, UNHELD]),
        ("status < 500 and response_time < 300", [OK, UNHELD]),
        ("latency <= 20ms and not error", [OK, BROKEN, UNHELD]),
        ("service_time < 0.01s", [REFUSED]),
        ("check", [OK, BROKEN, SLOW]),
        ("not check", [REFUSED, UNHELD]),
        ("status in (200, 201)", [OK, SLOW, UNHELD]),
        ("status not in (500, 503)", [OK, SLOW, REFUSED, UNHELD]),
        ("status != 503", [OK, SLOW, REFUSED, UNHELD]),
        ('error == "ECONNREFUSED" or 300 < status', [BROKEN, REFUSED]),
        ("error == null", [OK, BROKEN, SLOW, UNHELD]),
        ("!(status >= 500 || error)", [OK, SLOW, UNHELD]),
        ("not not error", [REFUSED]),
    ],
)
def test_a_condition_says_which_requests_are_good(text: str, good: list[Event]) -> None:
    condition = parse_condition(text)
    assert [event for event in (OK, BROKEN, SLOW, REFUSED, UNHELD) if holds(condition, event)] == good


FIELDS = {"status": 1, "response_time": NS_PER_MS, "service_time": NS_PER_MS}
comparisons = st.builds(
    "{} {} {}".format,
    st.sampled_from(sorted(FIELDS)),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
    st.integers(0, 600),
)
conditions = st.recursive(
    comparisons | st.just("not error"),
    lambda inner: (
        st.builds("({} and {})".format, inner, inner)
        | st.builds("({} or {})".format, inner, inner)
        | st.builds("not ({})".format, inner)
    ),
    max_leaves=6,
)


@given(conditions, st.integers(100, 599), st.integers(0, 600), st.integers(0, 600), st.booleans())
def test_a_condition_means_what_the_same_text_means_elsewhere(
    text: str, status: int, response_ms: int, service_ms: int, failed: bool
) -> None:
    values = {
        "status": None if failed else status,
        "error": "ETIMEDOUT" if failed else None,
        "response_time": response_ms,
        "service_time": service_ms,
    }
    event = Event(
        values["status"], "ETIMEDOUT" if failed else None, frozenset(), response_ms * NS_PER_MS, service_ms * NS_PER_MS
    )
    assert bool(holds(parse_condition(text), event)) == bool(compile_expression(text).evaluate(values.get))


@given(
    conditions,
    st.lists(st.tuples(st.integers(100, 599), st.integers(0, 600), st.integers(0, 600)), min_size=1, max_size=20),
)
def test_a_column_is_judged_as_its_rows_are(text: str, rows: list[tuple[int, int, int]]) -> None:
    status, response, service = (np.array(column) for column in zip(*rows, strict=True))
    columns = Event(status, None, frozenset(), response * NS_PER_MS, service * NS_PER_MS)
    condition = parse_condition(text)
    each: Any = [
        bool(holds(condition, Event(one, None, frozenset(), two * NS_PER_MS, three * NS_PER_MS)))
        for one, two, three in rows
    ]
    assert np.broadcast_to(holds(condition, columns), len(rows)).tolist() == each


def test_it_is_known_what_a_condition_reads() -> None:
    condition = parse_condition("status < 500 and not error and (check or latency < 1s)")
    assert fields_of(condition) == {"status", "error", "check", "response_ns"}
    assert list(time_limits(condition)) == [("response_ns", 1000 * NS_PER_MS)]


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("status", 0),
        ("not error and foo", 14),
        ("1 < 2", 0),
        ("-error", 0),
        ("latency < fast", 10),
        ("check == true", 0),
        ("response_time < 999999999s", 16),  # longer than ten years
    ],
)
def test_what_is_no_condition_is_refused_where_it_stands(text: str, offset: int) -> None:
    with pytest.raises(ExpressionFault) as fault:
        parse_condition(text)
    assert fault.value.offset == offset
