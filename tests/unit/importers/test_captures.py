"""What a response gave and a later request sends becomes a capture; the rest stays as it was recorded."""

import json
from typing import Any

import pytest
import yaml

from loadkit.importers.har import read_har
from loadkit.importers.writing import write_scenario
from loadkit.scenario.merge import Overrides
from loadkit.scenario.reading import read_plan
from loadkit.scenario.settings import Settings
from tests.support.traffic import SHOP, entry, har_of

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.abc-DEF_123"
UUID = "6f1c2a4e-9b7d-4a53-8f0e-2d1c3b4a5f60"


@pytest.fixture
def flow_of(tmp_path):
    """Return what makes a HAR of exchanges, and gives the steps that come of it."""

    def make(*exchanges: dict[str, Any]) -> list[Any]:
        path = tmp_path / "made.yaml"
        path.write_text(
            write_scenario(read_har(har_of([_entry(at, **one) for at, one in enumerate(exchanges)])), "Made.")
        )
        read_plan([path], Overrides(), Settings())
        steps = yaml.safe_load(path.read_text())["scenarios"][0]["flow"]
        return [next(iter(step.values())) for step in steps if "think" not in step]

    return make


def _entry(at: int, *, url: str, gives: Any = None, sends: Any = None, form: str = "", **more: Any) -> dict[str, Any]:
    body = ("application/json", json.dumps(sends)) if sends is not None else None
    body = ("application/x-www-form-urlencoded", form) if form else body
    text = gives if isinstance(gives, str) else json.dumps(gives)
    return entry(at / 10, f"{SHOP}{url}", method="POST" if body else "GET", post=body, text=text, **more)


@pytest.mark.parametrize(
    ("gives", "uses", "capture", "becomes"),
    [
        ({"token": TOKEN}, {"url": "/me", "headers": {"authorization": f"Bearer {TOKEN}"}},
         {"json": "$.token", "as": "token"}, {"headers": {"authorization": "Bearer {{ token }}"}}),
        ({"data": {"accessToken": "a1b2c3d4e5f6"}}, {"url": "/me?t=a1b2c3d4e5f6"},
         {"json": "$.data.accessToken", "as": "access_token"}, {"url": "/me?t={{ access_token }}"}),
        ({"order": {"id": 17}}, {"url": "/orders/17/lines"},
         {"json": "$.order.id", "as": "order_id"}, {"url": "/orders/{{ order_id }}/lines", "name": "/orders/{order}/lines"}),
        ({"cartId": "c1"}, {"url": "/checkout", "sends": {"cartId": "c1", "n": 1}},
         {"json": "$.cartId", "as": "cart_id"}, {"json": {"cartId": "{{ cart_id }}", "n": 1}}),
        ({"products": [{"id": 8}, {"id": 9}]}, {"url": "/cart", "sends": {"productId": 9}},
         {"json": "$.products[1].id", "as": "product_id"}, {"json": {"productId": "{{ product_id }}"}}),
        ({"items": [{"a-b": {"x": UUID}}]}, {"url": "/x", "form": f"thing={UUID}"},
         {"json": "$.items[0].a-b.x", "as": "x"}, {"form": {"thing": "{{ x }}"}}),
        ({"next": "a b/c+d/e0f1"}, {"url": "/page?after=a%20b%2Fc%2Bd%2Fe0f1"}, None, None),
        ({"cursor": "ab/c+d/e0f1=="}, {"url": "/page?after=ab%2Fc%2Bd%2Fe0f1%3D%3D"},
         {"json": "$.cursor", "as": "cursor"}, {"url": "/page?after={{ $urlEncode(cursor) }}"}),
        ({"id": UUID}, {"url": "/graphql", "sends": {"query": f'{{ thing(id: "{UUID}") }}'}},
         {"json": "$.id", "as": "start_id"}, {"json": {"query": '{ thing(id: "{{ start_id }}") }'}}),
    ],
    ids=["token", "nested token", "path", "body", "list", "form", "sentence", "encoded", "inside"],
)  # fmt: skip
def test_a_value_that_comes_back_is_captured(flow_of, gives, uses, capture, becomes):
    first, second = flow_of({"url": "/start", "gives": gives}, uses)
    if capture is None:
        assert isinstance(first, str)
        return
    assert first["capture"] == capture
    whole = second if isinstance(second, dict) else {"url": second}
    assert {key: whole.get(key) for key in becomes} == becomes


