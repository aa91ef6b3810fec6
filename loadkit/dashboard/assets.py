"""Files that served pages load, each with the hash by which a page names it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loadkit.dashboard.problem import Problem

if TYPE_CHECKING:
    from aiohttp import web

PREFIX = "/static/"
_TYPES = {".js": "text/javascript", ".css": "text/css"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served. `integrity` is its hash as policies and tags want it: `sha256-` and base64."""

    name: str
    body: bytes

    @property
    def integrity(self) -> str:
        """Return the hash."""
        return f"sha256-{base64.b64encode(hashlib.sha256(self.body).digest()).decode()}"

    @property
    def media_type(self) -> str:
        """Return what kind of file it is."""
        return _TYPES[Path(self.name).suffix]


class Assets:
    """Files by their names, each read once."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        self._read: dict[str, Asset] = {}
        self._tags: dict[str, str] = {}

    def __getitem__(self, name: str) -> Asset:
        if name not in self._read:
            self._read[name] = Asset(name, self._files[name].read_bytes())
            self._tags[name] = self._read[name].integrity
        return self._read[name]

    def integrity(self, name: str) -> str:
        """Return the hash of a file."""
        self[name]
        return self._tags[name]

    def add_route(self, app: web.Application) -> None:
        """Serve the files under /static/. A browser asks each time whether it has the right one, and keeps it if so."""
        app.router.add_get(f"{PREFIX}{{name}}", self._serve)

    async def _serve(self, request: web.Request) -> web.Response:
        from aiohttp import ETag, web

        name = request.match_info["name"]
        if name not in self._files:
            raise Problem(404, "There is no such file.", "Go back, or to the first page.")
        asset, tag = self[name], self.integrity(name).removeprefix("sha256-")
        headers = {"Cache-Control": "no-cache"}
        known = request.if_none_match or ()
        if any(one.value == tag for one in known):
            response = web.Response(status=304, headers=headers)
        else:
            response = web.Response(body=asset.body, content_type=asset.media_type, charset="utf-8", headers=headers)
        response.etag = ETag(value=tag)
        return response
