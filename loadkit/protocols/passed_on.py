"""Request keys that Artillery hands on to its HTTP library: what they mean here, and of which nothing comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadkit.flow.step import Build, Where

_WITHOUT_BODY = {"GET", "HEAD"}
_BODIES = ("json", "formData", "form", "body")


def check_passed_on(spec: Mapping[str, Any], method: str, where: Where, build: Build) -> None:
    """Warn of what is not done, or is done otherwise than there."""
    if spec.get("http2") is True:
        build.warn("LK505", (*where, "http2"), "HTTP/1.1 is what is spoken; `http2` has no effect", key=True)
    if spec.get("https"):
        text = "`https` of a request has no effect: certificates and versions are those of config.tls"
        build.warn("LK505", (*where, "https"), text, key=True)
    if "url" in spec and "uri" in spec:
        build.warn("LK505", (*where, "url"), "`uri` wins, as in Artillery; `url` has no effect", key=True)
    if build.compat:
        return
    given = next((key for key in _BODIES if key in spec), None)
    if given and method in _WITHOUT_BODY and spec.get("allowGetBody") is not True:
        text = f"a {method} with a body is sent; Artillery refuses it without `allowGetBody: true`"
        build.warn("LK506", (*where, given), text, key=True)
    if spec.get("setContentLengthHeader") is True:
        text = "Content-Length is that of the whole form; Artillery's is that of the file, and cuts the form off"
        build.warn("LK506", (*where, "setContentLengthHeader"), text, key=True)
