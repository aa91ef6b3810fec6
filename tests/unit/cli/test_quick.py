import pytest

from loadkit.cli.quick import Pace, quick_scenario
from loadkit.errors import UsageError
from loadkit.template.compile import compile_value
from loadkit.template.functions import FUNCTIONS


def scenario(url: str = "http://shop.example/products", **options):
    return quick_scenario(url, Pace(**options))


def phase_of(**options):
    (phase,) = scenario(**options)["config"]["phases"]
    return {key: value for key, value in phase.items() if key != "name"}


@pytest.mark.parametrize(
    ("options", "phase"),
    [
        ({}, {"duration": 1, "arrivalCount": 10}),
        ({"count": 3}, {"duration": 1, "arrivalCount": 3}),
        ({"rate": 50.0}, {"duration": "10s", "arrivalRate": 50.0}),
        ({"rate": 0.5, "duration": "1m"}, {"duration": "1m", "arrivalRate": 0.5}),
        ({"users": 20}, {"duration": "10s", "users": 20}),
        ({"users": 20, "rate": 100.0}, {"duration": "10s", "users": 20, "throughput": "100.0/s"}),
    ],
)
def test_options_choose_the_workload(options, phase):
    assert phase_of(**options) == phase


def test_each_of_artillerys_users_repeats_its_request():
    (made,) = scenario(num=7)["scenarios"]
    assert made["flow"] == [{"loop": [{"get": {"url": "/products"}}], "count": 7}]


def test_with_a_rate_each_arrival_is_one_request():
    (made,) = scenario(rate=5.0)["scenarios"]
    assert made["flow"] == [{"get": {"url": "/products"}}]


@pytest.mark.parametrize(
    ("url", "target", "path"),
    [
        ("http://a:8080/x?q=1", "http://a:8080", "/x?q=1"),
        ("https://a", "https://a", "/"),
        ("localhost:8080/x", "http://localhost:8080", "/x"),
        ("demo:///products", "demo://", "/products"),
        ("demo://", "demo://", "/"),
        ("http://u:p@a:1/", "http://a:1", "/"),
        ("http://a/?q={{x}}", "http://a", '/?q={{ "{{" }}x}}'),
    ],
)
def test_a_url_is_target_and_path(url, target, path):
    made = scenario(url, rate=1.0)
    assert made["config"]["target"] == target
    assert made["scenarios"][0]["flow"][0]["get"]["url"] == path


@pytest.mark.parametrize(
    ("url", "auth"),
    [
        ("http://u:p@a/", {"user": "u", "pass": "p"}),
        ("http://u@a/", {"user": "u", "pass": ""}),
        ("http://ann%40x:p%3A%7B%7Bq@a/", {"user": "ann@x", "pass": 'p:{{ "{{" }}q'}),
    ],
)
def test_user_and_password_of_a_url_become_its_requests(url, auth):
    (step,) = scenario(url, rate=1.0)["scenarios"][0]["flow"]
    assert step["get"]["auth"] == auth


@pytest.mark.parametrize("text", ["{{x}}", "{{{x}}}", "{{{{", "a}}b", '{{ "{{" }}', "{"])
def test_nothing_in_a_url_is_a_template(text):
    (step,) = scenario(f"http://a/?q={text}", rate=1.0)["scenarios"][0]["flow"]
    made = compile_value(step["get"]["url"], FUNCTIONS)
    assert made.is_constant
    assert made.text(None) == f"/?q={text}"


def test_a_demo_url_with_a_host_is_refused_with_what_was_meant():
    with pytest.raises(UsageError, match="write demo:///products"):
        scenario("demo://products")


@pytest.mark.parametrize("url", ["ftp://a/", "http:///x", "http://"])
def test_what_is_no_url_is_refused_with_an_example(url):
    with pytest.raises(UsageError, match="write http://host:port/path"):
        scenario(url)


@pytest.mark.parametrize(
    "options",
    [{"rate": 1.0, "count": 1}, {"users": 1, "num": 1}, {"duration": "5s"}, {"count": 5, "duration": "5s"}],
)
def test_options_that_contradict_each_other_are_refused(options):
    with pytest.raises(UsageError):
        scenario(**options)
