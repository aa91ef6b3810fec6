"""Look host names up: each lookup in a thread of its own, shared by all who ask, and remembered for a while.

The system's resolver blocks for as long as its servers are silent. The event loop's own pool has four threads, so that four dead
names would hold up all others; here a slow name costs only those who want that name.

unknown --asked--> under way --found--> known for 30 s
                           '--failed--> refused for 1 s, so that a dead name is not asked for once per request
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from time import perf_counter_ns as now_ns
from typing import Any

KNOWN_NS = 30 * 10**9
REFUSED_NS = 10**9
_MOST_LOOKUPS = 64  # threads; who comes later waits
_MOST_NAMES = 4096  # a template may make a name for each virtual user

Addresses = list[tuple[int, str]]
"""(address family, address), in the order in which the system wants them tried."""

# What getaddrinfo says (RFC 3493 section 6.1, and glibc), under the names that Node.js and so Artillery use
_NAMES = {
    socket.EAI_NONAME: "ENOTFOUND",
    getattr(socket, "EAI_NODATA", socket.EAI_NONAME): "ENOTFOUND",
    getattr(socket, "EAI_ADDRFAMILY", socket.EAI_NONAME): "ENOTFOUND",
    socket.EAI_AGAIN: "EAI_AGAIN",
    socket.EAI_FAIL: "EAI_FAIL",
}
_OTHER = "EAI_SYSTEM"


class LookupFailed(Exception):
    """A name without addresses. `name` is the error's name in metrics; `starved` says that this machine is to blame."""

    def __init__(self, text: str, name: str, *, starved: bool = False) -> None:
        super().__init__(text)
        self.name = name
        self.starved = starved


class Resolver:
    """A worker's memory of names, by host and port."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], tuple[int, Addresses | LookupFailed]] = {}
        self._lookups: dict[tuple[str, int], asyncio.Task[Addresses]] = {}
        self._slots = asyncio.Semaphore(_MOST_LOOKUPS)

    def known(self, host: str, port: int) -> Addresses | None:
        """Return what is remembered of a name, None when it must be looked up. Raises LookupFailed."""
        found = self._known.get((host, port))
        if found is None:
            return None
        at_ns, answer = found
        age_ns = now_ns() - at_ns
        if isinstance(answer, LookupFailed):
            if age_ns < REFUSED_NS:
                raise LookupFailed(str(answer), answer.name, starved=answer.starved)
            return None
        return answer if age_ns < KNOWN_NS else None

    async def look_up(self, host: str, port: int) -> Addresses:
        """Return a name's addresses; who asks while a lookup is under way shares it. Raises LookupFailed."""
        where = host, port
        lookup = self._lookups.get(where)
        if lookup is None:
            lookup = self._lookups[where] = asyncio.get_running_loop().create_task(self._ask(where))
            lookup.add_done_callback(_seen)
        return await asyncio.shield(lookup)  # who gives up leaves the lookup to the others

    def under_way(self, host: str, port: int) -> bool:
        """Say whether a name is being looked up."""
        return (host, port) in self._lookups

    def prefer(self, host: str, port: int, address: tuple[int, str]) -> None:
        """Put an address that answered before those that did not: they cost the next connection no time."""
        known = self._known.get((host, port))
        if known is not None and isinstance(known[1], list) and address in known[1]:
            others = [other for other in known[1] if other != address]
            self._known[host, port] = known[0], [address, *others]

    def close(self) -> None:
        """Forget the lookups that are under way; their threads end by themselves and keep nobody from ending."""
        for lookup in self._lookups.values():
            lookup.cancel()

    async def _ask(self, where: tuple[str, int]) -> Addresses:
        try:
            async with self._slots:
                found = await _in_thread(*where)
            addresses = list(dict.fromkeys((int(family), str(at[0])) for family, _, _, _, at in found))
            if not addresses:
                raise LookupFailed(f"{where[0]} has no address", "ENOTFOUND")
        except (OSError, UnicodeError) as error:
            failed = _failure(where[0], error)
            if not failed.starved:
                self._remember(where, failed)
            raise failed from None
        finally:
            del self._lookups[where]
        self._remember(where, addresses)
        return addresses

    def _remember(self, where: tuple[str, int], answer: Addresses | LookupFailed) -> None:
        self._known.pop(where, None)
        self._known[where] = now_ns(), answer
        if len(self._known) > _MOST_NAMES:
            del self._known[next(iter(self._known))]  # the oldest


async def _in_thread(host: str, port: int) -> Any:
    """Call getaddrinfo in a new daemon thread: one that hangs must not keep the process from ending."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Any] = loop.create_future()

    def settle(found: Any, error: Exception | None) -> None:
        if not answer.done():
            if error is None:
                answer.set_result(found)
            else:
                answer.set_exception(error)

    def ask() -> None:
        found, error = None, None
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except Exception as raised:  # whatever it is belongs to who asked
            error = raised
        try:
            loop.call_soon_threadsafe(settle, found, error)
        except RuntimeError:  # the loop is closed: the run is over
            pass

    try:
        threading.Thread(target=ask, name=f"look up {host}", daemon=True).start()
    except RuntimeError as error:  # no thread to be had
        raise OSError(str(error)) from None
    return await answer


def _failure(host: str, error: OSError | UnicodeError) -> LookupFailed:
    if isinstance(error, UnicodeError):
        return LookupFailed(f"{host!r} is not a host name", "ENOTFOUND")
    text = f"{host}: {error.strerror or error}"
    if not isinstance(error, socket.gaierror):
        return LookupFailed(text, _OTHER, starved=True)
    starved = error.errno not in (socket.EAI_NONAME, socket.EAI_FAIL) and _no_descriptor_left()
    return LookupFailed(text, _NAMES.get(error.errno, _OTHER), starved=starved)


def _no_descriptor_left() -> bool:
    """Say whether the process can open nothing more, for which getaddrinfo has no words but "try again"."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return True
    return False


def _seen(lookup: asyncio.Task[Addresses]) -> None:
    """Take note of a failure that nobody waited for any more."""
    if not lookup.cancelled():
        lookup.exception()