@pytest.mark.parametrize(
    ("gives", "uses"),
    [
        ({"id": 1, "total": 2}, {"url": "/cart", "sends": {"quantity": 1, "page": 2}}),
        ({"count": 17}, {"url": "/products/17"}),
        ({"productId": 17}, {"url": "/orders/17"}),
        ({"made": "2026-11-21T09:00:00Z"}, {"url": "/x?since=2026-11-21T09:00:00Z"}),
        ({"cartId": "17"}, {"url": "/x", "sends": {"cartId": 17}}),
        ({"ok": True}, {"url": "/x", "sends": {"ok": True}}),
    ],
)
def test_a_value_that_is_the_same_by_chance_is_not(flow_of, gives, uses):
    first, _ = flow_of({"url": "/start", "gives": gives}, uses)
    assert first == "/start"


def test_what_the_visitor_had_sent_before_is_no_capture(flow_of):
    first, second = flow_of(
        {"url": "/products/17", "gives": {"id": 17, "name": "lamp"}}, {"url": "/cart", "sends": {"productId": 17}}
    )
    assert first == {"url": "/products/17", "name": "/products/{product}"}
    assert second["json"] == {"productId": 17}


def test_the_first_answer_that_has_a_value_is_its_source(flow_of):
    first, second, third = flow_of(
        {"url": "/orders", "sends": {"a": 1}, "gives": {"id": 7}},
        {"url": "/orders/7", "gives": {"id": 7, "state": "open"}},
        {"url": "/orders/7/pay", "sends": {"orderId": 7}},
    )
    assert first["capture"] == {"json": "$.id", "as": "order_id"}
    assert "capture" not in second
    assert third == {
        "url": "/orders/{{ order_id }}/pay", "name": "/orders/{order}/pay", "json": {"orderId": "{{ order_id }}"}
    }  # fmt: skip


def test_variables_of_different_things_have_different_names(flow_of):
    first, second, third = flow_of(
        {"url": "/a", "gives": {"token": "first-token-1"}},
        {"url": "/b?t=first-token-1", "gives": {"token": "second-token-2"}},
        {"url": "/c?t=second-token-2"},
    )
    assert (first["capture"]["as"], second["capture"]["as"]) == ("token", "token_2")
    assert third == "/c?t={{ token_2 }}"


def test_a_header_and_a_hidden_field_are_captured(flow_of):
    page = '<form><input type="hidden" name="_csrf" value="k3y-0f-the-form"><input name="q" value="lamp"></form>'
    first, second, third = flow_of(
        {
            "url": "/form",
            "gives": page,
            "media_type": "text/html",
            "answer_headers": {"X-Request-Key": "key-12345-abc"},
        },
        {"url": "/form", "form": "_csrf=k3y-0f-the-form&q=lamp"},
        {"url": "/form/2", "headers": {"x-request-key": "key-12345-abc"}},
    )
    assert first["capture"] == [
        {"regexp": 'name="_csrf"[^>]*value="([^"]+)"', "group": 1, "as": "csrf"},
        {"header": "x-request-key", "as": "x_request_key"},
    ]
    assert second["form"] == {"_csrf": "{{ csrf }}", "q": "lamp"}
    assert third["headers"] == {"x-request-key": "{{ x_request_key }}"}


def test_the_answer_behind_a_redirect_is_that_of_the_request(flow_of):
    first, second = flow_of(
        {"url": "/login", "form": "user=ann", "status": 303, "redirect": "/home"},
        {"url": "/home", "gives": {"userId": "u77"}},
        {"url": "/users/u77"},
    )
    assert first["capture"] == {"json": "$.userId", "as": "user_id"}
    assert second == {"url": "/users/{{ user_id }}", "name": "/users/{user}"}


def test_a_form_with_a_file_becomes_form_data(flow_of):
    boundary = "----WebKitFormBoundaryx1"
    lines = [
        f"--{boundary}", 'Content-Disposition: form-data; name="title"', "", "my lamp",
        f"--{boundary}", 'Content-Disposition: form-data; name="tag"', "", "a",
        f"--{boundary}", 'Content-Disposition: form-data; name="tag"', "", "b",
        f"--{boundary}", 'Content-Disposition: form-data; name="image"; filename="lamp.png"', "Content-Type: image/png", "", "",
        f"--{boundary}--", "",
    ]  # fmt: skip
    one = entry(
        0, f"{SHOP}/upload", method="POST", post=(f"multipart/form-data; boundary={boundary}", "\r\n".join(lines))
    )
    draft = read_har(har_of([one]))
    text = write_scenario(draft, "Made.")
    post = yaml.safe_load(text)["scenarios"][0]["flow"][0]["post"]
    assert post == {
        "url": "/upload",
        "formData": {
            "title": "my lamp",
            "tag": ["a", "b"],
            "image": {"value": "(contents of lamp.png)", "contentType": "image/png"},
        },
    }
    assert any("fromFile: lamp.png" in note for note in draft.notes)
