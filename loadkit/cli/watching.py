"""A run that is followed on a page, with --dashboard: opened before the workers begin, told how it ended, closed in any case.

The page never changes what a run comes to. Where nobody can listen at the address that is a warning, and the run goes on without;
only a run that is to be begun on the page (--hold) is none then. Without the option it is begun by a key, where there are keys.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from loadkit.cli.bundles import Watching
from loadkit.errors import PreflightError, UsageError
from loadkit.outputs.base import write_line

if TYPE_CHECKING:
    from loadkit.dashboard.address import Address
    from loadkit.dashboard.live import Dashboard
    from loadkit.scenario.plan import Plan


def asked_address(watching: Watching, *, keys: bool = False) -> Address | None:
    """Return where the page is to be served, None where there is to be none. Raises UsageError.

    `keys` says whether somebody at the terminal can begin a run that is held.
    """
    if watching.dashboard is None:
        if watching.dashboard_token is not None:
            raise UsageError("--dashboard-token is for the page of a run; give --dashboard PORT as well")
        if watching.hold and not keys:
            raise UsageError("--hold waits for somebody, and here are no keys to press; give --dashboard PORT as well")
        return None
    from loadkit.dashboard.address import read_address

    return read_address(watching.dashboard)


@contextmanager
def opened_dashboard(
    watching: Watching, plan: Plan, *, run_id: Callable[[], str | None], say: Callable[[str], None]
) -> Iterator[Dashboard | None]:
    """Serve the page and print its URL, until the block is left; give None without one.

    Raises UsageError, and PreflightError where --hold needs the page.
    """
    address = None if watching.dashboard is None else asked_address(watching)
    if address is None:
        yield None
        return
    from loadkit.dashboard.address import choose_token
    from loadkit.dashboard.live import Dashboard

    token = choose_token(watching.dashboard_token, os.environ)
    made = Dashboard(plan, address, token, held=watching.hold, run_id=run_id, say=say)
    try:
        url = made.open()
    except PreflightError as error:
        if watching.hold:
            raise
        say(f"warning: the run is shown on no page: {error}")
        yield None
        return
    # Not through `say`: the token is nothing for the run's log.
    write_line(sys.stderr, f"dashboard: {url}{' (press Begin there)' if watching.hold else ''}")
    with closing(made):
        yield made
