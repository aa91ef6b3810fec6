"""Forms with files (multipart/form-data): the parts of a body become `formData`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadkit.importers.draft import Request

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_PARAMETER = re.compile(r'\b(name|filename)="([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part. `file` is the name of the file that it is, "" for a plain field; `path` is where that is on this machine."""

    name: str
    text: str = ""
    file: str = ""
    media_type: str = ""
    path: Path | None = None


def parts_of(body: str, content_type: str) -> list[Part]:
    """Return the parts of a body; none where it is not well-formed."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        return []
    lines = body.replace("\r\n", "\n")
    pieces = f"\n{lines}".split(f"\n--{boundary[1]}")
    made: list[Part] = []
    for piece in pieces[1:]:
        if piece.startswith("--"):
            return made
        head, blank, text = piece.removeprefix("\n").partition("\n\n")
        fields = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head.split("\n"))
        }
        known = dict(_PARAMETER.findall(fields.get("content-disposition", "")))
        if not blank or not known.get("name"):
            return []
        made.append(
            Part(
                name=known["name"],
                text=text,
                file=known.get("filename", ""),
                media_type=fields.get("content-type", ""),
            )
        )
    return made


def put_parts(request: Request, parts: Iterable[Part], notes: list[str]) -> bool:
    """Give a request a form; False where there are no parts. A file that is not on this machine stands as a text, with a note."""
    form: dict[str, Any] = {}
    for part in parts:
        value = _value(part, notes)
        if part.name in form:
            before = form[part.name]
            form[part.name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            form[part.name] = value
    if not form:
        return False
    request.body, request.body_key = form, "formData"
    request.headers = {name: value for name, value in request.headers.items() if name.lower() != "content-type"}
    return True


def _value(part: Part, notes: list[str]) -> Any:
    """Return a field as `formData` has it: a text, or a mapping where its type or a file is to be told."""
    if part.path is not None:
        return {"fromFile": str(part.path), **({"contentType": part.media_type} if part.media_type else {})}
    if part.file:
        notes.append(f"give the form field {part.name} its file, `fromFile: {part.file}`: what stands there is a text")
        text = part.text if part.text.isprintable() and part.text else f"(contents of {part.file})"
        return {"value": text, "contentType": part.media_type or "application/octet-stream"}
    return {"value": part.text, "contentType": part.media_type} if part.media_type else part.text
