"""What answers a URL with the token in it: a page that goes on by itself to the same address without it.

A redirect would do where the URL was typed. Where a link on another site was followed, though, the browser counts all redirects as
part of that site's request, and keeps back the cookie that it was just given, since no other site is to make use of it
(SameSite=Strict). A request that this page makes is our own, so the first click leads in. The page takes the place of the URL
in the history of the tab, too.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="0; url={place}">
<link rel="icon" href="data:,">
<title>loadkit</title>
<style>:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}</style>
</head>
<body>
<p><a href="{place}">Go on</a></p>
</body>
</html>
"""


def entrance(path: str) -> web.Response:
    """Return the page that goes on to a path with its query, as it stands in a request; never to another host."""
    from aiohttp import web

    place = "/" + path.lstrip("/\\")  # two slashes would begin the name of a host
    return web.Response(text=_PAGE.format(place=escape(place)), content_type="text/html")
