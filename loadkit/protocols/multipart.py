"""Bodies of forms with files: multipart/form-data (RFC 7578).

part = "--" boundary CRLF "Content-Disposition: form-data; name=..." CRLF [ "Content-Type: " type CRLF ] CRLF value CRLF

Files are read once, at load. The boundary is a digest of the form as written, so that a run can be repeated byte by byte.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from loadkit.flow.step import NOBODY, Build, Where

_LARGEST_BYTES = 64 * 1024 * 1024
_TYPES = mimetypes.MimeTypes()  # Python's own list: the same on each machine
_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})  # as browsers do (WHATWG HTML, multipart/form-data)

Chunk = bytes | Callable[[Any], bytes]


class BoundaryFound(ValueError):
    """A value holds the boundary of its own form, as one that a target has sent back may."""


def compile_multipart(
    fields: Mapping[str, Any], where: Where, build: Build
) -> tuple[Callable[[Any], bytes], bool, str]:
    """Return what renders the body, whether it is the same for all, and its content type; faults become diagnostics.

    Rendering raises BoundaryFound.
    """
    boundary = f"loadkit-{hashlib.sha256(repr(fields).encode(errors='replace')).hexdigest()[:32]}"
    chunks: list[Chunk] = []
    for name, value, at in _fields(fields, where):
        chunks += _part(name, value, at, build, boundary)
    chunks.append(f"--{boundary}--\r\n".encode())
    content_type = f"multipart/form-data; boundary={boundary}"
    if not any(callable(chunk) for chunk in chunks):
        data = b"".join(chunk for chunk in chunks if isinstance(chunk, bytes))
        return (lambda user: data), True, content_type
    merged = _merged(chunks)

    def render(user: Any) -> bytes:
        return b"".join([chunk if isinstance(chunk, bytes) else chunk(user) for chunk in merged])

    return render, False, content_type


def _fields(fields: Mapping[str, Any], where: Where) -> Iterator[tuple[str, Any, Where]]:
    """Yield each part; a list is several parts of one name (RFC 7578 section 4.3)."""
    for name, value in fields.items():
        if isinstance(value, list):
            yield from ((str(name), item, (*where, name, index)) for index, item in enumerate(value))
        else:
            yield str(name), value, (*where, name)


def _part(name: str, value: Any, where: Where, build: Build, boundary: str) -> list[Chunk]:
    spec = value if isinstance(value, Mapping) else {"value": value}
    disposition = f'form-data; name="{name.translate(_ESCAPES)}"'
    content_type = str(spec.get("contentType", ""))
    content: Chunk
    if "fromFile" in spec:
        path, at = str(spec["fromFile"]), (*where, "fromFile")
        if "value" in spec:
            build.error("LK106", at, "a field has a `value` or is read `fromFile`, not both", key=True)
        content = _file(path, at, build)
        disposition += f'; filename="{path.replace(chr(92), "/").rpartition("/")[2].translate(_ESCAPES)}"'
        content_type = content_type or _TYPES.guess_type(path)[0] or "application/octet-stream"
    else:
        if isinstance(value, Mapping) and "value" not in spec:
            build.error("LK103", where, f'the field "{name}" has neither `value` nor `fromFile`', key=True)
        at = (*where, "value") if isinstance(value, Mapping) else where
        content = _text(spec.get("value"), at, build, boundary.encode())
    lines = f"Content-Disposition: {disposition}\r\n" + (f"Content-Type: {content_type}\r\n" if content_type else "")
    return [f"--{boundary}\r\n{lines}\r\n".encode(errors="replace"), content, b"\r\n"]


def _text(value: Any, where: Where, build: Build, boundary: bytes) -> Chunk:
    template = build.template(value, where)
    text = template.text
    if template.is_constant:
        return text(NOBODY).encode(errors="replace")

    def content(user: Any) -> bytes:
        made = text(user).encode(errors="replace")
        if boundary in made:
            raise BoundaryFound("a value of formData holds the boundary between the fields")
        return made

    return content


def _file(path: str, where: Where, build: Build) -> bytes:
    """Read a file, relative to the scenario file."""
    if "{{" in path:
        build.error("LK214", where, "files are read when the scenario is loaded: this path must not be a template")
        return b""
    full = build.base / path
    try:
        if not full.is_file():
            build.error("LK214", where, f"there is no file {path}", hint="the path is relative to the scenario file")
        elif full.stat().st_size > _LARGEST_BYTES:
            build.error("LK214", where, f"{path} is larger than 64 MiB, and each worker keeps it in memory")
        else:
            return full.read_bytes()
    except (OSError, ValueError) as error:
        build.error("LK214", where, f"{path} cannot be read: {error}")
    return b""


def _merged(chunks: list[Chunk]) -> tuple[Chunk, ...]:
    """Join neighbouring constants."""
    merged: list[Chunk] = []
    for chunk in chunks:
        last = merged[-1] if merged else None
        if isinstance(chunk, bytes) and isinstance(last, bytes):
            merged[-1] = last + chunk
        else:
            merged.append(chunk)
    return tuple(merged)
