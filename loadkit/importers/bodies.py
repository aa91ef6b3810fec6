"""What a request carries, put under the key that says it best: json, form, or body with its content type."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

from loadkit.importers.draft import Request

_FORM = "application/x-www-form-urlencoded"


def put_body(request: Request, text: str, content_type: str) -> None:
    """Give a request a body; what is not well-formed stays a text."""
    kind = content_type.split(";")[0].strip().lower()
    if kind.endswith(("/json", "+json")) and _put_json(request, text):
        if kind == "application/json":
            _drop_type(request)
        return
    if kind == _FORM and _put_form(request, text):
        _drop_type(request)
        return
    request.body, request.body_key = text, "body"
    if content_type and not any(name.lower() == "content-type" for name in request.headers):
        request.headers["content-type"] = content_type


def _put_json(request: Request, text: str) -> bool:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return False
    request.body, request.body_key = body, "json"
    return True


def _put_form(request: Request, text: str) -> bool:
    """Make a mapping of form fields; one that stands twice, or what is no form, stays a text."""
    try:
        fields = parse_qsl(text, keep_blank_values=True, strict_parsing=True)
    except ValueError:
        return False
    if len({name for name, _ in fields}) != len(fields):
        return False
    request.body, request.body_key = dict(fields), "form"
    return True


def _drop_type(request: Request) -> None:
    request.headers = {name: value for name, value in request.headers.items() if name.lower() != "content-type"}
