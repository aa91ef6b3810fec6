"""Where requests go: origins, what of a path is an identifier, and which files a browser fetches by itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from urllib.parse import urlsplit

from loadkit.importers.draft import Draft, Request, is_marked
from loadkit.protocols.address import split_url

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")
_HEX = re.compile(r"(?=[a-f]*\d)[0-9a-f]{8,}", re.IGNORECASE)
_LONG = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w-]{16,}")
_ASSET = re.compile(
    r"\.(?:css|js|mjs|map|png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|otf|eot|mp4|webm|mp3)$", re.IGNORECASE
)


def is_identifier(segment: str) -> bool:
    """Say whether a part of a path names one thing among many: a number, a UUID, a hash."""
    return any(pattern.fullmatch(segment) for pattern in (_NUMBER, _UUID, _HEX, _LONG))


def general_path(path: str) -> str:
    """Return a path with its identifiers named: /products/17/reviews becomes /products/{product}/reviews."""
    made: list[str] = []
    for segment in path.split("/"):
        made.append(f"{{{_noun(made)}}}" if is_identifier(segment) or is_marked(segment) else segment)
    return "/".join(made)


def _noun(before: list[str]) -> str:
    """Return a name for what stands behind a part of a path: the part itself, in the singular."""
    return singular(before[-1] if before and not before[-1].startswith("{") else "") or "id"


def singular(text: str) -> str:
    """Return a word in the singular, as far as its ending tells: categories is category, addresses is address."""
    word = re.sub(r"\W+", "_", text).strip("_")
    for plural, single in (("ies", "y"), ("sses", "ss"), ("s", "")):
        if word.endswith(plural) and not word.endswith("ss") and len(word) > len(plural) + 1:
            return word.removesuffix(plural) + single
    return word


def is_asset(path: str) -> bool:
    """Say whether a path is that of a picture, a script or the like."""
    return bool(_ASSET.search(path.split("?", 1)[0]))


def is_usable(url: str) -> bool:
    """Say whether a URL, or a path, can be requested."""
    try:
        if url.startswith("/"):
            return not urlsplit(url).netloc
        split_url(url)
        split_url(origin_of(url))  # without its user, of whom half a host may have been part
    except ValueError:
        return False
    return not is_marked(urlsplit(url).netloc)


def origin_of(url: str) -> str:
    """Return scheme://host:port of a URL, "" of a path; user and password are left out."""
    split = urlsplit(url)
    return f"{split.scheme.lower()}://{split.netloc.rpartition('@')[2].lower()}" if split.netloc else ""


def aim(draft: Draft, *, only_target: bool) -> None:
    """Take the most frequent origin as target, and make paths of its URLs; others go, with a note, if `only_target`."""
    requests = [request for journey in draft.journeys for request in journey.requests]
    origins = Counter(filter(None, (origin_of(request.url) for request in requests)))
    draft.target = draft.target or (origins.most_common(1)[0][0] if origins else "")
    left: Counter[str] = Counter()
    for journey in draft.journeys:
        journey.requests = [one for one in journey.requests if _aimed(one, draft.target, left, only_target=only_target)]
    draft.journeys = [journey for journey in draft.journeys if journey.requests]
    draft.notes += [
        f"left out: {number} request{'s' * (number != 1)} to {origin}" for origin, number in left.most_common(10)
    ]


def _aimed(request: Request, target: str, left: Counter[str], *, only_target: bool) -> bool:
    origin, split = origin_of(request.url), urlsplit(request.url)
    if origin in ("", target):
        userinfo = split.netloc.rpartition("@")[0]
        if userinfo and not request.auth:
            user, _, password = userinfo.partition(":")
            request.auth = user, password
        request.url = (split.path or "/") + (f"?{split.query}" if split.query else "")
        return True
    if only_target:
        left[origin] += 1
    return not only_target


def named(requests: Iterable[Request]) -> None:
    """Give a name to the requests whose paths hold identifiers, so that they count together."""
    for request in requests:
        path = urlsplit(request.url).path
        general = general_path(path)
        if not request.name and general != path:
            request.name = general
