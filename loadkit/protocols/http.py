"""The HTTP steps: get, post, put, patch, delete, head and options; their keys and how they compile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from loadkit.flow.expect import EXPECT_SCHEMA, compile_expect
from loadkit.flow.extract import CAPTURE_SCHEMA, MATCH_SCHEMA, compile_captures
from loadkit.flow.step import Build, StepFunction, StepPlugin, Where
from loadkit.flow.user import VirtualUser
from loadkit.protocols.address import request_name
from loadkit.protocols.connect import Connector, tls_context
from loadkit.protocols.exchange import Cookies, Exchange, compile_exchange, counts_of_passed
from loadkit.protocols.request import compile_request
from loadkit.units import NS_PER_S, parse_duration_ns

DEFAULT_TIMEOUT_S = 10
DEFAULT_CONNECT_TIMEOUT_S = 5


def compile_http(step: Mapping[str, Any], where: Where, build: Build) -> StepFunction:
    """Compile one HTTP step."""
    verb = next(key for key in step if key in STEPS)
    spec: Mapping[str, Any] = {"url": step[verb]} if isinstance(step[verb], str) else step[verb]
    at = (*where, verb)
    http = build.config.get("http", {})
    defaults = {**build.config.get("defaults", {}), **http.get("defaults", {})}
    condition = _compile_condition(spec.get("ifTrue", True), (*at, "ifTrue"), build)
    request = compile_request(verb.upper(), spec, at, build)
    cookies = _compile_cookies(spec.get("cookie", {}), (*at, "cookie"), build)
    first_cookies = _compile_cookies(defaults.get("cookie", {}), ("config", "http", "defaults", "cookie"), build)
    _check_tls(build)
    captures = compile_captures(spec, at, build, strict_default=defaults.get("strictCapture", True) is not False)
    plugins = build.config.get("plugins") or {}
    if (plugins.get("expect") or {}).get("expectDefault200") and "expect" not in spec:
        spec = {**spec, "expect": {"statusCode": 200}}
    expect = compile_expect(spec, at, build)
    timeout_ns = _timeout(spec, at, build)
    connect_timeout_ns = _seconds(http, "connectTimeout", ("config", "http"), build, DEFAULT_CONNECT_TIMEOUT_S)
    series = build.series(str(spec.get("name") or request_name(str(spec.get("url", spec.get("uri", "/"))))))
    exchange = Exchange(
        spec=request,
        series=series,
        timeout_ns=timeout_ns,
        connect_timeout_ns=connect_timeout_ns,
        follow_redirects=spec.get("followRedirect", True) is not False,
        condition=condition,
        cookies=cookies,
        first_cookies=first_cookies,
        captures=captures,
        expect=expect,
        passed=build.recorder.tally(counts_of_passed(expect, series.name)),
        failing_checks_end=bool((plugins.get("expect") or {}).get("reportFailuresAsErrors", False)),
        connector=_connector_of(build),
    )
    return compile_exchange(exchange)


def _connector_of(build: Build) -> Callable[[VirtualUser], Connector]:
    """Return what finds a worker's connector, made when the first HTTP step runs."""
    tls, pool, base = build.config.get("tls", {}), build.config.get("http", {}).get("pool"), build.base

    def connector_of(user: VirtualUser) -> Connector:
        shared = user.run.shared
        found: Connector | None = shared.get("http")
        if found is None:
            found = shared["http"] = Connector(user.run.recorder, tls, pool, base)
        return found

    return connector_of


def _compile_condition(value: Any, where: Where, build: Build) -> Callable[[VirtualUser], bool] | None:
    if isinstance(value, bool):
        return None if value else lambda user: False
    return build.condition(str(value), where)


def _compile_cookies(cookies: Mapping[str, Any], where: Where, build: Build) -> Cookies:
    chosen: dict[str, Callable[[Any], str]] = {}
    for name, value in cookies.items():
        if not name or any(char in ' \t\r\n;,="' for char in name):
            build.error("LK214", (*where, name), f"{name!r} is not a cookie name", key=True)
        chosen[name] = build.template(value, (*where, name)).text
    return tuple(chosen.items())


def _check_tls(build: Build) -> None:
    """Load the files of `config.tls` once, so that one that is missing is a fault of the file and not of the target."""
    tls = build.config.get("tls", {})
    for key in ("ca", "cert", "key"):
        if key in tls and not (build.base / str(tls[key])).is_file():
            build.error("LK214", ("config", "tls", key), f"there is no file {tls[key]}")
            return
    if tls.keys() & {"ca", "cert"}:
        try:
            tls_context(tls, build.base)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            build.error("LK214", ("config", "tls"), f"a certificate or key cannot be read: {error}", key=True)


