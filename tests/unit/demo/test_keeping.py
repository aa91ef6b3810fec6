"""What the demo keeps of requests."""

from loadkit.demo.keeping import Keeping


def kept(keeping: Keeping, requests: int) -> int:
    for _ in range(requests):
        keeping()
    return sum(map(len, keeping._kept))


def test_a_leak_keeps_so_much_of_each_request_and_a_cache_so_much_of_all() -> None:
    assert kept(Keeping(), 100) == 0
    assert kept(Keeping(leak=2.5), 100) == 250
    assert kept(Keeping(cache=1_000_000), 99) == 990_000
    assert kept(Keeping(cache=1_000_000), 1000) == 1_000_000
