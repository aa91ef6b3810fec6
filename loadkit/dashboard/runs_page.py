"""The list of runs: filtered by text, name and verdict, sorted by any column, fifty to a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from loadkit.dashboard.problem import Problem
from loadkit.dashboard.templates import Page
from loadkit.report.facts import RunStatus
from loadkit.report.history import Store
from loadkit.report.search import ORDERS, Search, names, search
from loadkit.report.strays import strays

PER_PAGE = 50
_TITLES = {
    "time": "Time (UTC)",
    "name": "Name",
    "target": "Target",
    "verdict": "Verdict",
    "p95": "p95",
    "errors": "Errors",
    "requests": "Requests",
}
_NUMBERS = {"p95", "errors", "requests"}
_RISING = {"name", "target", "verdict"}  # which are read from A to Z; of numbers and times the largest is wanted first


def runs_page(store: Store, query: Mapping[str, str]) -> Page:
    """Return the page. Raises Problem for a query that no link of ours makes."""
    asked, number = read_query(query)
    found = search(store, asked)
    pages = max(1, -(-found.total // PER_PAGE))
    if number > pages:
        raise Problem(404, f"There is no page {number}.", f"The last one is page {pages}: {_url(asked, pages)}")
    filtered = bool(asked.text or asked.name or asked.status)
    facts = {
        "asked": asked,
        "runs": found.runs,
        "total": found.total,
        "first": asked.offset + 1,
        "last": asked.offset + len(found.runs),
        "filtered": filtered,
        "all_runs": store.count(),
        "names": names(store),
        "verdicts": [status.value for status in RunStatus if status is not RunStatus.RUNNING],
        "apart": [] if filtered or number > 1 else list(reversed(strays(store)))[:PER_PAGE],
        "columns": [_column(asked, order) for order in ORDERS],
        "page_number": number,
        "pages": pages,
        "first_url": _url(asked, 1),
        "previous_url": _url(asked, number - 1),
        "next_url": _url(asked, number + 1),
        "last_url": _url(asked, pages),
    }
    return Page(template="list.html", title="Runs", facts=facts, scripts=("ui.js",))


def read_query(query: Mapping[str, str]) -> tuple[Search, int]:
    """Return what is looked for, and which page of it. Raises Problem."""
    order, direction, status = query.get("sort", "time"), query.get("dir", "desc"), query.get("verdict", "")
    number = query.get("page", "1")
    if order not in ORDERS or direction not in ("asc", "desc"):
        raise Problem(
            400, "Runs cannot be sorted like that.", f"sort is one of {', '.join(ORDERS)}; dir is asc or desc."
        )
    if status and status not in {one.value for one in RunStatus}:
        raise Problem(400, "There is no such verdict.", f"It is one of {', '.join(one.value for one in RunStatus)}.")
    if not (number.isascii() and number.isdigit() and len(number) < 8 and int(number) >= 1):
        raise Problem(400, "There is no such page.", "page is a number from 1 on.")
    asked = Search(
        text=query.get("text", "").replace("\0", "").strip(),
        name=query.get("name", "").replace("\0", ""),
        status=RunStatus(status) if status else None,
        order=order,
        descending=direction == "desc",
        limit=PER_PAGE,
        offset=(int(number) - 1) * PER_PAGE,
    )
    return asked, int(number)


def _column(asked: Search, order: str) -> Mapping[str, object]:
    """Return the head of a column: where it leads sorts by it, or the other way round."""
    mine = asked.order == order
    descending = not asked.descending if mine else order not in _RISING
    return {
        "title": _TITLES[order],
        "number": order in _NUMBERS,
        "sorted": ("descending" if asked.descending else "ascending") if mine else "",
        "url": _url(replace(asked, order=order, descending=descending), 1),
    }


def _url(asked: Search, page: int) -> str:
    given = {
        "text": asked.text,
        "name": asked.name,
        "verdict": asked.status.value if asked.status else "",
        "sort": "" if asked.order == "time" else asked.order,
        "dir": "" if asked.descending else "asc",
        "page": "" if page == 1 else str(page),
    }
    told = urlencode({key: value for key, value in given.items() if value}, errors="replace")
    return f"/?{told}" if told else "/"
