"""How a run is asked to end."""

from __future__ import annotations

import asyncio


class Stop:
    """Asks a run to end: the first request stops arrivals and drains, the second cuts everybody off."""

    def __init__(self) -> None:
        self.signal: str | None = None
        self.requests = 0
        self._asked = asyncio.Event()

    def request(self, signal: str | None = None) -> None:
        """Ask once more; the first signal's name is the one that the result carries, none when nobody was signalled."""
        self.signal = self.signal or signal
        self.requests += 1
        self._asked.set()

    async def asked(self) -> int:
        """Wait for a request that nobody has waited for yet; return how many there were."""
        await self._asked.wait()
        self._asked.clear()
        return self.requests
