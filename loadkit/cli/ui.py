"""`loadkit ui`."""

from __future__ import annotations

import os

from loadkit.cli import options
from loadkit.cli.judged_by import usual_settings
from loadkit.cli.pages import NoOpen, Port, serve_pages
from loadkit.errors import ExitCode


def ui(port: Port = 0, no_open: NoOpen = False, store: options.StoreUrl = None) -> int:
    """Look at all stored runs in a browser.

    List and filter them, open one, compare several, see trends. Pages are served to this machine alone, and change nothing. All
    of it works by links and forms; charts need JavaScript, and nothing is loaded from elsewhere.

    \b
    Examples:
      loadkit ui
      loadkit ui --port 8090 --no-open
      loadkit ui --store postgresql://ann@db.example/history
    """
    from loadkit.dashboard.address import Address
    from loadkit.dashboard.guard import Guard
    from loadkit.dashboard.serving import Serving
    from loadkit.dashboard.site import Site
    from loadkit.report.history import open_store

    with open_store(store) as held:
        address = Address(port=port)
        app = Guard(address).application()
        Site(held, usual_settings(os.environ)).add_routes(app)
        serve_pages(Serving(app, address, "--port"), f"the runs of {held.name}", os.environ, opens=not no_open)
    return ExitCode.PASS
