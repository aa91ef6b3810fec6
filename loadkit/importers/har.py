"""HAR: what a browser's network panel exports (HTTP Archive 1.2). Think times come from the pauses between requests."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from loadkit.importers.bodies import put_body
from loadkit.importers.captures import link_answers
from loadkit.importers.draft import Answer, Draft, Importer, ImportFault, Journey, Request
from loadkit.importers.parts import Part, parts_of, put_parts
from loadkit.importers.places import aim, is_asset, is_usable

_METHODS = {"get", "post", "put", "patch", "delete", "head"}
_ASSETS = {
    "image",
    "stylesheet",
    "script",
    "font",
    "media",
    "manifest",
    "texttrack",
    "ping",
    "websocket",
    "eventsource",
}
_ASSET_TYPES = ("image/", "font/", "audio/", "video/", "text/css", "text/javascript", "application/javascript")
_BROWSERS_OWN = {
    "host", "connection", "content-length", "cookie", "user-agent", "accept-encoding", "accept-language", "referer",
    "cache-control", "pragma", "upgrade-insecure-requests", "priority", "dnt", "te", "if-none-match",
    "if-modified-since", "origin", "keep-alive", "proxy-connection",
}  # fmt: skip
_ANSWERED, _REFUSED = 200, 400  # statuses from here on
_LEAST_PAUSE_S = 0.5  # what is quicker is the page's own doing


def read_har(text: str) -> Draft:
    """Return one journey with the requests for documents and data, in order."""
    entries = _entries(text)
    draft, left = Draft(journeys=[]), Counter[str]()
    requests: list[Request] = []
    set_cookies: set[str] = set()
    statuses: set[int] = set()
    ended: float | None = None
    redirect = ""
    for entry in entries:
        spec, response = _mapping(entry.get("request")), _mapping(entry.get("response"))
        url, followed = str(spec.get("url", "")), redirect
        redirect = _redirect(url, response)
        reason = "redirects that are followed" if followed == url else _left_out(entry, spec, response)
        started = _instant(entry)
        if reason:
            left[reason] += 1
        else:
            request = _request(spec, set_cookies, draft.notes)
            if ended is not None and started is not None and started - ended >= _LEAST_PAUSE_S:
                request.think_s = round(started - ended, 1)
            request.answer = _answer(response)
            requests.append(request)
            statuses.add(round(_number(response.get("status"))))
        if followed == url and requests:
            requests[-1].answer = _answer(response)  # what a virtual user gets, who follows the redirect
        if started is not None and not reason:
            ended = max(ended or 0.0, started + max(0.0, _number(entry.get("time"))) / 1000)
        set_cookies |= _cookies_set(response)
    draft.journeys = [Journey(name="recorded", requests=requests)] if requests else []
    if requests:
        aim(draft, only_target=True)
        draft.journeys[0].name = f"recorded at {draft.target.partition('://')[2]}"
        link_answers(draft.journeys)
        if all(_ANSWERED <= status < _REFUSED for status in statuses):
            draft.thresholds.append("http.codes.4xx == 0")
    draft.notes += [f"left out: {reason} ({number})" for reason, number in left.most_common()]
    if not draft.journeys:
        raise ImportFault("the HAR has no request that can be sent again: only assets, or none at all")
    return draft


def _entries(text: str) -> list[Mapping[str, Any]]:
    try:
        log = json.loads(text.removeprefix("\ufeff"))["log"]
        entries = _dicts(log["entries"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ImportFault(
            "this is no HAR: a JSON object with log.entries; export it in the browser's network panel"
        ) from error
    return sorted(entries, key=lambda entry: _instant(entry) or 0.0)


def _left_out(entry: Mapping[str, Any], spec: Mapping[str, Any], response: Mapping[str, Any]) -> str:
    """Return why an entry is not taken, "" for one that is."""
    url = str(spec.get("url", ""))
    if str(spec.get("method", "")).lower() not in _METHODS or not url.lower().startswith(("http://", "https://")):
        return "requests that a page does not make by itself (OPTIONS, data:, WebSocket)"
    if not is_usable(url):
        return "requests whose URL cannot be requested"
    kind, mime = str(entry.get("_resourceType", "")), str(_mapping(response.get("content")).get("mimeType", ""))
    if kind in _ASSETS or is_asset(url) or (not kind and mime.startswith(_ASSET_TYPES)):
        return "assets: pictures, styles, scripts, fonts"
    return ""


def _request(spec: Mapping[str, Any], set_cookies: set[str], notes: list[str]) -> Request:
    fields = [(str(one.get("name", "")), str(one.get("value", ""))) for one in _dicts(spec.get("headers"))]
    headers = {name.lower(): value for name, value in fields if _is_kept(name.lower(), value)}
    request = Request(method=str(spec["method"]), url=str(spec["url"]).split("#")[0], headers=headers)
    for cookie in _dicts(spec.get("cookies")):
        if cookie.get("name") and cookie["name"] not in set_cookies:  # the others come with earlier responses
            request.cookies[str(cookie["name"])] = str(cookie.get("value", ""))
    data = _mapping(spec.get("postData"))
    text, kind = data.get("text"), str(data.get("mimeType", ""))
    params = _dicts(data.get("params"))
    if kind.lower().startswith("multipart/form-data") and put_parts(request, _parts(text, kind, params), notes):
        pass
    elif isinstance(text, str) and text:
        put_body(request, text, kind)
    elif params:
        request.body = {str(one.get("name", "")): str(one.get("value", "")) for one in params}
        request.body_key = "form"
    return request


def _parts(text: Any, kind: str, params: list[Mapping[str, Any]]) -> list[Part]:
    """Return the parts of a form with files: of the body where the HAR has it, else of what the browser made of it."""
    found = parts_of(text, kind) if isinstance(text, str) else []
    return found or [
        Part(
            name=str(one.get("name", "")),
            text=str(one.get("value", "")),
            file=str(one.get("fileName", "")),
            media_type=str(one.get("contentType", "")),
        )
        for one in params
    ]


def _answer(response: Mapping[str, Any]) -> Answer:
    content = _mapping(response.get("content"))
    text = str(content.get("text") or "")
    if content.get("encoding") == "base64":
        try:
            text = base64.b64decode(text).decode(errors="replace")
        except ValueError:
            text = ""
    fields = {str(one.get("name", "")).lower(): str(one.get("value", "")) for one in _dicts(response.get("headers"))}
    return Answer(text=text, media_type=str(content.get("mimeType") or "").lower(), headers=fields)


def _cookies_set(response: Mapping[str, Any]) -> set[str]:
    """Return the names of the cookies that a response sets; not every browser lists them."""
    lines = [
        str(one.get("value", ""))
        for one in _dicts(response.get("headers"))
        if str(one.get("name")).lower() == "set-cookie"
    ]
    named = {line.partition("=")[0].strip() for text in lines for line in text.split("\n")}
    return named | {str(one.get("name")) for one in _dicts(response.get("cookies"))}


def _is_kept(name: str, value: str) -> bool:
    if name.startswith((":", "sec-")) or name in _BROWSERS_OWN:
        return False
    return not (name == "accept" and (value == "*/*" or value.startswith("text/html")))


def _redirect(url: str, response: Mapping[str, Any]) -> str:
    try:
        return urljoin(url, str(response["redirectURL"])) if response.get("redirectURL") else ""
    except ValueError:
        return ""


def _instant(entry: Mapping[str, Any]) -> float | None:
    try:
        return datetime.fromisoformat(str(entry.get("startedDateTime")).replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        return None


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


IMPORTERS = {"har": Importer(description="What a browser's network panel exports (HTTP Archive).", read=read_har)}
