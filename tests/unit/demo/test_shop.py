import csv
import json
from pathlib import Path
from typing import Any

import pytest

from loadkit.demo import shop as shops
from loadkit.demo.latency import Latency
from loadkit.demo.route import Call, Refused, Reply
from loadkit.demo.shop import ACCOUNTS, PRODUCTS, Cart, Credentials, Order, Purchase, Shop

USERS = Path(__file__).parents[3] / "scenarios" / "users.csv"


@pytest.fixture
def shop() -> Shop:
    return Shop(Latency())


def call(*, path: dict[str, str] | None = None, query: dict[str, str] | None = None, token: str = "", body: Any = None):
    return Call(path or {}, query or {}, token, body)


def read(answer: Reply) -> Any:
    return json.loads(answer.body)


def log_in(shop: Shop, user: str = "alice") -> str:
    return read(shop.login(call(body=Credentials(user, ACCOUNTS[user]))))["token"]


def refusal(action: Any, asked: Call) -> int:
    with pytest.raises(Refused) as caught:
        action(asked)
    return caught.value.reply.status


def test_the_list_shows_every_product_and_the_detail_more_of_one(shop: Shop):
    routes = {route.path: route.act for route in shop.routes()}
    listed = read(routes["/products"](call()))
    assert listed["total"] == len(listed["products"]) == len(PRODUCTS)
    detail = read(shop.product(call(path={"id": "7"})))
    assert detail.items() >= PRODUCTS[7].items()
    assert "stock" in detail


def test_a_product_that_does_not_exist_is_not_found(shop: Shop):
    assert refusal(shop.product, call(path={"id": "9999"})) == 404


def test_a_search_finds_names_whatever_their_case_and_takes_its_time(shop: Shop):
    answer = shop.search(call(query={"q": "LAMP"}))
    hits = read(answer)["hits"]
    assert hits
    assert all("lamp" in hit["name"] for hit in hits)
    assert 0 < answer.delay_s <= 0.25


def test_a_search_for_nothing_is_refused(shop: Shop):
    assert refusal(shop.search, call()) == 400


def test_each_login_gives_a_token_of_its_own_and_a_cookie(shop: Shop):
    answers = [shop.login(call(body=Credentials("alice", "wonderland"))) for _ in range(2)]
    assert read(answers[0])["token"] != read(answers[1])["token"]
    assert (answers[0].headers or {})["Set-Cookie"].startswith("session=")


@pytest.mark.parametrize(("user", "password"), [("alice", "guess"), ("nobody", ""), ("", "")])
def test_a_wrong_login_is_refused(shop: Shop, user: str, password: str):
    assert refusal(shop.login, call(body=Credentials(user, password))) == 401


def test_a_cart_adds_up_over_several_requests(shop: Shop):
    token = log_in(shop)
    first = read(shop.put_into_cart(call(token=token, body=Purchase(1, 2))))
    again = read(shop.put_into_cart(call(token=token, body=Purchase(1, 1, first["cartId"]))))
    other = read(shop.put_into_cart(call(token=token, body=Purchase(2, 1, first["cartId"]))))
    assert again["items"] == [{"productId": 1, "quantity": 3}]
    assert other["total"] == pytest.approx(3 * PRODUCTS[1]["price"] + PRODUCTS[2]["price"])


@pytest.mark.parametrize(
    ("logged_in", "purchase", "status"),
    [(False, Purchase(1), 401), (True, Purchase(9999), 422), (True, Purchase(1, 1, "c99"), 404)],
)
def test_what_cannot_be_put_into_a_cart_is_refused(shop: Shop, logged_in: bool, purchase: Purchase, status: int):
    token = log_in(shop) if logged_in else "made-up"
    assert refusal(shop.put_into_cart, call(token=token, body=purchase)) == status


def test_a_cart_is_paid_once_and_by_its_owner(shop: Shop):
    alice, bob = log_in(shop), log_in(shop, "bob")
    cart = read(shop.put_into_cart(call(token=alice, body=Purchase(3, 2))))
    order = call(token=alice, body=Order(cart["cartId"]))
    assert refusal(shop.check_out, order._replace(token=bob)) == 404
    answer = shop.check_out(order)
    assert (answer.status, read(answer)["total"]) == (201, cart["total"])
    assert answer.delay_s > 0
    assert refusal(shop.check_out, order) == 404


def test_memory_stays_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shops, "KEPT", 3)
    shop = Shop(Latency())
    tokens = [log_in(shop) for _ in range(4)]
    assert refusal(shop.put_into_cart, call(token=tokens[0], body=Purchase(1))) == 401
    assert shop.put_into_cart(call(token=tokens[3], body=Purchase(1))).status == 201


def test_a_cart_is_priced_to_the_cent():
    assert Cart("alice", {1: 3}).total == round(3 * PRODUCTS[1]["price"], 2)


def test_the_users_of_the_example_scenario_have_accounts():
    with USERS.open(newline="") as file:
        users = {row["user"]: row["password"] for row in csv.DictReader(file)}
    assert users == ACCOUNTS
