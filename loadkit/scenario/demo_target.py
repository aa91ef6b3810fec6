"""What a target of `demo://` asks for: the shop, or a queue whose capacity is known.

    demo://                                              the shop
    demo://?slowdown=1.6                                 the shop, which takes 1.6 times as long
    demo://?leak=1MB&per=100                             the shop, which never lets go of 1 MB per 100 requests
    demo://?cache=20MB                                   the shop, with a cache of 20 MB that requests fill, 10 KB each
    demo://queue?servers=4&service=5ms                   4 servers, service times exponential with a mean of 5 ms, first come
                                                         first served: M/M/4 under random arrivals
    demo://queue?service=20ms&sigma=0.03&kappa=0.0002    all are served at once, together at the rate of the Universal
                                                         Scalability Law: X(N) = N / service / (1 + sigma (N-1) + kappa N (N-1))

`loadkit demo --queue servers=4,service=5ms` says the same with commas.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from loadkit.units import NS_PER_S, parse_bytes, parse_duration_ns

DEMO_TARGET = "demo://"
_QUEUE = "queue"
_SHOP_KEYS = ("slowdown", "leak", "per", "cache")
_MOST_SERVERS = 10_000
_MOST_PER = 1_000_000
_KEYS = ("servers", "service", "sigma", "kappa", "seed")
_SHORT = {"c": "servers"}
EXAMPLE = "demo://queue?servers=4&service=5ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queueing station. With `sigma` or `kappa` it obeys the Universal Scalability Law, else it has so many `servers`."""

    servers: int = 1
    service_ns: int
    sigma: float | None = None
    kappa: float | None = None
    seed: int = 0

    @property
    def shared(self) -> bool:
        """Say whether all requests are served at once, at a rate that depends on their number."""
        return self.sigma is not None or self.kappa is not None

    def rate_per_s(self, number: int) -> float:
        """Return at which rate requests leave while so many are there."""
        alone = NS_PER_S / self.service_ns
        if not self.shared:
            return min(number, self.servers) * alone
        more = (self.sigma or 0.0) * (number - 1) + (self.kappa or 0.0) * number * (number - 1)
        return alone * number / (1 + more)

    def text(self) -> str:
        """Return it as `read_queue` reads it."""
        laws = [(name, getattr(self, name)) for name in ("sigma", "kappa")]
        law = [f"{name}={value!r}" for name, value in laws if value is not None] or [f"servers={self.servers}"]
        return ",".join([*law, f"service={self.service_ns}ns", f"seed={self.seed}"])


def read_demo(target: str) -> Queue | None:
    """Return the queue that a demo target asks for, None for the shop. Raises ValueError with what may be written."""
    name, query = _split(target)
    if not name:
        read_shop(target)
        return None
    if name != _QUEUE:
        raise ValueError(f"{target}: the embedded target takes no host and no path; write {DEMO_TARGET} or {EXAMPLE}")
    try:
        return read_queue(query.replace("&", ","))
    except ValueError as error:
        raise ValueError(f"{target}: {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopTarget:
    """What a target asks of the shop: to be slower, to leak so many bytes per request, to fill a cache of so many bytes."""

    slowdown: float = 1.0
    leak: float = 0.0
    cache: int = 0


def read_shop(target: str) -> ShopTarget:
    """Return what `demo://?slowdown=1.6&leak=1MB&per=100` asks for. Raises ValueError for what the shop cannot be."""
    name, query = _split(target)
    if name or not query:
        return ShopTarget()
    given = dict(part.partition("=")[::2] for part in query.split("&"))
    strange = [key for key in given if key not in _SHOP_KEYS]
    if strange:
        known = ", ".join(_SHOP_KEYS)
        raise ValueError(f"{target}: the shop knows {known}, and not {strange[0]}; write {DEMO_TARGET}?slowdown=1.6")
    if "per" in given and "leak" not in given:
        raise ValueError(f"{target}: `per` belongs to `leak`; write {DEMO_TARGET}?leak=1MB&per=100")
    try:
        leak, cache = parse_bytes(given.get("leak", "0")), parse_bytes(given.get("cache", "0"))
        per = _whole("per", given.get("per", "100"), 1, _MOST_PER)
    except ValueError as error:
        raise ValueError(f"{target}: {error}") from None
    return ShopTarget(slowdown=_factor(target, given.get("slowdown", "1")), leak=leak / per, cache=cache)


def _factor(target: str, text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = math.nan
    if not 0 < factor < math.inf:
        raise ValueError(f"{target}: slowdown is a factor above zero; write {DEMO_TARGET}?slowdown=1.6")
    return factor


def _split(target: str) -> tuple[str, str]:
    """Return the name, "" for the shop, and what stands behind the question mark."""
    name, _, query = target.removeprefix(DEMO_TARGET).partition("?")
    return name.strip("/"), query


def read_queue(text: str) -> Queue:
    """Read "servers=4,service=5ms". Raises ValueError with what may be written."""
    given: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = entry.partition("=")
        key = _SHORT.get(key.strip(), key.strip())
        if key not in _KEYS or not equals:
            raise ValueError(f"a queue has {', '.join(_KEYS)}, and not {entry}; write {EXAMPLE}")
        given[key] = value.strip()
    if "service" not in given:
        raise ValueError(f"a queue needs the mean time of a service; write {EXAMPLE}")
    if "servers" in given and ("sigma" in given or "kappa" in given):
        raise ValueError("a queue has either `servers`, or `sigma` and `kappa`")
    service_ns = parse_duration_ns(given["service"], unit="ms")
    if not service_ns:
        raise ValueError("the mean time of a service is above zero")
    return Queue(
        servers=_whole("servers", given.get("servers", "1"), 1, _MOST_SERVERS),
        service_ns=service_ns,
        sigma=_share("sigma", given["sigma"]) if "sigma" in given else None,
        kappa=_share("kappa", given["kappa"]) if "kappa" in given else None,
        seed=_whole("seed", given.get("seed", "0"), 0, 2**63),
    )


def _whole(name: str, text: str, least: int, most: int) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
    if not least <= number <= most:
        raise ValueError(f"{name} is a whole number from {least} to {most}, and {text!r} is not")
    return number


def _share(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1:
        raise ValueError(f"{name} is a number from 0 to 1, and {text!r} is not")
    return number
