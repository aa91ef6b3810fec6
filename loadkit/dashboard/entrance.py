"""What answers a URL with the token in it, and leads to the same address without it.

A redirect does where the URL was typed, or stood on a page of ours. Where a link on another site was followed, though, browsers
count all redirects as part of that site's request, and keep back the cookie that they were just given, since no other site is to
make use of it (SameSite=Strict). Then, and where the browser does not say who asks, the answer is a page that goes on by itself:
what it asks for is our own request, so the first click leads in. It takes the place of the URL in the history of the tab, too.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

_STRAIGHT = ("none", "same-origin", "same-site")
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


def entrance(path: str, site: str | None) -> web.Response:
    """Return what leads to a path with its query, as it stands in a request; never to another host.

    `site` is what the browser says of who asks (Sec-Fetch-Site), None where it does not.
    """
    from aiohttp import web

    place = "/" + path.lstrip("/\\")  # two slashes would begin the name of a host
    if site in _STRAIGHT:
        return web.Response(status=303, headers={"Location": place})
    return web.Response(text=_PAGE.format(place=escape(place)), content_type="text/html")
