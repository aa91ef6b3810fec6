"""What a server answers where it cannot do as it is asked: the status, what is wrong, and the remedy, as a page or as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from aiohttp import web


class Problem(Exception):
    """A request that is refused. `remedy` says what to do instead; `asks_token` puts a field for the token below it."""

    def __init__(
        self, status: int, what: str, remedy: str, *, headers: Mapping[str, str] | None = None, asks_token: bool = False
    ) -> None:
        super().__init__(what)
        self.status = status
        self.what = what
        self.remedy = remedy
        self.headers = dict(headers or {})
        self.asks_token = asks_token


def answer(problem: Problem, request: web.Request) -> web.Response:
    """Return the response: a page to who asked for HTML, else JSON."""
    from aiohttp import web

    if "text/html" in request.headers.get("Accept", ""):
        body, kind = _page(problem).encode(), "text/html"
    else:
        body, kind = msgspec.json.encode({"error": problem.what, "remedy": problem.remedy}), "application/json"
    made = web.Response(status=problem.status, body=body, content_type=kind, charset="utf-8", headers=problem.headers)
    if problem.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        made.force_close()  # what is left of the body is not waited for
    return made


def _page(problem: Problem) -> str:
    title = f"{problem.status} {HTTPStatus(problem.status).phrase}"
    form = _FORM if problem.asks_token else ""
    return _PAGE.format(title=escape(title), what=escape(problem.what), remedy=escape(problem.remedy), form=form)


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - loadkit</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
main {{ max-width: 42rem; margin: 12vh auto; padding: 0 1rem; overflow-wrap: anywhere; }}
h1 {{ font-size: 1.4rem; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{what}</p>
<p>{remedy}</p>
{form}<p><a href="/">Go to the first page</a></p>
</main>
</body>
</html>
"""
_FORM = """<form method="get" action="/">
<label>Token <input name="token" type="password" autocomplete="off" required></label>
<button>Open</button>
</form>
"""
