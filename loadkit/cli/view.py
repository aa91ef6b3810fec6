"""`loadkit view`."""

from __future__ import annotations

import os

from loadkit.cli import options
from loadkit.cli.pages import NoOpen, Port, serve_pages
from loadkit.cli.runs import RunText
from loadkit.errors import ExitCode


def view(run: RunText, port: Port = 0, no_open: NoOpen = False, store: options.StoreUrl = None) -> int:
    """Look at one run in a browser.

    The page is that of --dashboard, made of the stored report. A run that goes on is shown as far as it has come, and followed by
    its journal. It is served to this machine alone.

    \b
    Examples:
      loadkit view latest
      loadkit view 20261121-0902 --port 8090
      loadkit view report.json --no-open
    """
    from loadkit.dashboard.address import Address
    from loadkit.dashboard.guard import Guard
    from loadkit.dashboard.kept import find_kept
    from loadkit.dashboard.serving import Serving
    from loadkit.dashboard.stored_page import StoredPage
    from loadkit.report.history import open_store

    with open_store(store) as held:
        kept = find_kept(held, run)
    name = kept.see().run.id  # what cannot be read is said before anything is served
    address = Address(port=port)
    app = Guard(address).application()
    StoredPage(kept).add_routes(app)
    serve_pages(Serving(app, address, "--port"), f"run {name}", os.environ, opens=not no_open)
    return ExitCode.PASS
