"""What is kept of a page in Prometheus's format."""

import socket
import threading

import pytest

from loadkit.observe import prometheus
from loadkit.observe.prometheus import PrometheusSampler
from loadkit.slo.observed import Place, Unavailable


class Page(PrometheusSampler):
    """Reads a page that nobody serves."""

    page = ""

    def _fetch(self) -> str:
        return self.page


def sampler(notes: list[str], *series: object) -> Page:
    return Page({"prometheus": "http://user:hunter22@127.0.0.1/metrics", "series": list(series)}, Place(), notes.append)


def test_values_of_all_labels_that_fit_are_added_up() -> None:
    made = sampler([], "up", {"metric": "hits", "labels": {"code": "500"}, "as": "failures"})
    made.page = 'up 1\nhits{code="200"} 7\nhits{code="500",host="a"} 2\nhits{code="500",host="b"} 3\nhits_total 9\n'
    assert made.sample() == {"up": 1, "failures": 5}


def test_labels_are_found_however_they_are_written() -> None:
    value = 'a "quoted" \\ line\nof two'
    made = sampler([], {"metric": "hits", "labels": {"path": value, "code": "500"}, "as": "n"})
    written = r"a \"quoted\" \\ line\nof two"
    lines = (
        f'hits{{path="{written}",code="500"}} 1',
        f'hits{{code="500", path = "{written}"}} 2',
        f'hits{{path="{written}",code="200"}} 4',
        f'hits{{xpath="{written}",code="500"}} 8',
        'hits{code="500"} 16',
        "hits 32",
    )
    made.page = "\n".join(lines) + "\n"
    assert made.sample() == {"n": 3}


def test_a_backslash_is_found_whether_or_not_it_is_doubled() -> None:
    made = sampler([], {"metric": "disk", "labels": {"path": r"C:\data"}})
    made.page = 'disk{path="C:\\data"} 1\ndisk{path="C:\\\\data"} 2\n'
    assert made.sample() == {"disk": 3}


def test_a_metric_with_and_without_labels_is_both() -> None:
    made = sampler([], {"metric": "hits", "labels": {"code": "500"}, "as": "failures"}, "hits")
    made.page = 'hits{code="500"} 1\nhits{code="200"} 2\nhitsome 4\n# hits 8\n hits 16\n'
    assert made.sample() == {"failures": 1, "hits": 3}


def test_a_rate_is_the_rise_and_a_counter_that_fell_began_anew() -> None:
    made = sampler([], {"metric": "hits_total", "rate": True, "as": "hits"})
    made.page = "hits_total 100\n"
    assert made.sample() == {}
    made.page = "hits_total 100\n"
    assert made.sample() == {"hits": 0}
    made.page = "hits_total 5\n"
    assert made.sample()["hits"] > 0


def test_a_metric_that_is_missing_is_said_once_without_the_password() -> None:
    notes: list[str] = []
    made = sampler(notes, "up", "down")
    made.page = "# HELP down it is not there\nup NaN\n"
    assert [made.sample(), made.sample()] == [{}, {}]
    (note,) = notes
    assert "has no metric down" in note
    assert "hunter22" not in note


def test_a_page_in_another_form_is_no_sample() -> None:
    made = sampler([], "up")
    made.page = 'up{code="500} 1\n'
    with pytest.raises(Unavailable, match="not in the text format"):
        made.sample()


def test_a_page_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus, "TIMEOUT_S", 0.3)
    given_up = threading.Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while not given_up.wait(0.02):
                connection.sendall(b"#\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        dripping = threading.Thread(target=drip, args=(server,))
        dripping.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/metrics"
        try:
            with pytest.raises(Unavailable, match="cannot be fetched: it takes more than"):
                PrometheusSampler({"prometheus": url, "series": ["up"]}, Place(), print).sample()
        finally:
            given_up.set()
            dripping.join(10)
