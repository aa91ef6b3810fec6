"""What a target of demo:// asks for."""

import pytest

from loadkit.scenario.demo_target import Queue, ShopTarget, read_demo, read_queue, read_shop


@pytest.mark.parametrize("target", ["demo://", "demo:///"])
def test_without_more_it_is_the_shop(target: str) -> None:
    assert read_demo(target) is None


@pytest.mark.parametrize(
    ("text", "queue"),
    [
        ("servers=4,service=5ms", Queue(servers=4, service_ns=5_000_000)),
        ("c=4,service=5", Queue(servers=4, service_ns=5_000_000)),
        ("service=1s", Queue(service_ns=10**9)),
        ("service=20ms,sigma=0.03,kappa=0.0002,seed=7", Queue(service_ns=20_000_000, sigma=0.03, kappa=0.0002, seed=7)),
    ],
)
def test_a_queue_is_read_in_a_target_and_in_an_option(text: str, queue: Queue) -> None:
    assert read_queue(text) == queue
    assert read_demo(f"demo://queue?{text.replace(',', '&')}") == queue
    assert read_queue(queue.text()) == queue


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("servers=4", "mean time of a service"),
        ("servers=0,service=5ms", "whole number from 1"),
        ("servers=4.5,service=5ms", "whole number from 1"),
        ("service=0", "above zero"),
        ("service=quick", "not a duration"),
        ("size=4,service=5ms", "size=4"),
        ("servers,service=5ms", "servers"),
        ("service=5ms,sigma=2", "from 0 to 1"),
        ("service=5ms,servers=2,sigma=0.1", "either"),
    ],
)
def test_what_means_nothing_is_refused_with_what_may_be_written(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_queue(text)


def test_a_demo_with_a_host_is_refused() -> None:
    with pytest.raises(ValueError, match=r"demo://queue\?servers=4&service=5ms"):
        read_demo("demo://shop.example/products")


def test_the_law_of_servers_and_the_universal_scalability_law() -> None:
    servers = Queue(servers=4, service_ns=5_000_000)
    assert [servers.rate_per_s(number) for number in (1, 3, 4, 9)] == [200, 600, 800, 800]
    law = Queue(service_ns=20_000_000, sigma=0.03, kappa=0.0002)
    assert law.rate_per_s(1) == 50
    assert law.rate_per_s(10) == pytest.approx(500 / (1 + 0.27 + 0.0002 * 90))


def test_the_shop_can_be_slower() -> None:
    assert read_demo("demo://?slowdown=1.6") is None
    assert read_shop("demo://?slowdown=1.6") == ShopTarget(slowdown=1.6)
    assert {read_shop(target) for target in ("demo://", "demo:///", "demo://queue?service=5ms")} == {ShopTarget()}


def test_the_shop_can_keep_memory() -> None:
    assert read_shop("demo://?leak=1MB&per=200") == ShopTarget(leak=5000)
    assert read_shop("demo://?leak=1MB") == ShopTarget(leak=10_000)
    assert read_shop("demo://?cache=20MB&slowdown=2") == ShopTarget(cache=20_000_000, slowdown=2)
    for query in ("leak=much", "leak=1MB&per=0", "per=100", "cache=-1"):
        with pytest.raises(ValueError, match=r"demo://\?"):
            read_demo(f"demo://?{query}")


@pytest.mark.parametrize("query", ["slowdown=0", "slowdown=much", "slowdown=inf", "speed=2", "slowdown"])
def test_the_shop_can_be_nothing_else(query: str) -> None:
    with pytest.raises(ValueError, match=r"write demo://\?slowdown=1.6"):
        read_demo(f"demo://?{query}")
