"""Functions that turn values into other texts: base64, digests and signatures, JSON, percent-encoding.

`{{ $hmac("sha256", key, body) }}`; values are read as the text that a template would put in their place, in UTF-8.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import quote

from loadkit.template.functions import TemplateContext, TemplateFunction
from loadkit.template.text import to_json, to_text

_ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")


def _bytes(value: Any) -> bytes:
    return to_text(value).encode(errors="replace")  # a JSON string may hold half a character


def _base64(user: TemplateContext, value: Any) -> str:
    return base64.b64encode(_bytes(value)).decode()


def _base64decode(user: TemplateContext, value: Any) -> str:
    """Take both alphabets of RFC 4648, with or without padding: a JSON Web Token has the second without."""
    text = to_text(value).strip().rstrip("=").replace("-", "+").replace("_", "/")
    try:
        decoded = base64.b64decode(f"{text}{'=' * (-len(text) % 4)}", validate=True)
    except ValueError:
        raise ValueError("$base64decode: the text is not base64") from None
    return decoded.decode(errors="replace")


def _hash(user: TemplateContext, algorithm: Any, value: Any) -> str:
    return hashlib.new(_algorithm("$hash", algorithm), _bytes(value), usedforsecurity=False).hexdigest()


def _hmac(user: TemplateContext, algorithm: Any, key: Any, value: Any, encoding: Any = "hex") -> str:
    if encoding not in ("hex", "base64"):
        raise ValueError(f'$hmac: {str(encoding)[:60]!r} is not an encoding; "hex" or "base64"')
    digest = hmac.digest(_bytes(key), _bytes(value), _algorithm("$hmac", algorithm))
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()


def _algorithm(function: str, algorithm: Any) -> str:
    name = str(algorithm).lower().replace("-", "")
    if name not in _ALGORITHMS:
        raise ValueError(f"{function}: {str(algorithm)[:60]!r} is not an algorithm; known: {', '.join(_ALGORITHMS)}")
    return name


def _json(user: TemplateContext, value: Any) -> str:
    return to_json(value)


def _url_encode(user: TemplateContext, value: Any) -> str:
    return quote(_bytes(value), safe="")


FUNCTIONS = {
    function.name: function
    for function in (
        TemplateFunction(
            name="$base64",
            call=_base64,
            min_args=1,
            max_args=1,
            doc="A text in base64.",
            example="{{ $base64('ann:secret') }}",
        ),
        TemplateFunction(
            name="$base64decode",
            call=_base64decode,
            min_args=1,
            max_args=1,
            doc="The text that a base64 text holds; the alphabet for URLs and missing padding are fine.",
            example="{{ $base64decode('YW5uOnNlY3JldA==') }}",
        ),
        TemplateFunction(
            name="$hash",
            call=_hash,
            min_args=2,
            max_args=2,
            doc="The digest of a text, in hexadecimal: md5, sha1, sha224, sha256, sha384 or sha512.",
            example="{{ $hash('sha256', 'text') }}",
        ),
        TemplateFunction(
            name="$hmac",
            call=_hmac,
            min_args=3,
            max_args=4,
            doc='The HMAC of a text: algorithm, key, text, and "hex" (unless given) or "base64".',
            example="{{ $hmac('sha256', 'key', 'text', 'base64') }}",
        ),
        TemplateFunction(
            name="$json",
            call=_json,
            min_args=1,
            max_args=1,
            doc="A value as JSON text; a text gets its quotes and escapes.",
            example="""{{ $json('say "hi"') }}""",
        ),
        TemplateFunction(
            name="$urlEncode",
            call=_url_encode,
            min_args=1,
            max_args=1,
            doc="A text with everything percent-encoded but letters, digits and `_.-~` (RFC 3986, section 2.3).",
            example="{{ $urlEncode('red & blue') }}",
        ),
    )
}
