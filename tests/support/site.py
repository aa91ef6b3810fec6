"""Pages of stored runs, served from the process of the test."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadkit.analysis.policy import Settings
from loadkit.dashboard.address import Address
from loadkit.dashboard.guard import Guard
from loadkit.dashboard.kept import find_kept
from loadkit.dashboard.serving import Serving
from loadkit.dashboard.site import Site
from loadkit.dashboard.stored_page import StoredPage
from loadkit.report.history import Store, open_store
from tests.support.histories import run_id, run_report
from tests.support.reports import HOSTILE
from tests.support.results import invalid

ALIKE = 60
"""Runs of one series, 0 to 59; from number 40 on they are slower by 30 %."""
OTHER = ALIKE
BROKEN = ALIKE + 1


def fill(store: Store) -> None:
    """Add a series with a change, a run of something else, and one whose measurement is invalid."""
    for number in range(ALIKE):
        report = run_report(number, p95_ms=200 if number < 40 else 260, names=("/products", "/cart"))
        report["loadkit"].update(name="shop" if number % 2 else "checkout", tags={"release": f"2.{number}"})
        store.add(report)
    other = run_report(OTHER, fingerprint="f2")
    other["loadkit"]["fingerprint"]["scenario"] = "another"
    store.add(other)
    store.add(run_report(BROKEN, measurement=invalid()))


def add_hostile(store: Store) -> list[str]:
    """Add runs with texts that are not meant well, and return their ids."""
    ids = []
    texts = [
        text for text in HOSTILE if text.encode(errors="ignore").decode() == text
    ]  # no report holds half a character
    for number, text in enumerate(texts, start=BROKEN + 1):
        report = run_report(number, fingerprint="f3", names=(text, "/other"))
        report["loadkit"].update(name=text, target=text, tags={text: text})
        store.add(report)
        ids.append(run_id(number))
    return ids


@contextmanager
def history_in(place: Path) -> Iterator[Store]:
    """Open a history of its own: neither its runs nor their directories are those of the checkout, where there may be some."""
    with open_store(f"sqlite:///{place}/history.db") as store:
        store.directories = place / "runs"
        yield store


@contextmanager
def served_history(store: Store) -> Iterator[str]:
    """Serve the pages of a history, as `loadkit ui` does, and yield their URL."""
    address = Address(port=0)
    app = Guard(address).application()
    Site(store, Settings()).add_routes(app)
    server = Serving(app, address)
    try:
        yield server.start()
    finally:
        server.close()


@contextmanager
def served_run(text: str, place: Path) -> Iterator[str]:
    """Serve the page of a run, as `loadkit view` does with the history in a directory, and yield its URL."""
    with history_in(place) as store:
        kept = find_kept(store, text)
    address = Address(port=0)
    app = Guard(address).application()
    StoredPage(kept).add_routes(app)
    server = Serving(app, address)
    try:
        yield server.start()
    finally:
        server.close()
