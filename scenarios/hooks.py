"""The functions that hooks.yaml names. Each takes what its parameters name: request, response, user, metrics."""

import hashlib
import hmac
import json
from typing import Any

from loadkit import Metrics, RequestParams, Response, VirtualUser

SECRET = b"not a secret: the demo does not check it"
MOST_CARTS = 2


def choose_shopper(user: VirtualUser) -> None:
    """Before the scenario: give the virtual user variables, which templates read."""
    user.vars["shopper"] = user.random.choice([("alice", "wonderland"), ("bob", "builder")])
    user.vars["carts"] = 0


def sign(request: RequestParams, user: VirtualUser) -> None:
    """Before each request: put a header in. Templates in what a hook writes are rendered after it."""
    text = f"{request.method} {json.dumps(request.json)}"
    request.headers["X-Signature"] = hmac.new(SECRET, text.encode(), hashlib.sha256).hexdigest()
    if "token" in user.vars:
        request.headers["Authorization"] = "Bearer {{ token }}"


def weigh(response: Response, metrics: Metrics) -> None:
    """After each response: record metrics of your own."""
    metrics.histogram("shop.size", len(response.body))
    if response.status == 201:
        metrics.counter("shop.created")


def choose_product(response: Response, user: VirtualUser) -> None:
    """After one response: take out of it what no capture could."""
    hits: list[dict[str, Any]] = response.json()["hits"]
    user.vars["product"] = min(hits, key=lambda hit: hit["price"])["id"]


async def pack(user: VirtualUser) -> None:
    """A step: coroutines may wait, here for nothing in particular."""
    user.vars["carts"] += 1


def wants_more(user: VirtualUser) -> bool:
    """Say, after each round of a loop, whether there is to be another one."""
    return int(user.vars["carts"]) < MOST_CARTS


def has_cart(user: VirtualUser) -> bool:
    """Say whether a request is to be sent."""
    return "cart" in user.vars


def discount(total: float, percent: float) -> float:
    """Return a number for a template: {{ discount(total, 10) }}."""
    return round(total * (1 - percent / 100), 2)
