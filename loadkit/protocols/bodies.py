"""The bodies of requests: json, form, formData, body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from loadkit.flow.step import NOBODY, Build, Where
from loadkit.protocols.multipart import compile_multipart
from loadkit.protocols.urlencoded import form_text
from loadkit.template.compile import Template
from loadkit.template.text import UNDEFINED, to_script_text, without_undefined

_ENCODE_JSON = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What is sent behind the head; `content_type` is what the keys imply, "" where they do not say."""

    render: Callable[[Any], bytes]
    constant: bool
    given: bool
    content_type: str


def compile_body(spec: Mapping[str, Any], where: Where, build: Build) -> Body:
    """Compile the body of a step; of several only one is sent."""
    given = [key for key in ("json", "formData", "form", "body") if key in spec]
    if len(given) > 1:
        text = f"a request has one body: `{given[0]}` is sent and `{given[1]}` is ignored"
        build.warn("LK505", (*where, given[1]), text, key=True)
    if not given:
        return Body(render=lambda user: b"", constant=True, given=False, content_type="")
    kind = given[0]
    if kind == "formData":
        encoded, constant, content_type = compile_multipart(spec[kind], (*where, kind), build)
        return Body(render=encoded, constant=constant, given=True, content_type=content_type)
    if kind == "form":
        _check_form(spec[kind], (*where, kind), build)
    template = build.template(spec[kind], (*where, kind))
    encode, content_type = _ENCODERS[kind]
    render = _renderer(template, kind, encode, build)
    if template.is_constant:
        data = render(NOBODY)
        return Body(render=lambda user: data, constant=True, given=True, content_type=content_type)
    return Body(render=render, constant=False, given=True, content_type=content_type)


def _renderer(template: Template, kind: str, encode: Callable[[Any], bytes], build: Build) -> Callable[[Any], bytes]:
    if build.compat and not template.is_constant and kind != "form":
        return _as_in_javascript(template, kind)
    text, value = template.text, template.render
    if kind == "body":
        return lambda user: text(user).encode(errors="replace")
    return lambda user: encode(value(user))


def _as_in_javascript(template: Template, kind: str) -> Callable[[Any], bytes]:
    """Return what renders a body in which variables may be undefined; one that is nothing else is empty."""

    def render(user: Any) -> bytes:
        value = template.render(user)
        if value is UNDEFINED:
            return b""
        if kind == "json":
            return _ENCODE_JSON(without_undefined(value))
        return to_script_text(value).encode(errors="replace")

    return render


def _check_form(fields: Any, where: Where, build: Build) -> None:
    for name, value in fields.items() if isinstance(fields, Mapping) and not build.compat else ():
        if isinstance(value, list):
            text = "a list in `form` is one field, with commas between its items, as in Artillery"
            hint = "for a field of each item write the form as `body`, and its Content-Type"
            build.warn("LK506", (*where, name), text, hint=hint, key=True)


def _form(values: Mapping[str, Any]) -> bytes:
    return form_text(values).encode()


_ENCODERS: dict[str, tuple[Callable[[Any], bytes], str]] = {
    "json": (_ENCODE_JSON, "application/json"),
    "form": (_form, "application/x-www-form-urlencoded"),
    "body": (_ENCODE_JSON, ""),
}
