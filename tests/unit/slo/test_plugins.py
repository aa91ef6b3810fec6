from typing import Any

import jsonschema
import pytest

from loadkit.slo.plugins import CONFIG, KNOWN_PLUGINS


@pytest.mark.parametrize(
    ("plugins", "fits"),
    [
        ({"ensure": None, "expect": {"outputFormat": "silent"}, "publish-metrics": [], "mine": 5}, True),
        ({"ensure": {"p95": 5}}, True),
        ({"ensure": {"p96": 5}}, False),
        (["ensure"], False),
        ({"metrics-by-endpoint": {"useOnlyRequestNames": True, "metricsNamespace": "ours"}}, True),
        ({"metrics-by-endpoint": {"groupDynamicUrls": False}}, False),
    ],
)
def test_the_schema_knows_the_shape(plugins: Any, fits: bool) -> None:
    assert jsonschema.Draft202012Validator(CONFIG["plugins"]).is_valid(plugins) is fits


def test_plugins_that_have_no_effect_are_told_from_those_that_have() -> None:
    assert KNOWN_PLUGINS["ensure"]
    assert not KNOWN_PLUGINS["slack"]