def _timeout(spec: Mapping[str, Any], where: Where, build: Build) -> int:
    """Return the time a request may take in all. Artillery's `config.timeout` wins over `http.timeout`."""
    general_ns = _seconds(build.config.get("http", {}), "timeout", ("config", "http"), build, DEFAULT_TIMEOUT_S)
    if "timeout" in build.config:
        general_ns = _seconds(build.config, "timeout", ("config",), build, DEFAULT_TIMEOUT_S)
    return _seconds(spec, "timeout", where, build, DEFAULT_TIMEOUT_S) if "timeout" in spec else general_ns


def _seconds(mapping: Mapping[str, Any], key: str, where: Where, build: Build, default_s: int) -> int:
    value = mapping.get(key, default_s)
    try:
        duration_ns = parse_duration_ns(value)
    except ValueError as error:
        build.error("LK211", (*where, key), str(error))
        return default_s * NS_PER_S
    if not duration_ns:
        build.error(
            "LK211", (*where, key), f"a {key} of 0 lets no request succeed", hint="leave the key out for the default"
        )
        return default_s * NS_PER_S
    return duration_ns


# Schemas

_ANY_MAP = {"type": "object"}
_TEXT_MAP = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
_DURATION = {"type": ["number", "string"], "minimum": 0}

_DEFAULTS_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "patternProperties": {"^x-": {}},
    "title": "Defaults of every HTTP request",
    "description": "What each request has unless it says otherwise.",
    "examples": [{"headers": {"Authorization": "Bearer {{ token }}"}}],
    "properties": {
        "headers": {
            **_TEXT_MAP,
            "title": "Default headers",
            "description": "Header fields of every request; templates may use the virtual user's variables.",
            "examples": [{"Accept": "application/json"}],
        },
        "cookie": {
            **_TEXT_MAP,
            "title": "Default cookies",
            "description": "Cookies that every virtual user starts with.",
            "examples": [{"consent": "yes"}],
        },
        "strictCapture": {
            "type": "boolean",
            "title": "Strict captures",
            "description": "Whether a capture that finds nothing ends the virtual user, unless it says `strict` itself.",
            "default": True,
            "examples": [False],
        },
        "think": {
            "type": "object",
            "additionalProperties": False,
            "title": "Think times",
            "description": "Defaults of `think` steps.",
            "examples": [{"jitter": "20%"}],
            "properties": {
                "jitter": {
                    "type": ["number", "string"],
                    "title": "Jitter",
                    "description": "Vary each think time by this many milliseconds up or down, or by a share of it.",
                    "default": 0,
                    "examples": [100, "20%"],
                }
            },
        },
    },
}

CONFIG = {
    "http": {
        "type": "object",
        "additionalProperties": False,
        "patternProperties": {"^x-": {}},
        "title": "HTTP",
        "description": "Settings of all HTTP requests.",
        "examples": [{"timeout": 5, "pool": 50}],
        "properties": {
            "timeout": {
                **_DURATION,
                "title": "Timeout",
                "description": "The longest a request may take in all, from connecting to the last byte. Seconds, or text.",
                "default": DEFAULT_TIMEOUT_S,
                "examples": [5, "500ms"],
            },
            "connectTimeout": {
                **_DURATION,
                "title": "Connect timeout",
                "description": "The longest that resolving, connecting and the TLS handshake may take together.",
                "default": DEFAULT_CONNECT_TIMEOUT_S,
                "examples": [2],
            },
            "pool": {
                "type": "integer",
                "minimum": 1,
                "title": "Connection pool",
                "description": "Share this many connections an origin among the virtual users of a worker, "
                "instead of one connection for each user.",
                "examples": [50],
            },
            "maxSockets": {
                "type": "integer",
                "x-noEffect": True,
                "title": "Sockets (no effect)",
                "description": "Accepted for Artillery, which never reads it; use `pool`.",
                "examples": [10],
            },
            "extendedMetrics": {
                "type": "boolean",
                "title": "Extended metrics (always on)",
                "description": "Accepted for Artillery; dns, connect, tls and first byte are always measured.",
                "default": True,
                "examples": [True],
            },
            "defaults": _DEFAULTS_SCHEMA,
        },
    },
    "defaults": {
        **_DEFAULTS_SCHEMA,
        "title": "Defaults (old form)",
        "description": "The old place of `http.defaults`, which wins.",
    },
    "timeout": {
        **_DURATION,
        "title": "Timeout (old form)",
        "description": "The longest a request may take in all; wins over `http.timeout`, as in Artillery.",
        "examples": [5],
    },
    "tls": {
        "type": "object",
        "additionalProperties": False,
        "patternProperties": {"^x-": {}},
        "title": "TLS",
        "description": "How encrypted connections are made.",
        "examples": [{"rejectUnauthorized": False}],
        "properties": {
            "rejectUnauthorized": {
                "type": "boolean",
                "title": "Reject unverified certificates",
                "description": "False accepts any certificate, like --insecure.",
                "default": True,
                "examples": [False],
            },
            "ca": {
                "type": "string",
                "title": "Certificate authority",
                "description": "A PEM file with the certificates to trust instead of the system's.",
                "examples": ["certs/ca.pem"],
            },
            "cert": {
                "type": "string",
                "title": "Client certificate",
                "description": "A PEM file with the certificate chain that the client shows.",
                "examples": ["certs/client.pem"],
            },
            "key": {
                "type": "string",
                "title": "Client key",
                "description": "A PEM file with the key of `cert`, when it is not in the same file.",
                "examples": ["certs/client.key"],
            },
            "servername": {
                "type": "string",
                "title": "Server name",
                "description": "The name to ask for and to verify, when it is not the target's host.",
                "examples": ["shop.example.com"],
            },
        },
    },
}

