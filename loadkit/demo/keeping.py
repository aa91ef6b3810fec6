"""Memory that the demo keeps, to try out what finds leaks: some bytes of each request for ever, or until a cache is full."""

from __future__ import annotations

_ENTRY = 10_000  # bytes that a request puts into the cache


class Keeping:
    """Called once a request. `leak` is how many bytes of each are never let go, `cache` how many are kept at most."""

    def __init__(self, leak: float = 0.0, cache: int = 0) -> None:
        self._leak = leak
        self._owed = 0.0
        self._cache = cache
        self._cached = 0
        self._kept: list[bytes] = []

    def __call__(self) -> None:
        """Keep what one request leaves behind."""
        if self._leak:
            self._owed += self._leak
            whole = int(self._owed)
            self._owed -= whole
            self._kept.append(b"x" * whole)
        if self._cached < self._cache:
            self._cached += _ENTRY
            self._kept.append(b"x" * _ENTRY)
