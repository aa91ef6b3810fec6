import asyncio
from typing import Any

import aiohttp
import pytest

from loadkit.demo.app import make_app, serve
from loadkit.demo.options import DemoOptions
from tests.support.demo import ask, visit

VECTOR = [0.1] * 8
LOGIN = {"user": "alice", "password": "wonderland"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "keys"),
    [
        ("GET", "/health", None, 200, {"status"}),
        ("GET", "/products", None, 200, {"products", "total"}),
        ("GET", "/products/7", None, 200, {"id", "name", "price", "category", "stock", "description"}),
        ("GET", "/products/none", None, 404, {"error"}),
        ("GET", "/search?q=lamp", None, 200, {"query", "hits", "total"}),
        ("GET", "/search", None, 400, {"error"}),
        ("POST", "/login", LOGIN, 200, {"token", "user"}),
        ("POST", "/login", {**LOGIN, "password": "guess"}, 401, {"error"}),
        ("POST", "/cart", {"productId": 1, "quantity": 1}, 401, {"error"}),
        ("POST", "/checkout", {"cartId": "c1"}, 401, {"error"}),
        ("POST", "/models", {"name": "ranker"}, 201, {"id", "name", "version"}),
        ("POST", "/vectors/search", {"vector": VECTOR}, 200, {"matches"}),
        ("POST", "/vectors/search", {"vector": [1]}, 400, {"error"}),
        ("POST", "/workflows", {"name": "nightly"}, 202, {"id", "state"}),
        ("POST", "/campaigns", {"name": "spring"}, 201, {"id", "name", "budget", "assets", "state"}),
        ("GET", "/nowhere", None, 404, {"error"}),
        ("DELETE", "/products", None, 404, {"error"}),
    ],
)
def test_each_route_answers_in_json(
    demo_url: str, method: str, path: str, body: Any, status: int, keys: set[str]
):  # fmt: skip
    answered, value = ask(demo_url, method, path, json=body)
    assert (answered, set(value)) == (status, keys)


def test_the_front_page_is_html(demo_url: str):
    async def front_page(client: aiohttp.ClientSession) -> tuple[str, str]:
        async with client.get("/") as response:
            return response.content_type, await response.text()

    media_type, text = visit(demo_url, front_page)
    assert media_type == "text/html"
    assert "demo shop" in text


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"user": 1, "password": "x"}', b"\xff"])
def test_a_body_of_another_shape_is_a_bad_request(demo_url: str, body: bytes):
    status, value = ask(demo_url, "POST", "/login", data=body)
    assert status == 400
    assert "body" in value["error"]


def test_a_body_that_is_too_large_is_refused(demo_url: str):
    async def post(client: aiohttp.ClientSession) -> int:
        async with client.post("/models", data=b"x" * 100_000) as response:
            return response.status

    assert visit(demo_url, post) == 413


def test_a_customer_logs_in_fills_a_cart_and_pays(demo_url: str):
    async def buy(client: aiohttp.ClientSession) -> tuple[list[str], dict[str, Any], int, dict[str, Any]]:
        async with client.post("/login", json=LOGIN) as response:
            bearer = {"Authorization": f"Bearer {(await response.json())['token']}"}
            cookies = list(response.cookies)
        async with client.post("/cart", json={"productId": 7, "quantity": 2}, headers=bearer) as response:
            cart = await response.json()
        async with client.post("/checkout", json={"cartId": cart["cartId"]}, headers=bearer) as response:
            return cookies, cart, response.status, await response.json()

    cookies, cart, status, order = visit(demo_url, buy)
    assert cookies == ["session"]
    assert cart["items"] == [{"productId": 7, "quantity": 2}]
    assert (status, order["state"], order["total"]) == (201, "paid", cart["total"])


def test_a_polled_workflow_comes_to_its_end(demo_url: str):
    async def poll(client: aiohttp.ClientSession) -> list[str]:
        async with client.post("/workflows", json={"name": "nightly"}) as response:
            workflow = await response.json()
        states = []
        while "done" not in states:
            async with client.get(f"/workflows/{workflow['id']}") as response:
                states.append((await response.json())["state"])
        return states

    assert visit(demo_url, poll)[-1] == "done"


def test_a_share_of_requests_fails_but_never_the_health_check(failing_demo_url: str):
    async def statuses(client: aiohttp.ClientSession) -> dict[str, list[int]]:
        seen: dict[str, list[int]] = {"/products": [], "/health": []}
        for path, found in seen.items():
            for _ in range(500):
                async with client.get(path) as response:
                    found.append(response.status)
        return seen

    seen = visit(failing_demo_url, statuses)
    assert set(seen["/health"]) == {200}
    assert set(seen["/products"]) == {200, 503}
    assert 60 <= seen["/products"].count(503) <= 140  # 100 expected; 4.5 standard deviations to either side


def test_it_serves_until_it_is_cancelled():
    async def run() -> int:
        url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        server = asyncio.create_task(serve("127.0.0.1", 0, DemoOptions(), url.set_result))
        async with aiohttp.ClientSession(await url) as client, client.get("/health") as response:
            status = response.status
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)
        return status

    assert asyncio.run(run()) == 200


def test_the_application_can_be_served_by_any_aiohttp_server():
    app = make_app(DemoOptions())
    assert {"/products", "/cart", "/models", "/workflows/{id}"} <= {
        resource.canonical for resource in app.router.resources()
    }
