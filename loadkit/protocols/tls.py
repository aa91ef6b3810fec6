"""TLS settings: `config.tls` under its own names and under those that Artillery hands on to its HTTP library.

What names a certificate or a key is a file, relative to the scenario file, or the PEM text itself.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_BEGINNING = "-----BEGIN"
_ALIASES = {
    "certificateAuthority": "ca",
    "certificate": "cert",
    "serverName": "servername",
}
FILES = ("ca", "cert", "key")
VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


class TlsFault(Exception):
    """A setting that cannot be used. `key` is where it stands in `config.tls`, "" where it is several."""

    def __init__(self, text: str, key: str = "") -> None:
        super().__init__(text)
        self.key = key


def plain_settings(tls: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings under loadkit's names; its own wins where both are given."""
    return {_ALIASES.get(key, key): value for key, value in tls.items()} | {
        key: value for key, value in tls.items() if key not in _ALIASES
    }


def written_as(tls: Mapping[str, Any], key: str) -> str:
    """Return the name under which a setting is written."""
    return next((alias for alias, plain in _ALIASES.items() if plain == key and alias in tls and key not in tls), key)


def tls_context(tls: Mapping[str, Any], base: Path) -> ssl.SSLContext:
    """Return what encrypts connections; verification is on unless rejectUnauthorized is false. Raises TlsFault."""
    given = plain_settings(tls)
    for key in FILES:
        _check_file(given, key, base, written_as(tls, key))
    try:
        authority = _texts(given["ca"], base) if given.get("ca") else None
        context = ssl.create_default_context(cadata=authority)
        if given.get("rejectUnauthorized", True) is False:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if given.get("cert"):
            _show_certificate(context, given, base)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise TlsFault(f"a certificate or key cannot be read: {error}") from None
    _limit(context, given, tls)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _check_file(given: Mapping[str, Any], key: str, base: Path, written: str) -> None:
    value = given.get(key)
    for item in value if isinstance(value, list) else [value] if value else []:
        if _BEGINNING not in str(item) and not (base / str(item)).is_file():
            raise TlsFault(f"there is no file {item}", written)


def _texts(value: Any, base: Path) -> str:
    """Return the PEM text of one or several files or texts."""
    items = value if isinstance(value, list) else [value]
    texts = [str(item) if _BEGINNING in str(item) else (base / str(item)).read_text() for item in items]
    return "\n".join(texts)


def _show_certificate(context: ssl.SSLContext, given: Mapping[str, Any], base: Path) -> None:
    """Load the client's certificate and key. OpenSSL reads only files: a PEM text goes through one that is gone at once."""
    text = _texts(given["cert"], base) + "\n" + (_texts(given["key"], base) if given.get("key") else "")
    descriptor, path = tempfile.mkstemp(prefix="loadkit-", suffix=".pem")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        # Without a password OpenSSL would ask on the terminal.
        context.load_cert_chain(path, password=str(given.get("passphrase") or ""))
    except ssl.SSLError:
        if "ENCRYPTED" in text:
            raise TlsFault("`passphrase` does not open the key") from None
        raise
    finally:
        os.unlink(path)


def _limit(context: ssl.SSLContext, given: Mapping[str, Any], tls: Mapping[str, Any]) -> None:
    """Set which versions and ciphers may be agreed upon."""
    for key, name in (("minVersion", "minimum_version"), ("maxVersion", "maximum_version")):
        if key in given:
            version = VERSIONS.get(str(given[key]))
            if version is None:
                raise TlsFault(f"{given[key]!r} is no version of TLS; write {', '.join(VERSIONS)}", key)
            setattr(context, name, version)
    if context.minimum_version > context.maximum_version > 0:
        raise TlsFault("minVersion is above maxVersion", "minVersion")
    if given.get("ciphers"):
        try:
            context.set_ciphers(str(given["ciphers"]))
        except ssl.SSLError:
            raise TlsFault(f"{given['ciphers']!r}: OpenSSL knows none of these ciphers", "ciphers") from None
