"""Each importer on input as it really comes; what is made is read back as a scenario."""

import json
from pathlib import Path

import pytest
import yaml

from loadkit.importers.access_log import read_access_log
from loadkit.importers.curl import read_curl
from loadkit.importers.draft import ImportFault
from loadkit.importers.har import read_har
from loadkit.importers.openapi import read_openapi
from loadkit.importers.writing import write_scenario
from loadkit.scenario.merge import Overrides
from loadkit.scenario.plan import Plan
from loadkit.scenario.reading import read_plan
from loadkit.scenario.settings import Settings
from tests.support.traffic import BROWSE, BUY, PAUSE_S, SEARCH, access_log, har, openapi

RECORDINGS = Path(__file__).parent.parent.parent / "support" / "recordings"


@pytest.fixture
def plan_of(tmp_path):
    """Return what reads a draft's text, which must be free of faults."""

    def read(text: str) -> Plan:
        path = tmp_path / "made.yaml"
        path.write_text(text)
        return read_plan([path], Overrides(), Settings())

    return read


def flows(text: str) -> dict[str, list]:
    return {one["name"]: one["flow"] for one in yaml.safe_load(text)["scenarios"]}


# ------------------------------------------------------------------------------------------------------------------- HAR


def test_a_har_becomes_the_requests_of_documents_and_data(plan_of):
    text = write_scenario(read_har(har()), "Made.")
    plan = plan_of(text)
    assert plan.target == "https://shop.example"
    (flow,) = flows(text).values()
    assert [step if isinstance(step, str) else next(iter(step)) for step in flow] == [
        "get", "get", "think", "get", "think", "post", "think", "post"
    ]  # fmt: skip
    assert flow[:2] == [{"get": "/"}, {"get": "/products"}]
    assert flow[2] == {"think": 4}
    assert flow[3]["get"] == {"url": "/products/17?currency=EUR", "name": "/products/{product}"}
    assert flow[7]["post"]["form"] == {"item": "17", "gift": "yes"}


def test_a_har_tells_what_was_left_out():
    draft = read_har(har())
    assert "left out: 1 request to https://metrics.tracker.example" in draft.notes
    assert "left out: assets: pictures, styles, scripts, fonts (2)" in draft.notes
    assert "left out: redirects that are followed (1)" in draft.notes


def test_secrets_of_a_har_become_environment_variables():
    text = write_scenario(read_har(har()), "Made.")
    for secret in ("hunter2hunter2", "s3cr3t", "c0nsent", "eyJ", "k3y"):
        assert secret not in text
    (flow,) = flows(text).values()
    login, cart = flow[5]["post"], flow[7]["post"]
    assert login["json"] == {"user": "user1", "password": "{{ $env.PASSWORD }}"}
    assert login["cookie"] == {"consent": "{{ $env.COOKIE_CONSENT }}"}, "sid is set by an earlier response"
    assert cart["headers"]["authorization"] == "Bearer {{ $env.TOKEN }}"
    assert cart["url"] == "/cart?api_key={{ $env.API_KEY }}"
    (told,) = [line for line in text.splitlines() if line.startswith("# set these in the environment before a run: ")]
    assert sorted(told.split(": ")[1].split(", ")) == ["API_KEY", "COOKIE_CONSENT", "PASSWORD", "TOKEN"]


# ------------------------------------------------------------------------------------------------------------------ curl

CURL = r"""
# what Chrome copies
curl 'https://shop.example/api/login?v=2' \
  -X POST \
  -H 'accept: application/json, text/plain, */*' \
  -H 'content-type: application/json' \
  -b 'theme=dark; sid=s3cr3t-session' \
  --data-raw $'{"user":"ann","password":"it\'s hunter2","note":"\u00e9\\n"}' \
  --compressed
$ curl -sSLX PUT -u ann:hunter2hunter2 -d a=1 -d 'b=two words' "https://shop.example/cart/17?x=$SHOP_X" -m 2.5
curl --json '{"a": "{{x}}", "ok": true}' https://other.example/j && curl -I https://shop.example/health
curl -G https://shop.example/search --data-urlencode 'q=red shoes & more' -d page=2 -H "Authorization: Bearer ${TOKEN}"
curl -F name=ann -F "note=<hello.txt" -F file=@hello.txt https://shop.example/upload -o /dev/null -w '%{http_code}'
curl https://ann:pa%40ss-word@shop.example/me
curl "https://shop.example/x" -H "X-Quote: say \"hi\" \\ \$5" -H 'Host: other' --http2 -k
"""


