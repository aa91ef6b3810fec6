"""Leaves out what no request can have: header fields and cookies that HTTP does not know, and halves of characters."""

from __future__ import annotations

import re
from typing import Any

from loadkit.importers.draft import Draft

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character: no file can hold it
_CONTROL = re.compile("[\0-\x08\x0a-\x1f\x7f\ud800-\udfff]")


def drop_unusable(draft: Draft) -> list[str]:
    """Remove such fields from all requests, and return notes about them."""
    dropped = 0
    for journey in draft.journeys:
        journey.name = _whole(journey.name)
        for request in journey.requests:
            request.url, request.name, request.body = _whole(request.url), _whole(request.name), _whole(request.body)
            request.query = _whole(request.query)
            request.auth = (_whole(request.auth[0]), _whole(request.auth[1])) if request.auth else None
            for fields in (request.headers, request.cookies):
                wrong = [name for name, value in fields.items() if not _TOKEN.fullmatch(name) or _CONTROL.search(value)]
                for name in wrong:
                    del fields[name]
                dropped += len(wrong)
    return [f"left out: {dropped} header fields or cookies that HTTP does not allow"] if dropped else []


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value
