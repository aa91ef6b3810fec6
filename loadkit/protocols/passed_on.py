"""Request keys that Artillery hands on to its HTTP library: what they mean here, and of which nothing comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadkit.flow.step import Build, Where

_BODIES = ("json", "formData", "form", "body")


REFUSED = "ERR_GOT_REQUEST_ERROR"  # what Artillery's library calls its refusals


def refusal(spec: Mapping[str, Any], method: str) -> str:
    """Return why Artillery's library sends no such request, "" for one that it sends."""
    bodies = {key for key in _BODIES if key in spec} - ({"body"} if "json" in spec else set())
    if len(bodies) > 1 and bodies != {"body", "formData"}:
        return f"a request has one body, not {' and '.join(sorted(bodies))}"
    if bodies and _must_have_none(spec, method):
        return f"a {method} has no body" + (" without allowGetBody" if method == "GET" else "")
    return ""


def _must_have_none(spec: Mapping[str, Any], method: str) -> bool:
    return method == "HEAD" or (method == "GET" and spec.get("allowGetBody") is not True)


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
    if given and _must_have_none(spec, method):
        how = " without `allowGetBody: true`" if method == "GET" else ""
        build.warn("LK506", (*where, given), f"a {method} with a body is sent; Artillery refuses it{how}", key=True)
    if spec.get("setContentLengthHeader") is True:
        text = "Content-Length is that of the whole form; Artillery's is that of the file, and cuts the form off"
        build.warn("LK506", (*where, "setContentLengthHeader"), text, key=True)