_REQUEST_PROPERTIES: dict[str, Any] = {
    "url": {
        "type": "string",
        "title": "URL",
        "description": "A path that starts with / (appended to the target), or a whole http(s) URL.",
        "examples": ["/products/{{ id }}"],
    },
    "uri": {
        "type": "string",
        "deprecated": True,
        "title": "URL (old form)",
        "description": "The old name of `url`.",
        "examples": ["/products"],
    },
    "name": {
        "type": "string",
        "title": "Name",
        "description": "The request's name in statistics; the path as written unless given.",
        "examples": ["product page"],
    },
    "headers": {
        **_TEXT_MAP,
        "title": "Headers",
        "description": "Header fields of this request.",
        "examples": [{"X-Test": "1"}],
    },
    "json": {
        "title": "JSON body",
        "description": "A value of any type, sent as JSON with its content type.",
        "examples": [{"id": "{{ id }}", "quantity": 1}],
    },
    "body": {
        "type": ["string", "number", "boolean"],
        "title": "Text body",
        "description": "A text to send as it is.",
        "examples": ["<order/>"],
    },
    "form": {
        **_ANY_MAP,
        "title": "Form",
        "description": "Fields of an application/x-www-form-urlencoded body.",
        "examples": [{"user": "ann"}],
    },
    "qs": {
        **_ANY_MAP,
        "title": "Query",
        "description": "Parameters added to the URL's query, encoded as they need be.",
        "examples": [{"q": "red shoes"}],
    },
    "auth": {
        "type": "object",
        "additionalProperties": False,
        "required": ["user"],
        "title": "Basic authentication",
        "description": "User and password of HTTP Basic authentication.",
        "examples": [{"user": "ann", "pass": "{{ $env.PASSWORD }}"}],
        "properties": {
            "user": {"type": "string", "title": "User", "description": "The user's name.", "examples": ["ann"]},
            "pass": {
                "type": ["string", "number"],
                "title": "Password",
                "description": "The password.",
                "default": "",
                "examples": ["{{ $env.PASSWORD }}"],
            },
        },
    },
    "cookie": {
        **_TEXT_MAP,
        "title": "Cookies",
        "description": "Cookies put into the virtual user's jar before this request.",
        "examples": [{"session": "{{ session }}"}],
    },
    "gzip": {
        "type": "boolean",
        "title": "Compression",
        "description": "Ask for a compressed response (gzip, deflate, br or zstd).",
        "default": False,
        "examples": [True],
    },
    "followRedirect": {
        "type": "boolean",
        "title": "Follow redirects",
        "description": "Whether to follow 301, 302, 303, 307 and 308; each hop counts as a request.",
        "default": True,
        "examples": [False],
    },
    "ifTrue": {
        "type": ["string", "boolean"],
        "title": "Condition",
        "description": "An expression over the virtual user's variables; the request is skipped when it is false.",
        "examples": ['state != "done"'],
    },
    "timeout": {
        **_DURATION,
        "title": "Timeout",
        "description": "The longest this request may take in all; `http.timeout` unless given.",
        "examples": [2, "500ms"],
    },
    "capture": CAPTURE_SCHEMA,
    "match": MATCH_SCHEMA,
    "expect": EXPECT_SCHEMA,
}


def _step_schema(verb: str) -> dict[str, Any]:
    return {
        "title": f"HTTP {verb.upper()}",
        "description": f"Send a {verb.upper()} request and wait for its response.",
        "examples": [{"url": "/"}],
        "type": ["object", "string"],
        "additionalProperties": False,
        "anyOf": [{"required": ["url"]}, {"required": ["uri"]}, {"type": "string"}],
        "patternProperties": {"^x-": {}},
        "properties": _REQUEST_PROPERTIES,
    }


STEPS = {
    verb: StepPlugin(schema=_step_schema(verb), compile=compile_http, requests=True)
    for verb in ("get", "post", "put", "patch", "delete", "head", "options")
}
