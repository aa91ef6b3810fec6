"""`/metrics`: who may ask, in which form, and when the command need not wait for anybody."""

import socket
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as classic

from loadkit.errors import PreflightError
from loadkit.outputs.exporter import ExportedRun, OptionFault, Second
from loadkit.outputs.openmetrics import label_name
from loadkit.outputs.prometheus import Scraped
from loadkit.registry import plugin
from tests.support.ports import free_port
from tests.support.results import second

RUN = ExportedRun(
    run="r1",
    test="shop",
    target="",
    started_at=5.0,
    labels={"test": "shop", "run": "r1", "name": "x"},
    tags={"a b": "1"},
)


def made_at(port: int, **more: object) -> Scraped:
    made: Scraped = plugin("exporter", "prometheus").make({"listen": port, **more})
    return made


@pytest.fixture
def served() -> Iterator[Scraped]:
    made = made_at(free_port(), linger="20s")
    made.check()
    made.start(RUN)
    made.take([Second(snapshot=second(0), ended_at=1.0)])
    yield made
    made.close()


def scrape(served: Scraped, path: str | None = None, accept: str = "text/plain") -> tuple[str, str]:
    url = served.to if path is None else served.to.replace("/metrics", path)
    with urlopen(Request(url, headers={"Accept": accept}), timeout=10) as answer:
        return answer.read().decode(), answer.headers["Content-Type"]


def test_a_scraper_gets_the_form_that_it_asks_for(served: Scraped) -> None:
    text, kind = scrape(served)
    assert kind.startswith("text/plain; version=0.0.4")
    assert {family.name for family in classic(text)} >= {"loadkit_requests", "loadkit_request_duration_seconds"}
    text, kind = scrape(served, accept="application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    assert {family.name for family in open_metrics(text)} >= {"loadkit_requests", "loadkit_run"}


def test_labels_of_the_run_stand_back_behind_those_of_a_value(served: Scraped) -> None:
    text, _ = scrape(served)
    assert 'loadkit_requests_total{name="/products",run="r1",scenario="",test="shop"} 10.0' in text
    assert 'loadkit_run_info{name="x",run="r1",tag_a_b="1",' in text


def test_there_is_nothing_else_to_be_had(served: Scraped) -> None:
    assert "/metrics" in scrape(served, "/")[0]
    with pytest.raises(HTTPError) as caught:
        scrape(served, "/etc/passwd")
    assert caught.value.code == 404
    caught.value.close()


def test_before_the_run_begins_a_scrape_is_empty() -> None:
    made = made_at(free_port())
    made.check()
    assert scrape(made)[0] == ""
    made.close()


def test_nobody_is_waited_for_who_never_came(served: Scraped) -> None:
    served.end()
    assert not served.waiting()


def test_a_scraper_is_waited_for_until_it_has_the_totals(served: Scraped) -> None:
    scrape(served)
    assert not served.waiting()  # the run goes on
    served.take([Second(snapshot=second(1), ended_at=2.0)])
    served.end()
    assert served.waiting()
    assert "loadkit_run_active" in scrape(served)[0]
    assert not served.waiting()


def test_a_port_that_is_taken_is_found_before_any_load() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        made = made_at(taken.getsockname()[1])
        with pytest.raises(
            PreflightError, match=r"cannot listen on 127.0.0.1:\d+: address already in use; choose another"
        ):
            made.check()
        made.close()


@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1"])
def test_a_host_that_is_not_this_machine_is_not_cured_by_another_port(host: str) -> None:
    made = plugin("exporter", "prometheus").make({"listen": f"{host}:9464"})
    with pytest.raises(PreflightError, match="name an address of this machine, or only a port"):
        made.check()
    made.close()


@pytest.mark.parametrize(
    ("listen", "to"),
    [
        ("9464", "http://127.0.0.1:9464/metrics"),
        (9464, "http://127.0.0.1:9464/metrics"),
        ("0.0.0.0:9464", "http://0.0.0.0:9464/metrics"),
        ("[::1]:9464", "http://[::1]:9464/metrics"),
    ],
)
def test_addresses(listen: str | int, to: str) -> None:
    assert plugin("exporter", "prometheus").make({"listen": listen}).to == to


@pytest.mark.parametrize(
    "listen", ["", "localhost", "localhost:", ":", "a:b", "1.2.3.4:70000", "http://localhost:1", "0"]
)
def test_addresses_that_mean_nothing(listen: str) -> None:
    with pytest.raises(OptionFault):
        plugin("exporter", "prometheus").make({"listen": listen})


@pytest.mark.parametrize(
    ("text", "name"), [("team", "team"), ("a b-c", "a_b_c"), ("7x", "_7x"), ("le", "le_"), ("__x", "__x_"), ("", "_")]
)
def test_names_of_labels(text: str, name: str) -> None:
    assert label_name(text) == name