@pytest.fixture
def curl_flow(plan_of, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("hello.txt").write_text("hello\nworld\n")
    text = write_scenario(read_curl(CURL), "Made.")
    plan = plan_of(text)
    assert (plan.target, len(plan.scenarios)) == ("https://shop.example", 1)
    for secret in ("hunter2", "s3cr3t", "pa@ss", "pa%40ss"):
        assert secret not in text
    return flows(text)["curl"]


def test_a_command_copied_from_a_browser(curl_flow):
    assert curl_flow[0] == {
        "post": {
            "url": "/api/login?v=2",
            "headers": {"accept": "application/json, text/plain, */*"},
            "cookie": {"theme": "{{ $env.COOKIE_THEME }}", "sid": "{{ $env.COOKIE_SID }}"},
            "json": {"user": "ann", "password": "{{ $env.PASSWORD }}", "note": "é\n"},
            "gzip": True,
        }
    }


def test_commands_as_people_type_them(curl_flow):
    _, put, json_step, head, search, upload, me, quoted = curl_flow
    assert put["put"] == {
        "url": "/cart/17?x={{ $env.SHOP_X }}",
        "name": "/cart/{cart}",
        "auth": {"user": "ann", "pass": "{{ $env.PASSWORD_2 }}"},
        "form": {"a": "1", "b": "two words"},
        "timeout": 2.5,
    }
    assert json_step["post"]["url"] == "https://other.example/j"
    assert json_step["post"]["json"] == {"a": '{{ "{{" }}x}}', "ok": True}
    assert head == {"head": "/health"}
    assert search["get"]["url"] == "/search?q=red%20shoes%20%26%20more&page=2"
    assert search["get"]["headers"] == {"authorization": "Bearer {{ $env.TOKEN }}"}
    assert upload["post"]["formData"] == {
        "name": "ann",
        "note": "hello\nworld\n",
        "file": {"fromFile": str(Path("hello.txt").absolute())},
    }
    assert me["get"]["auth"] == {"user": "ann", "pass": "{{ $env.PASSWORD_3 }}"}
    assert quoted["get"]["headers"] == {"x-quote": 'say "hi" \\ $5'}


def test_files_of_a_form_are_named_from_where_the_scenario_will_stand(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.png").write_bytes(b"\x89PNG")
    draft = read_curl(
        "curl https://shop.example/u -F 'image=@a.png;type=image/png' -F 'note=x;type=text/html' -F 'gone=@b.pdf'"
    )
    (step,) = flows(write_scenario(draft, "Made.", tmp_path / "load"))["curl"]
    assert step["post"]["formData"] == {
        "image": {"fromFile": "../a.png", "contentType": "image/png"},
        "note": {"value": "x", "contentType": "text/html"},
        "gone": {"value": "(contents of b.pdf)", "contentType": "application/octet-stream"},
    }
    assert any("fromFile: b.pdf" in note for note in draft.notes)


@pytest.mark.parametrize(
    "command",
    [
        "curl https://shop.example/x -d 'a=1&a=2&password=hunter2hunter2'",
        "curl https://shop.example/x -F user=ann -F password=hunter2hunter2 -F 'otp_token=hunter2hunter2;type=text/plain'",
        "curl https://shop.example/x -H 'Content-Type: text/xml' -d '<a><password>hunter2hunter2</password></a>'",
        """curl https://shop.example/x -H 'Content-Type: application/json' -d '{"password": "hunter2hunter2", }'""",
        """curl https://shop.example/x --json '[{"deep": {"api_key": "hunter2hunter2"}}, "hunter2hunter2"]'""",
        "curl 'https://shop.example/x?token=hunter2hunter2' -X TRACE; curl https://shop.example/",
        "curl https://shop.example/x/hunter2hunter2 -H 'X-Api-Key: hunter2hunter2'",
    ],
)
def test_no_form_of_a_body_lets_a_secret_through(plan_of, command):
    text = write_scenario(read_curl(command), "Made.")
    assert "hunter2" not in text
    plan_of(text)


def test_a_quote_that_is_not_closed_is_placed():
    with pytest.raises(ImportFault, match="line 2: a quote is opened and never closed"):
        read_curl("curl https://a.example/\ncurl 'https://b.example/")


# ------------------------------------------------------------------------------------------------------------ access log


def test_weights_and_pauses_of_a_log_are_those_of_its_visitors(plan_of):
    log, visits = access_log(10_000)
    draft = read_access_log(log)
    text = write_scenario(draft, "Made.")
    plan = plan_of(text)
    scenarios = {one.name: one for one in plan.scenarios}
    names = {
        BROWSE: "/ to /products/{product}, 3 requests",
        SEARCH: "/search to /products/{product}, 2 requests",
        BUY: "/ to /cart, 4 requests",
    }
    total = sum(scenario.weight for scenario in plan.scenarios)
    for kind, name in names.items():
        expected = visits[kind] / sum(visits.values())
        assert scenarios[name].weight / total == pytest.approx(expected, rel=0.1), name
    thinks = [step["think"] for step in flows(text)[names[BUY]] if "think" in step]
    assert thinks == [PAUSE_S] * 3
    assert draft.rate_per_s == pytest.approx(sum(visits.values()) / 3600, rel=0.1)
    assert any(note.startswith("left out: assets: pictures, styles, scripts, fonts (") for note in draft.notes)
    assert "a log has no bodies; write those of POST /cart, POST /login" in draft.notes


def test_identifiers_of_a_log_become_variables(plan_of):
    text = write_scenario(read_access_log(access_log(2_000)[0]), "Made.")
    made = yaml.safe_load(text)
    assert set(made["config"]["variables"]["product_id"]) <= set(range(1, 21))
    assert {"get": {"url": "/products/{{ product_id }}", "name": "/products/{product}"}} in made["scenarios"][0]["flow"]
    assert plan_of(text).request_names == ("/", "/cart", "/login", "/products", "/products/{product}", "/search")


def test_the_mix_of_requests_is_kept_for_visits_that_come_once(plan_of):
    line = '192.0.2.{} - - [21/Nov/2026:09:00:{:02} +0000] "GET {} HTTP/1.1" 200 5'
    paths = ["/a", "/a", "/a", "/b"]
    log = "\n".join(line.format(number, number, path) for number, path in enumerate(paths))
    journeys = read_access_log(log).journeys
    assert {journey.name: journey.weight for journey in journeys} == {"GET /a": 3, "GET /b": 1}


def log_of(*lines: tuple[int, str, int]) -> str:
    """Return a log of one visitor: seconds, request, status."""
    line = 'shop.example:443 192.0.2.7 - - [21/Nov/2026:09:00:{:02} +0000] "{} HTTP/1.1" {} 5 "-" "curl"'
    return "\n".join(line.format(*one) for one in lines)


def test_what_was_refused_in_a_log_and_what_redirects_led_to_is_left_out():
    log = log_of(
        (0, "GET /", 301), (0, "GET /home", 200), (2, "GET /wp-login.php", 404), (5, "GET /a", 200), (20, "GET /", 302),
        (29, "GET /b", 200),
    )  # fmt: skip
    draft = read_access_log(log)
    assert {request.url for journey in draft.journeys for request in journey.requests} == {"/", "/a", "/b"}
    assert draft.thresholds == ["http.codes.4xx == 0"]
    assert draft.notes == [
        "left out: requests that were refused (4xx) (1)",
        "left out: redirects that are followed (1)",
    ]


def test_visitors_behind_one_server_name_are_told_apart():
    lines = [
        log_of((0, "GET /a", 200), (3, "GET /b", 200)).replace("192.0.2.7", f"192.0.2.{number}") for number in (1, 2)
    ]
    (journey,) = read_access_log("\n".join(lines)).journeys
    assert (journey.weight, [request.url for request in journey.requests]) == (2, ["/a", "/b"])
    assert journey.requests[1].think_s == 3


def test_secrets_in_the_queries_of_a_log_are_taken_out():
    log = '192.0.2.1 - - [21/Nov/2026:09:00:00 +0000] "GET /x?token=hunter2hunter2&a=1 HTTP/1.1" 200 5 "-" "curl"\n'
    text = write_scenario(read_access_log(log), "Made.")
    assert "hunter2" not in text
    assert "/x?token={{ $env.TOKEN }}&a=1" in text


# --------------------------------------------------------------------------------------------------------------- OpenAPI


@pytest.mark.parametrize("dump", [json.dumps, yaml.safe_dump])
def test_a_description_becomes_a_scenario_for_each_tag(plan_of, dump):
    document = openapi()
    assert len(document["paths"]) == 20
    text = write_scenario(read_openapi(dump(document)), "Made.")
    plan = plan_of(text)
    assert plan.target == "https://eu.shop.example"
    made = flows(text)
    assert {"product", "order", "customer", "review", "coupon", "shipment", "login", "avatar"} <= set(made)
    assert sum(len(flow) for flow in made.values()) == 6 * 6 + 2
    create = next(step["post"] for step in made["order"] if "post" in step)
    assert create["url"] == "/v2/orders"
    assert create["json"]["name"] == "name"
    assert create["json"]["kind"] == "order"
    assert create["json"]["price"] == 0.5
    assert create["json"]["since"] == "2026-01-31"
    assert "id" not in create["json"], "it is readOnly"
    one = next(step["delete"] for step in made["order"] if "delete" in step)
    assert (one["url"], one["name"]) == ("/v2/orders/7", "/v2/orders/{orderId}")
    assert {"get": {"url": "/v2/orders?limit=20", "headers": {"authorization": "Bearer {{ $env.TOKEN }}"}}} in made[
        "order"
    ]
    assert made["login"] == [{"post": {"url": "/v2/login", "form": {"user": "ann", "remember": "true"}}}]
    assert made["avatar"][0]["put"]["headers"] == {"x-api-key": "{{ $env.X_API_KEY }}", "content-type": "image/png"}
    history = next(step["get"] for step in made["orders"] if step["get"]["url"].endswith("/history"))
    assert history["url"] == "/v2/orders/a%20b/history"


def test_all_that_has_to_be_set_is_told():
    text = write_scenario(read_openapi(json.dumps(openapi())), "Made.")
    (told,) = [line for line in text.splitlines() if line.startswith("# set these in the environment before a run: ")]
    assert sorted(told.split(": ")[1].split(", ")) == ["TOKEN", "X_API_KEY"]


def test_a_schema_that_holds_itself_ends(plan_of):
    document = openapi()
    document["components"]["schemas"]["Order"] = {
        "type": "object",
        "properties": {"next": {"$ref": "#/components/schemas/Order"}},
        "required": ["next"],
    }
    document["components"]["schemas"]["Coupon"] = {"$ref": "#/components/schemas/Coupon"}
    plan_of(write_scenario(read_openapi(json.dumps(document)), "Made."))


def test_swagger_2_becomes_the_same_as_openapi_3(plan_of):
    text = write_scenario(read_openapi((RECORDINGS / "shop.swagger.json").read_text()), "Made.")
    assert plan_of(text).target == "https://shop.example"
    login, cart, checkout = flows(text)["buying"]
    assert login["post"]["json"] == {"user": "bob", "password": "{{ $env.PASSWORD }}"}
    assert cart["post"]["headers"] == {"authorization": "Bearer {{ token }}"}
    assert checkout["post"]["json"] == {"cartId": "{{ cart_id }}"}
    products, search, product = flows(text)["catalogue"]
    assert products["get"]["capture"] == {"json": "$.products[0].id", "as": "product_id"}
    assert search == {"get": "/search?q=red%20lamp&only=new"}
    assert product["get"] == {"url": "/products/{{ product_id }}", "name": "/products/{productId}"}


@pytest.mark.parametrize(
    ("fields", "becomes"),
    [
        ([{"name": "a", "type": "integer"}], {"form": {"a": "1"}}),
        ([{"name": "a", "type": "string", "default": "b"}, {"name": "photo", "type": "file"}],
         {"formData": {"a": "b", "photo": {"value": "loadkit", "contentType": "application/octet-stream"}}}),
    ],
)  # fmt: skip
def test_forms_of_swagger_2(fields, becomes):
    parameters = [{"in": "formData", **field} for field in fields]
    document = {"swagger": "2.0", "basePath": "/v1", "paths": {"/x": {"post": {"parameters": parameters}}}}
    ((step,),) = flows(write_scenario(read_openapi(json.dumps(document)), "Made.")).values()
    assert step["post"] == {"url": "/v1/x", **becomes}


def test_operations_stand_where_they_can_work():
    """A description lists paths by their names, and deleting comes before what is to be deleted."""
    flow = flows(write_scenario(read_openapi((RECORDINGS / "shop.openapi.yaml").read_text()), "Made."))
    assert [next(iter(step.values()))["url"] for step in flow["buying"]] == ["/login", "/cart", "/checkout"]
    models = [next(iter(step.values()))["url"] for step in flow["platform"]]
    assert models.index("/models") < models.index("/models/{{ model_id }}")
    assert {
        "url": "/products/17",
        "name": "/products/{productId}",
        "headers": {"authorization": "Bearer {{ token }}"},
    } in [step["get"] for step in flow["catalogue"] if "get" in step], "an example in the description is kept"


def test_what_is_deleted_goes_last():
    order = {"type": "object", "properties": {"id": {"type": "string"}}}
    answer = {"responses": {"201": {"content": {"application/json": {"schema": order}}}}}
    parameters = [{"in": "path", "name": "orderId", "required": True, "schema": {"type": "string"}}]
    paths = {
        "/orders/{orderId}": {"parameters": parameters, "delete": {"tags": ["o"]}, "get": {"tags": ["o"]}},
        "/orders": {"post": {"tags": ["o"], **answer}},
        "/orders/{orderId}/pay": {"parameters": parameters, "post": {"tags": ["o"]}},
    }
    flow = flows(write_scenario(read_openapi(json.dumps({"openapi": "3.1.0", "paths": paths})), "Made."))["o"]
    assert [next(iter(step)) for step in flow] == ["post", "post", "get", "delete"]
    assert flow[3]["delete"] == {"url": "/orders/{{ order_id }}", "name": "/orders/{orderId}"}
