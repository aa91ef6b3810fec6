"""An HTTP step as it was compiled: its request, its limits, what it checks, and where all that is counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from loadkit.flow.step import Few
from loadkit.flow.user import VirtualUser
from loadkit.metrics.book import Series
from loadkit.protocols.connect import Connector
from loadkit.protocols.endpoint import EndpointOf
from loadkit.protocols.judge import Checks
from loadkit.protocols.request import RequestSpec, Wire

Cookies = tuple[tuple[str, Callable[[Any], str]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """All that a compiled HTTP step knows."""

    spec: RequestSpec
    series: Series
    timeout_ns: int
    connect_timeout_ns: int
    follow_redirects: bool
    max_redirects: int
    retries: bool
    """Whether a request that met an idle connection's end is sent once more."""
    repeats_method: bool
    """Whether a POST that is answered with 301 or 302 stays a POST."""
    few_errors: Few
    """Gives names to errors that variables name."""
    condition: Callable[[VirtualUser], bool] | None
    cookies: Cookies
    """Those that are set before the request, default ones among them."""
    sends_cookies: bool
    """Whether every request has the cookies of the jar from the first one on: there are default ones."""
    checks: Checks
    connector: Callable[[VirtualUser], Connector]
    endpoint_of: EndpointOf | None = None
    """Gives the endpoint of a request where its series does not know it."""

    def endpoint(self, user: VirtualUser, wire: Wire) -> str:
        """Return the endpoint that a request counts under."""
        return self.series.endpoint if self.endpoint_of is None else self.endpoint_of(user, wire)
