"""Artillery's plugins that are built in: which are listed in `config.plugins`, and with which options.

`metrics-by-endpoint` works in every run, as there; `expect` does here, and there only when it is listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loadkit.metrics.endpoints import BY_ENDPOINT

FORMATS = ("pretty", "json", "prettyError", "silent")


def options_of(config: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """Return the options of a plugin, an empty mapping when it is listed without any, None when it is not listed."""
    plugins = config.get("plugins")
    if not isinstance(plugins, Mapping) or name not in plugins:
        return None
    options = plugins[name]
    return options if isinstance(options, Mapping) else {}


def is_on(value: Any) -> bool:
    """Return whether an option is switched on: true, or the text that a template leaves."""
    return value is True or value == "true"


def comes_before(config: Mapping[str, Any], name: str, other: str) -> bool:
    """Return whether a plugin looks at a response before another one: in the order of the list, what is not listed last."""
    plugins = config.get("plugins")
    listed = list(plugins) if isinstance(plugins, Mapping) else []
    return name in listed and (other not in listed or listed.index(name) < listed.index(other))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectOptions:
    """The options of `expect`. `listed` says whether the file lists the plugin, `format` what is printed of each request."""

    listed: bool = False
    format: str = "silent"
    default_200: bool = False
    as_errors: bool = False
    only_names: bool = False


def expect_options(config: Mapping[str, Any]) -> ExpectOptions:
    """Return the options of `expect`. Nothing is printed unless a format is given, which is otherwise in Artillery."""
    given = options_of(config, "expect")
    if given is None:
        return ExpectOptions()
    default = "pretty" if config.get("compat") == "artillery" else "silent"
    return ExpectOptions(
        listed=True,
        format=str(given.get("formatter") or given.get("outputFormat") or default),
        default_200=is_on(given.get("expectDefault200")),
        as_errors=bool(given.get("reportFailuresAsErrors")),
        only_names=is_on(given.get("useOnlyRequestNames")),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointOptions:
    """How `metrics-by-endpoint` names requests. Without the plugin's options a query is cut, with them only if they say so."""

    only_names: bool = False
    strip_query: bool = True
    ignore_unnamed: bool = False
    group_dynamic: bool = True
    namespace: str = BY_ENDPOINT


def endpoint_options(config: Mapping[str, Any]) -> EndpointOptions:
    """Return the options of `metrics-by-endpoint`."""
    plugins = config.get("plugins")
    given = plugins.get("metrics-by-endpoint") if isinstance(plugins, Mapping) else None
    if not isinstance(given, Mapping):
        return EndpointOptions()
    return EndpointOptions(
        only_names=is_on(given.get("useOnlyRequestNames")),
        strip_query=is_on(given.get("stripQueryString")),
        ignore_unnamed=is_on(given.get("ignoreUnnamedRequests")),
        group_dynamic=given.get("groupDynamicURLs", True) not in (False, "false"),
        namespace=str(given.get("metricsNamespace") or BY_ENDPOINT),
    )


# -------------------------------------------------------------------------------------------------------------- schema


def _switch(title: str, description: str, *, default: bool = False) -> dict[str, Any]:
    return {
        "type": ["boolean", "string"],
        "title": title,
        "description": description,
        "default": default,
        "examples": [not default],
    }


_FORMAT = {
    "enum": list(FORMATS),
    "title": "Output format",
    "description": "What is printed of each request with checks: pretty (every check), json, prettyError (those that failed), "
    "silent. Artillery prints pretty unless told otherwise, loadkit nothing: the summary has what failed.",
    "default": "silent",
    "examples": ["prettyError"],
}

EXPECT_SCHEMA: dict[str, Any] = {
    "outputFormat": _FORMAT,
    "formatter": {
        **_FORMAT,
        "title": "Output format (other name)",
        "description": "The same as `outputFormat`; it wins.",
    },
    "expectDefault200": _switch("200 by default", "Expect status 200 of requests without `expect`."),
    "reportFailuresAsErrors": _switch(
        "Failures are errors", "A failed check ends the virtual user, with an error that names the request."
    ),
    "useOnlyRequestNames": _switch(
        "Only names", "That error names a request by its `name`, if it has one, not by its URL."
    ),
}

ENDPOINT_SCHEMA: dict[str, Any] = {
    "useOnlyRequestNames": _switch(
        "Only names", 'Call a request with a `name` by that alone, not "/cart (name)"; unnamed ones keep their URL.'
    ),
    "stripQueryString": _switch(
        "Strip the query", "Cut the query of URLs. It is cut, too, when the plugin has no options at all."
    ),
    "ignoreUnnamedRequests": _switch("Only named requests", "Leave out requests without a `name`."),
    "groupDynamicURLs": _switch(
        "Group URLs with templates",
        "Count requests under their URL as written; false counts each URL that comes of its templates (the first 200).",
        default=True,
    ),
    "metricsNamespace": {
        "type": "string",
        "minLength": 1,
        "title": "Namespace",
        "description": "What the names of the metrics begin with.",
        "default": BY_ENDPOINT,
        "examples": ["endpoints"],
    },
    "suppressOutput": _switch(
        "Suppress output", "Accepted for Artillery; the summary shows every request, the metrics are in the report."
    ),
}
