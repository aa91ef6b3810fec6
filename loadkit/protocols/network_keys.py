"""The keys of `config.http` that say how connections are made, and `config.tls`."""

from __future__ import annotations

from typing import Any

from loadkit.protocols.tls import VERSIONS

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

NETWORK_KEYS: dict[str, Any] = {
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
}

_PEM = "a PEM file, relative to the scenario file, or the PEM text itself"


def _alias(title: str, key: str, types: list[str]) -> dict[str, Any]:
    """Return the schema of a name that Artillery's HTTP library has for a key."""
    return {
        "type": types,
        "items": {"type": "string"},
        "minLength": 1,
        "title": title,
        "description": f"Artillery's name for `{key}`, which wins.",
        "examples": [f"certs/{key}.pem" if key != "servername" else "shop.example.com"],
    }


def _idle(title: str, reason: str, example: Any) -> dict[str, Any]:
    """Return the schema of an option of Artillery's HTTP library that cannot be honoured."""
    return {
        "title": title,
        "description": f"Accepted as in Artillery, without effect: {reason}.",
        "x-noEffect": reason,
        "examples": [example],
    }


_VERSION = {"type": "string", "enum": list(VERSIONS)}

CONFIG = {
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
                "type": ["string", "array"],
                "items": {"type": "string"},
                "minLength": 1,
                "title": "Certificate authority",
                "description": f"Whom to trust instead of the system's authorities: {_PEM}, or several.",
                "examples": ["certs/ca.pem"],
            },
            "cert": {
                "type": ["string", "array"],
                "items": {"type": "string"},
                "minLength": 1,
                "title": "Client certificate",
                "description": f"The certificate chain that the client shows: {_PEM}.",
                "examples": ["certs/client.pem"],
            },
            "key": {
                "type": "string",
                "minLength": 1,
                "title": "Client key",
                "description": f"The key of `cert`, when it is not in the same file: {_PEM}.",
                "examples": ["certs/client.key"],
            },
            "passphrase": {
                "type": ["string", "number"],
                "title": "Passphrase",
                "description": "What opens `key` when it is encrypted.",
                "examples": ["{{ $env.KEY_PASSPHRASE }}"],
            },
            "servername": {
                "type": "string",
                "minLength": 1,
                "title": "Server name",
                "description": "The name to ask for and to verify, when it is not the target's host.",
                "examples": ["shop.example.com"],
            },
            "minVersion": {
                **_VERSION,
                "title": "Oldest version",
                "description": "The oldest version of TLS that is spoken.",
                "default": "TLSv1.2",
                "examples": ["TLSv1.3"],
            },
            "maxVersion": {
                **_VERSION,
                "title": "Newest version",
                "description": "The newest version of TLS that is spoken.",
                "default": "TLSv1.3",
                "examples": ["TLSv1.2"],
            },
            "ciphers": {
                "type": "string",
                "minLength": 1,
                "title": "Ciphers",
                "description": "The ciphers that are offered up to TLS 1.2, as OpenSSL writes them.",
                "examples": ["ECDHE+AESGCM"],
            },
            "certificateAuthority": _alias("Certificate authority (Artillery)", "ca", ["string", "array"]),
            "certificate": _alias("Client certificate (Artillery)", "cert", ["string", "array"]),
            "serverName": _alias("Server name (Artillery)", "servername", ["string"]),
            "pfx": _idle(
                "PKCS #12 (no effect)", "give `cert` and `key` as PEM; `openssl pkcs12 -in F -out F.pem`", "client.p12"
            ),
            "alpnProtocols": _idle("ALPN (no effect)", "HTTP/1.1 is what is spoken", ["http/1.1"]),
            "dhparam": _idle("DH parameters (no effect)", "they are the server's choice", "dh.pem"),
            "signatureAlgorithms": _idle(
                "Signature algorithms (no effect)", "OpenSSL's own are offered", "ECDSA+SHA256"
            ),
            "honorCipherOrder": _idle("Cipher order (no effect)", "it is a setting of servers", True),
            "tlsSessionLifetime": _idle("Session lifetime (no effect)", "sessions are not resumed", 300),
            "ecdhCurve": _idle("Curves (no effect)", "OpenSSL's own are offered", "P-256"),
            "certificateRevocationLists": _idle("Revocation lists (no effect)", "revocation is not checked", "crl.pem"),
            "secureOptions": _idle("OpenSSL options (no effect)", "use minVersion, maxVersion and ciphers", 67108864),
            "checkServerIdentity": _idle("Identity check (no effect)", "it is a function; use servername", "none"),
        },
    },
}
