"""The keys of HTTP: what a request may say, and `http`, `defaults` and `timeout` of the configuration."""

from __future__ import annotations

from typing import Any

from loadkit.flow.expect import EXPECT_SCHEMA
from loadkit.flow.extract import CAPTURE_SCHEMA, MATCH_SCHEMA
from loadkit.flow.function import REQUEST_HOOKS
from loadkit.protocols.cookies import COOKIE_JAR_SCHEMA
from loadkit.protocols.network_keys import NETWORK_KEYS
from loadkit.protocols.tracing import TRACING_SCHEMA

DEFAULT_TIMEOUT_S = 10
DEFAULT_CONNECT_TIMEOUT_S = 5
DEFAULT_MAX_REDIRECTS = 10

_ANY_MAP = {"type": "object"}
_TEXT_MAP = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
_DURATION = {"type": ["number", "string"], "minimum": 0}

_MAX_REDIRECTS = {"type": "integer", "minimum": 0, "maximum": 100, "title": "Most redirects", "examples": [3]}

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
            "description": "Cookies that are set before every request, unless it sets them itself.",
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
            **NETWORK_KEYS,
            "cookieJarOptions": COOKIE_JAR_SCHEMA,
            "distributedTracing": TRACING_SCHEMA,
            "maxSockets": {
                "type": "integer",
                "x-noEffect": True,
                "title": "Sockets (no effect)",
                "description": "Accepted for Artillery, which never reads it; use `pool`.",
                "examples": [10],
            },
            "extendedMetrics": {
                "type": "boolean",
                "title": "Extended metrics",
                "description": "Have `aggregate` and `intermediate` of the report hold Artillery's `http.dns`, `http.tcp`, "
                "`http.tls` and `http.total` too. loadkit's own `http.dns`, `http.connect`, `http.tls` and `http.service_time` "
                "are always measured.",
                "default": False,
                "examples": [True],
            },
            "maxRedirects": {
                **_MAX_REDIRECTS,
                "description": "How many redirects in a row a request follows; one more is an error.",
                "default": DEFAULT_MAX_REDIRECTS,
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
}

_VALUE = ["string", "number", "boolean", "null"]

_FIELD_SCHEMA: dict[str, Any] = {
    "type": [*_VALUE, "object", "array"],
    "title": "Field",
    "description": "A value, a mapping with more about it, or a list of them for several parts of one name.",
    "examples": ["ann", {"fromFile": "cat.png"}],
    "additionalProperties": False,
    "patternProperties": {"^x-": {}},
    "properties": {
        "value": {
            "type": _VALUE,
            "title": "Value",
            "description": "The text of the field.",
            "examples": ["<order/>"],
        },
        "fromFile": {
            "type": "string",
            "minLength": 1,
            "title": "File",
            "description": "The file to send, relative to the scenario file; read once, at most 64 MiB.",
            "examples": ["images/cat.png"],
        },
        "contentType": {
            "type": "string",
            "pattern": "^[^\\x00-\\x1f{}]+$",
            "title": "Content type",
            "description": "The field's media type; that of a file is guessed by its name unless given.",
            "examples": ["image/png"],
        },
    },
}

_FORM_DATA_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Form with files",
    "description": "Fields of a multipart/form-data body.",
    "examples": [{"user": "ann", "picture": {"fromFile": "cat.png", "contentType": "image/png"}}],
    "additionalProperties": {**_FIELD_SCHEMA, "items": {**_FIELD_SCHEMA, "type": [*_VALUE, "object"]}},
}

REQUEST_KEYS: dict[str, Any] = {
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
        "description": "The old name of `url`, which it wins over.",
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
    "formData": _FORM_DATA_SCHEMA,
    "qs": {
        **_ANY_MAP,
        "title": "Query",
        "description": "Parameters of the URL's query, encoded as they need be, instead of any that the URL has; "
        "a list gives one for each item.",
        "examples": [{"q": "red shoes"}],
    },
    "searchParams": {
        "type": ["object", "string"],
        "title": "Query (Artillery's library)",
        "description": "The same as `qs`, which wins; a text is taken as it is.",
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
    "username": {
        "type": ["string", "number"],
        "title": "User (Artillery's library)",
        "description": "The user of HTTP Basic authentication; `auth` wins.",
        "examples": ["ann"],
    },
    "password": {
        "type": ["string", "number"],
        "title": "Password (Artillery's library)",
        "description": "The password beside `username`.",
        "examples": ["{{ $env.PASSWORD }}"],
    },
    "cookie": {
        **_TEXT_MAP,
        "title": "Cookies",
        "description": "Cookies put into the virtual user's jar before this request. As in Artillery, later requests have them "
        "once the server has set a cookie, or if there are default ones (`http.defaults.cookie`).",
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
    "maxRedirects": {
        **_MAX_REDIRECTS,
        "description": "How many redirects in a row this request follows; one more is an error. "
        "`http.maxRedirects` unless given.",
    },
    "allowGetBody": {
        "type": "boolean",
        "title": "GET with a body",
        "description": "Says that a GET or HEAD has a body on purpose; without it a warning tells of Artillery, which sends none.",
        "examples": [True],
    },
    "setContentLengthHeader": {
        "type": "boolean",
        "title": "Content-Length of forms with files",
        "description": "Accepted for Artillery. Content-Length is always sent, and is that of the body.",
        "examples": [True],
    },
    "http2": {
        "type": "boolean",
        "title": "HTTP/2 (no effect)",
        "description": "Accepted for Artillery, with a warning: HTTP/1.1 is what is spoken.",
        "examples": [False],
    },
    "encoding": {
        "type": "string",
        "title": "Encoding (no effect)",
        "description": "Accepted for Artillery, where nothing comes of it either.",
        "examples": ["utf8"],
    },
    "https": {
        "type": "object",
        "title": "TLS of a request (no effect)",
        "description": "Accepted for Artillery, with a warning: `config.tls` holds for all requests.",
        "examples": [{"rejectUnauthorized": False}],
    },
    "probability": {
        "type": ["number", "string"],
        "minimum": 0,
        "maximum": 100,
        "title": "Probability",
        "description": "How likely the request is sent, in percent; drawn by each visit anew, after `ifTrue`.",
        "default": 100,
        "examples": [25],
    },
    "ifTrue": {
        "type": ["string", "boolean"],
        "title": "Condition",
        "description": "An expression over the virtual user's variables, or a function of the processor; the request is skipped "
        "when it is false.",
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
    **REQUEST_HOOKS,
}
