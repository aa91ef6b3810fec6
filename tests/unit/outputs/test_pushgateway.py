"""A gateway that gets the totals of a run."""

from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from loadkit.outputs.exporter import ExportedRun, OptionFault, Second
from loadkit.outputs.pushgateway import Pushed
from loadkit.registry import plugin
from tests.support.receivers import http_receiver
from tests.support.results import second

RUN = ExportedRun(run="r1", test="shop", target="", started_at=5.0, labels={"test": "shop", "run": "r1"})


def pushed(url: str, **more: object) -> Pushed:
    made: Pushed = plugin("exporter", "pushgateway").make({"url": url, **more})
    made.start(RUN)
    return made


def test_each_push_replaces_the_group_of_the_run() -> None:
    with http_receiver() as inbox:
        made = pushed(f"http://ann:s%40cret@127.0.0.1:{inbox.port}/base/", job="shop load")
        made.take([Second(snapshot=second(0), ended_at=1.0)])
        made.take([Second(snapshot=second(0), ended_at=1.0), Second(snapshot=second(1), ended_at=2.0)])  # tried again
        made.end()
    assert made.to == f"http://127.0.0.1:{inbox.port}/base"
    assert [(one.method, one.path) for one in inbox.got] == [("PUT", "/base/metrics/job/shop%20load/run/r1")] * 3
    assert inbox.got[0].headers["Authorization"] == "Basic YW5uOnNAY3JldA=="
    families = {family.name: family for family in text_string_to_metric_families(inbox.got[-1].body.decode())}
    (requests,) = families["loadkit_requests"].samples
    assert (requests.value, "run" in requests.labels) == (20, False)
    assert families["loadkit_run_active"].samples[0].value == 0


def test_names_begin_with_the_prefix_and_a_tag_may_stand_in_for_the_run() -> None:
    with http_receiver() as inbox:
        made: Pushed = plugin("exporter", "pushgateway").make(
            {"url": f"http://127.0.0.1:{inbox.port}", "prefix": "shop_"}
        )
        made.start(replace(RUN, labels={"test": "shop", "run": "nightly"}))
        made.take([Second(snapshot=second(0), ended_at=1.0)])
    (one,) = inbox.got
    assert one.path == "/metrics/job/loadkit/run/nightly"
    families = list(text_string_to_metric_families(one.body.decode()))
    assert {family.name.partition("_")[0] for family in families} == {"shop"}
    assert {"shop_requests", "shop_run_info", "shop_run_active", "shop_request_duration_seconds"} <= {
        family.name for family in families
    }


@pytest.mark.parametrize(
    ("options", "key"),
    [({"prefix": "my-app_"}, "prefix"), ({"prefix": "1_"}, "prefix"), ({"tags": {"job": "x"}}, "tags")],
)
def test_options_that_a_gateway_cannot_have(options: dict[str, object], key: str) -> None:
    with pytest.raises(OptionFault) as caught:
        plugin("exporter", "pushgateway").make({"url": "http://a", **options})
    assert caught.value.key == key


@pytest.mark.parametrize(("job", "path"), [("a/b", "/job@base64/YS9i"), ("", "/job@base64/="), ("ü", "/job/%C3%BC")])
def test_what_no_path_can_hold_is_encoded(job: str, path: str) -> None:
    with http_receiver() as inbox:
        pushed(f"http://127.0.0.1:{inbox.port}", job=job).end()
    assert inbox.got[0].path == f"/metrics{path}/run/r1"


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:9091", "ftp://a", "http://", "http://a:b", "http://a:99999", "http://a/?x=1"]
)
def test_urls_that_mean_nothing(url: str) -> None:
    with pytest.raises(OptionFault) as caught:
        plugin("exporter", "pushgateway").make({"url": url})
    assert caught.value.key == "url"
