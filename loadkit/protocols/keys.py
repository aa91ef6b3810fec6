"""The keys of HTTP: what a request may say, and `http`, `defaults`, `timeout` and `tls` of the configuration."""

from __future__ import annotations

from typing import Any

from loadkit.flow.expect import EXPECT_SCHEMA
from loadkit.flow.extract import CAPTURE_SCHEMA, MATCH_SCHEMA

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

_PROXY_URL = {"type": "string", "minLength": 1}
_PROXY_SCHEMA: dict[str, Any] = {
    "type": ["string", "object"],
    "minLength": 1,
    "additionalProperties": False,
    "title": "Proxy",
    "description": "The proxy before all targets: `http://host:port`, with `user:password@` before the host where it wants them. "
    "A mapping tells targets apart. Without it HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the environment hold.",
    "examples": [
        "http://proxy.example.com:3128",
        {"http": "http://proxy.example.com:3128", "no": "localhost,.internal"},
    ],
    "properties": {
        "http": {
            **_PROXY_URL,
            "title": "Proxy before http targets",
            "description": "It is sent each request with its whole URL; before https targets too, unless `https` names another.",
            "examples": ["http://proxy.example.com:3128"],
        },
        "https": {
            **_PROXY_URL,
            "title": "Proxy before https targets",
            "description": "It makes a tunnel (CONNECT), in which TLS is spoken with the target.",
            "examples": ["http://proxy.example.com:3128"],
        },
        "no": {
            "type": ["string", "array"],
            "items": {"type": "string"},
            "title": "Past the proxy",
            "description": "Hosts that are connected to directly: names, which stand for all names below them as well, addresses, "
            "networks, or *; a list, or one text with commas.",
            "examples": ["localhost,.example.com", ["10.0.0.0/8"]],
        },
        "tunnel": {
            "type": "boolean",
            "title": "Tunnel for http",
            "description": "Reach http targets through a tunnel, too, as Artillery does.",
            "default": False,
            "examples": [True],
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
            "proxy": _PROXY_SCHEMA,
            "unixSocket": {
                "type": "string",
                "minLength": 1,
                "title": "Unix socket",
                "description": "The socket that every connection goes to, whatever the host of a URL; relative to the scenario "
                "file. A target may also be one by itself: `http://unix:/run/shop.sock:/path`.",
                "examples": ["/run/shop.sock"],
            },
            "resolve": {
                "type": "object",
                "additionalProperties": {"type": ["string", "array"], "items": {"type": "string"}, "minItems": 1},
                "title": "Addresses of hosts",
                "description": "The address of a host, or of host:port, instead of what its name servers say; connections are "
                "spread over several. Host header and TLS stay those of the host.",
                "examples": [{"shop.example.com": "10.1.2.3", "api.example.com:443": ["10.1.2.4", "10.1.2.5"]}],
            },
            "localAddresses": {
                "type": "array",
                "items": {"type": "string"},
                "minItems": 1,
                "title": "Source addresses",
                "description": "Addresses of this machine that connections come from, in turn. Each has all ports of the machine, "
                "and to a target that limits its clients by address each is one.",
                "examples": [["10.0.0.11", "10.0.0.12"]],
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
    "formData": _FORM_DATA_SCHEMA,
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
    "maxRedirects": {
        **_MAX_REDIRECTS,
        "description": "How many redirects in a row this request follows; one more is an error. "
        "`http.maxRedirects` unless given.",
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
