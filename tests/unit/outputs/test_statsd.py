"""Lines of StatsD, with and without tags."""

import math
from string import ascii_letters, digits

import pytest

from loadkit.outputs.exporter import ExportedRun, OptionFault, Second
from loadkit.outputs.statsd import PACKET, Lines, packed, part, read_lines, tag
from loadkit.slo.spending import RunBudget
from tests.support.results import failing_second, second

RUN = ExportedRun(run="r1", test="shop", target="", started_at=0.0, labels={"test": "shop", "run": "r1"})


def lines(*, tagged: bool, snapshot=None, **more) -> list[str]:
    made = Lines("127.0.0.1", 8125, prefix="load.", tagged=tagged)
    made.start(RUN)
    return list(made.lines(Second(snapshot=snapshot or second(0), ended_at=1.0, **more)))


def test_labels_are_parts_of_plain_names() -> None:
    found = lines(tagged=False)
    assert "load.requests.products:10|c" in found
    assert "load.responses.products.200:10|c" in found
    assert "load.vusers:3|g" in found
    assert "load.vusers_created.browse:10|c" in found
    assert "load.request_duration_ms.products.count:10|c" in found


def test_times_are_gauges_of_percentiles_in_milliseconds() -> None:
    (median,) = (line for line in lines(tagged=False) if ".request_duration_ms.products.p50:" in line)
    assert float(median.split(":")[1].removesuffix("|g")) == pytest.approx(25, rel=2e-3)
    assert "load.request_duration_ms.products.max:25|g" in lines(tagged=False)
    assert "load.request_service_ms.products.mean:20|g" in lines(tagged=False)


def test_labels_are_tags_of_dogstatsd() -> None:
    found = lines(tagged=True)
    assert "load.requests:10|c|#name:/products,test:shop,run:r1" in found
    assert "load.request_duration_ms.max:25|g|#name:/products,test:shop,run:r1" in found
    errors = lines(tagged=True, snapshot=failing_second(0))
    assert "load.errors:2|c|#name:/cart,error:ECONNREFUSED,test:shop,run:r1" in errors


def test_a_value_below_zero_is_no_change_of_a_gauge() -> None:
    budget = RunBudget(name="fast", budget=0.01, bad=3, total=100, unit="events", planned=100, allowed=1)
    found = lines(tagged=False, budgets=(budget,))
    at = found.index("load.slo_budget_remaining_ratio.fast:-2|g")
    assert found[at - 1] == "load.slo_budget_remaining_ratio.fast:0|g"
    assert "load.slo_budget_remaining_ratio:-2|g|#slo:fast,test:shop,run:r1" in lines(tagged=True, budgets=(budget,))


def test_what_is_no_number_is_left_out() -> None:
    budget = RunBudget(name="all", budget=0.0, bad=3, total=100, unit="events", planned=100, allowed=0)
    assert math.isinf(budget.used)
    assert not [line for line in lines(tagged=False, budgets=(budget,)) if "inf" in line or "nan" in line]


@pytest.mark.parametrize(
    ("text", "plain", "tagged"),
    [
        ("/cart", "cart", "/cart"),
        ("a.b:c|d@e", "a_b_c_d_e", "a.b:c_d@e"),
        ("two words,#x", "two_words_x", "two_words_x"),
        ("...", "_", "..."),
        ("x" * 500, "x" * 100 + "_0ab2ce51", "x" * 100),
    ],
)
def test_names_do_not_break_out(text: str, plain: str, tagged: str) -> None:
    assert (part(text), tag(text)) == (plain, tagged)


def test_names_that_lose_letters_stay_apart() -> None:
    assert (part("/café crème"), part("a—b")) == ("cafe_creme", "a_b")
    assert part("/カート") == part("/カート") != part("/商品")
    assert part("/商品/list").startswith("list_")
    long = "/search/" + "x" * 200
    assert part(f"{long}1") != part(f"{long}2")
    assert all(set(part(text)) <= set(f"{ascii_letters}{digits}_-") for text in ("/カート", f"{long}1", "\udcff", ""))


def test_datagrams_are_as_full_as_they_may_be() -> None:
    given = [f"load.requests.{index:04d}:{index:04d}|c" for index in range(500)]
    packets = list(packed(iter(given)))
    assert all(len(packet) <= PACKET for packet in packets)
    assert all(len(packet) + len(given[0]) + 1 > PACKET for packet in packets[:-1])
    assert b"\n".join(packets).decode().split("\n") == given


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"to": "localhost"}, "to"),
        ({"to": "localhost:0"}, "to"),
        ({"to": "127.0.0.1:8125", "prefix": "a b"}, "prefix"),
        ({"to": "127.0.0.1:8125", "tags": {"a": "b"}}, "tags"),
    ],
)
def test_options_that_mean_nothing_are_named(options: dict[str, object], key: str) -> None:
    with pytest.raises(OptionFault) as caught:
        read_lines(options, tagged=False)
    assert caught.value.key == key


def test_a_place_that_means_nothing_teaches_one_of_statsd() -> None:
    with pytest.raises(OptionFault) as caught:
        read_lines({"to": "localhost"}, tagged=False)
    assert caught.value.hint == "such as 127.0.0.1:8125"
