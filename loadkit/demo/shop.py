"""The demo's shop: products, search, login, cart and checkout."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Annotated, Any

from msgspec import Meta, Struct

from loadkit.demo.latency import CHECKOUT, SEARCH, Latency
from loadkit.demo.recent import Recent
from loadkit.demo.route import HTML, Call, Refused, Reply, Route, encode, reply

ACCOUNTS = {
    "alice": "wonderland",
    "bob": "builder",
    "carol": "caterpillar",
    "dave": "diver",
    "erin": "evergreen",
    "frank": "foghorn",
    "grace": "galaxy",
    "heidi": "hillside",
    "ivan": "ironwork",
    "judy": "jigsaw",
}
KEPT = 50_000  # sessions and carts; some 20 MB when full

_COLOURS = ("red", "green", "blue", "white", "black")
_THINGS = ("lamp", "chair", "table", "shelf", "mirror", "clock", "vase", "carpet", "sofa", "desk")
PRODUCTS: dict[int, dict[str, Any]] = {
    number: {
        "id": number,
        "name": f"{_COLOURS[number % 5]} {_THINGS[number % 10]}",
        "price": round(9.9 + number * 1.5, 2),
        "category": "furniture" if number % 2 else "decoration",
    }
    for number in range(1, 51)
}
_PAGE = b"""<!doctype html>
<title>The loadkit demo shop</title>
<h1>The loadkit demo shop</h1>
<p><a href="/products">Products</a> <a href="/search?q=lamp">Search</a> <a href="/health">Health</a></p>
"""

Text = Annotated[str, Meta(max_length=200)]


class Credentials(Struct):
    """The body of a login."""

    user: Text
    password: Text


class Purchase(Struct, rename="camel"):
    """The body of POST /cart. Without `cart_id` a new cart is made."""

    product_id: int
    quantity: Annotated[int, Meta(ge=1, le=1000)] = 1
    cart_id: Text = ""


class Order(Struct, rename="camel"):
    """The body of POST /checkout."""

    cart_id: Text


@dataclass(slots=True)
class Cart:
    """What a user is about to buy: quantities by product."""

    user: str
    quantities: dict[int, int] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """Return the price of everything."""
        return float(round(sum(PRODUCTS[number]["price"] * count for number, count in self.quantities.items()), 2))


class Shop:
    """The shop's actions and what they remember."""

    def __init__(self, latency: Latency, seed: int = 0) -> None:
        self._latency = latency
        self._random = random.Random(f"tokens {seed}")
        self._sessions: Recent[str] = Recent("", KEPT)
        self._carts: Recent[Cart] = Recent("c", KEPT)
        self._orders = 0
        self._home = Reply(200, _PAGE, media_type=HTML)
        self._list = reply(200, {"products": list(PRODUCTS.values()), "total": len(PRODUCTS)})
        self._details = {str(number): reply(200, _detail(product)) for number, product in PRODUCTS.items()}

    def routes(self) -> tuple[Route, ...]:
        """Return what the shop answers."""
        return (
            Route("GET", "/", lambda call: self._home),
            Route("GET", "/products", lambda call: self._list),
            Route("GET", "/products/{id}", self.product),
            Route("GET", "/search", self.search),
            Route("POST", "/login", self.login, Credentials),
            Route("POST", "/cart", self.put_into_cart, Purchase),
            Route("POST", "/checkout", self.check_out, Order),
        )

    def product(self, call: Call) -> Reply:
        """Show one product."""
        found = self._details.get(call.path["id"])
        if found is None:
            raise Refused(404, f"there is no product {call.path['id'][:50]}")
        return found

    def search(self, call: Call) -> Reply:
        """Find products by a part of their name."""
        wanted = call.query.get("q", "").strip().lower()
        if not wanted:
            raise Refused(400, "say what to search for: /search?q=lamp")
        hits = [product for product in PRODUCTS.values() if wanted in product["name"]]
        return reply(200, {"query": wanted[:200], "hits": hits, "total": len(hits)}, self._latency.draw_s(SEARCH))

    def login(self, call: Call) -> Reply:
        """Give a token for a user and a password."""
        asked: Credentials = call.body
        if ACCOUNTS.get(asked.user) != asked.password:
            raise Refused(401, "unknown user or wrong password")
        token = self._sessions.add(asked.user, f"{self._random.getrandbits(128):032x}")
        cookie = f"session={token[:16]}; Path=/; HttpOnly; SameSite=Lax"
        return Reply(200, encode({"token": token, "user": asked.user}), headers={"Set-Cookie": cookie})

    def put_into_cart(self, call: Call) -> Reply:
        """Put a product into a cart."""
        user, asked = self._user(call), call.body
        if asked.product_id not in PRODUCTS:
            raise Refused(422, f"there is no product {asked.product_id}")
        cart, cart_id = self._carts.get(asked.cart_id), asked.cart_id
        if cart_id and (cart is None or cart.user != user):
            raise Refused(404, f"there is no cart {cart_id}")
        if cart is None:
            cart = Cart(user)
            cart_id = self._carts.add(cart)
        cart.quantities[asked.product_id] = cart.quantities.get(asked.product_id, 0) + asked.quantity
        items = [{"productId": number, "quantity": count} for number, count in cart.quantities.items()]
        return reply(201, {"cartId": cart_id, "items": items, "total": cart.total})

    def check_out(self, call: Call) -> Reply:
        """Turn a cart into an order."""
        user, cart_id = self._user(call), call.body.cart_id
        cart = self._carts.get(cart_id)
        if cart is None or cart.user != user:
            raise Refused(404, f"there is no cart {cart_id}")
        self._carts.remove(cart_id)
        self._orders += 1
        order = {"orderId": f"o{self._orders}", "total": cart.total, "state": "paid"}
        return reply(201, order, self._latency.draw_s(CHECKOUT))

    def _user(self, call: Call) -> str:
        user = self._sessions.get(call.token)
        if user is None:
            raise Refused(401, "log in first, then send `Authorization: Bearer TOKEN`")
        return user


def _detail(product: dict[str, Any]) -> dict[str, Any]:
    return {**product, "stock": 1000 - product["id"], "description": f"A {product['name']} for any room."}
