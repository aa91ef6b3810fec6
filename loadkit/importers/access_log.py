"""Access logs in the common and the combined format of nginx and Apache: weights and think times are those of the visitors."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime

from loadkit.importers.draft import Draft, Importer, ImportFault
from loadkit.importers.places import is_asset, is_usable, origin_of
from loadkit.importers.sessions import Seen, draft_of, without_followed

# 192.0.2.7 - ann [21/Nov/2026:09:02:55 +0100] "GET /cart?x=1 HTTP/1.1" 200 512 "referer" "user agent"
_LINE = re.compile(
    r"(?P<host>\S+) \S+ (?P<user>.+?) \[(?P<time>[^\]]+)\] "
    r'"(?P<method>[A-Z]+) (?P<url>\S+)(?: HTTP/[\d.]+)?" (?P<status>\d{3}) (?:\d+|-)(?: "[^"]*" "(?P<agent>(?:[^"\\]|\\.)*)")?'
)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
_REDIRECTS = {"301", "302", "303", "307", "308"}
_WITH_BODY = {"POST", "PUT", "PATCH"}


def read_access_log(text: str) -> Draft:
    """Return weighted journeys. Lines in another format are counted; when most are, ImportFault is raised."""
    seen: list[Seen] = []
    left: Counter[str] = Counter()
    instants: dict[str, float] = {}
    lines = [line for line in text.splitlines() if line.strip()]
    for line in lines:
        found = _LINE.match(line)
        if found is None:
            left["lines that are no requests"] += 1
        elif found["method"] not in _METHODS or not is_usable(found["url"]):
            left["requests that scenarios do not have (OPTIONS, CONNECT, an odd URL)"] += 1
        elif is_asset(found["url"]):
            left["assets: pictures, styles, scripts, fonts"] += 1
        elif found["status"].startswith("4"):
            left["requests that were refused (4xx)"] += 1
        else:
            if found["time"] not in instants:
                instants[found["time"]] = _instant(found["time"])
            client = (
                f"{line[: found.start('time')]} {found['agent']}"  # an address, and what else stands before the time
            )
            url = "/" + found["url"].removeprefix(origin_of(found["url"])).lstrip("/")
            seen.append(Seen(instants[found["time"]], client, found["method"], url, found["status"] in _REDIRECTS))
    seen, followed = without_followed(seen)
    left["redirects that are followed"] += followed
    if not seen or left["lines that are no requests"] > len(lines) // 2:
        raise ImportFault("this is no access log in the common or the combined format of nginx and Apache")
    draft = draft_of(seen)
    draft.notes += [f"left out: {reason} ({number})" for reason, number in left.most_common() if number]
    bodies = sorted({one.general for one in seen if one.method in _WITH_BODY})
    if bodies:
        shown = ", ".join(f"{method} {path}" for method, path in bodies[:10])
        draft.notes.append(f"a log has no bodies; write those of {shown}")
    else:
        draft.thresholds.append("http.codes.4xx == 0")
    return draft


def _instant(text: str) -> float:
    try:
        return datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z").timestamp()
    except ValueError as error:
        raise ImportFault(f"{text} is not a time such as 21/Nov/2026:09:02:55 +0100") from error


IMPORTERS = {
    "access-log": Importer(
        description="Access log of nginx or Apache, common or combined format.", read=read_access_log
    )
}  # fmt: skip
