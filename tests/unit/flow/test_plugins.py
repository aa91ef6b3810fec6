from typing import Any

import pytest

from loadkit.flow.plugins import EndpointOptions, comes_before, endpoint_options, options_of


def test_options_are_those_of_a_plugin_that_is_listed() -> None:
    config = {"plugins": {"expect": {"outputFormat": "json"}, "ensure": None}}
    assert options_of(config, "expect") == {"outputFormat": "json"}
    assert options_of(config, "ensure") == {}
    assert options_of(config, "apdex") is None
    assert options_of({}, "expect") is None


@pytest.mark.parametrize(
    ("listed", "first"),
    [
        ([], False),
        (["metrics-by-endpoint"], False),
        (["expect"], True),
        (["expect", "metrics-by-endpoint"], True),
        (["metrics-by-endpoint", "expect"], False),
    ],
)
def test_plugins_look_at_a_response_in_the_order_of_the_list(listed: list[str], first: bool) -> None:
    config = {"plugins": {name: {} for name in listed}}
    assert comes_before(config, "expect", "metrics-by-endpoint") is first


@pytest.mark.parametrize(
    ("plugins", "options"),
    [
        ({}, EndpointOptions()),
        ({"metrics-by-endpoint": None}, EndpointOptions()),
        ({"metrics-by-endpoint": {}}, EndpointOptions(strip_query=False)),
        (
            {"metrics-by-endpoint": {"stripQueryString": "true", "groupDynamicURLs": False, "metricsNamespace": "x"}},
            EndpointOptions(group_dynamic=False, namespace="x"),
        ),
        (
            {"metrics-by-endpoint": {"useOnlyRequestNames": True, "ignoreUnnamedRequests": True}},
            EndpointOptions(only_names=True, strip_query=False, ignore_unnamed=True),
        ),
    ],
)
def test_a_query_is_cut_unless_the_plugin_has_options_of_its_own(plugins: Any, options: EndpointOptions) -> None:
    assert endpoint_options({"plugins": plugins}) == options
