"""Traffic and descriptions in the formats in which they really come: what a browser exports, nginx logs, people paste."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

SHOP = "https://shop.example"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
BEGIN = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

# ------------------------------------------------------------------------------------------------------------------- HAR


def entry(
    at_s: float,
    url: str,
    *,
    method: str = "GET",
    kind: str = "xhr",
    took_ms: float = 80.0,
    status: int = 200,
    headers: dict[str, str] | None = None,
    post: tuple[str, str] | None = None,
    cookies: dict[str, str] | None = None,
    set_cookies: dict[str, str] | None = None,
    redirect: str = "",
    text: str = "",
    media_type: str = "application/json",
    answer_headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Return an entry as Chrome's "Export HAR (with sensitive data)" writes it."""
    host = url.split("/")[2]
    sent = {
        ":authority": host, ":method": method, ":path": "/", ":scheme": "https", "accept": "*/*",
        "accept-encoding": "gzip, deflate, br, zstd", "accept-language": "en-US,en;q=0.9", "referer": f"{SHOP}/",
        "sec-ch-ua": '"Chromium";v="131"', "sec-fetch-mode": "cors", "user-agent": CHROME, **(headers or {}),
        **({"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}),
    }  # fmt: skip
    request: dict[str, Any] = {
        "method": method,
        "url": url,
        "httpVersion": "http/2.0",
        "headers": [{"name": name, "value": value} for name, value in sent.items()],
        "queryString": [],
        "cookies": [{"name": name, "value": value, "path": "/"} for name, value in (cookies or {}).items()],
        "headersSize": -1,
        "bodySize": len(post[1]) if post else 0,
    }
    if post:
        request["postData"] = {"mimeType": post[0], "text": post[1]}
    return {
        "_initiator": {"type": "script"}, "_priority": "High", "_resourceType": kind, "cache": {}, "connection": "443",
        "request": request,
        "response": {
            "status": status, "statusText": "", "httpVersion": "http/2.0",
            "headers": [{"name": name, "value": value} for name, value in (answer_headers or {}).items()],
            "cookies": [{"name": name, "value": value} for name, value in (set_cookies or {}).items()],
            "content": {"size": len(text), "mimeType": media_type, "text": text}, "redirectURL": redirect, "headersSize": -1,
            "bodySize": -1, "_transferSize": 640, "_error": None,
        },
        "serverIPAddress": "192.0.2.10",
        "startedDateTime": (BEGIN + timedelta(seconds=at_s)).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "time": took_ms,
        "timings": {"blocked": 1.2, "dns": -1, "ssl": -1, "connect": -1, "send": 0.1, "wait": 70, "receive": 8.7},
    }  # fmt: skip


def har(target: str = SHOP) -> str:
    """Return a visit: home page with assets, a product, login with a redirect, a basket."""
    login = json.dumps({"user": "user1", "password": "hunter2hunter2"})
    token = {"authorization": "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.abc-DEF_123"}
    session = {"cookies": {"sid": "s3cr3t-session", "consent": "c0nsent-value"}}
    entries = [
        entry(0.0, f"{target}/", kind="document", took_ms=120, set_cookies={"sid": "s3cr3t-session"}),
        entry(0.15, f"{target}/static/app.js", kind="script"),
        entry(0.16, f"{target}/static/logo.png", kind="image"),
        entry(0.2, "https://metrics.tracker.example/collect?id=1", kind="xhr"),
        entry(0.3, f"{target}/products", took_ms=60),
        entry(4.36, f"{target}/products/17?currency=EUR", took_ms=40),
        entry(4.41, f"{target}/products/17", method="OPTIONS", kind="preflight"),
        entry(9.4, f"{target}/login", method="POST", post=("application/json", login),
              headers={"content-type": "application/json"}, **session, status=303, redirect="/search?q=shoe"),
        entry(9.5, f"{target}/search?q=shoe", **session),
        entry(12.0, f"{target}/cart?api_key=k3y-k3y-k3y", method="POST", headers=token, **session,
              post=("application/x-www-form-urlencoded", "item=17&gift=yes")),
        entry(12.2, "wss://shop.example/live", kind="websocket"),
    ]  # fmt: skip
    return har_of(entries)


def har_of(entries: list[dict[str, Any]]) -> str:
    """Return entries as the file that the panel exports."""
    log = {
        "version": "1.2",
        "creator": {"name": "WebInspector", "version": "537.36"},
        "pages": [{"id": "page_1", "startedDateTime": BEGIN.isoformat(), "title": f"{SHOP}/", "pageTimings": {}}],
        "entries": entries,
    }
    return json.dumps({"log": log}, indent=2)


# ------------------------------------------------------------------------------------------------------------ access log

BROWSE, BUY, SEARCH = "browse", "buy", "search"
SHARES = {BROWSE: 6, BUY: 1, SEARCH: 3}
PAUSE_S = 4


def access_log(lines: int, seed: int = 1) -> tuple[str, dict[str, int]]:
    """Return a combined log of so many lines, with asset requests among them, and how many visits of each kind are in it."""
    draw = random.Random(seed)
    made: list[tuple[float, str]] = []
    visits = dict.fromkeys(SHARES, 0)
    number = 0
    while len(made) < lines:
        kind = draw.choices(list(SHARES), list(SHARES.values()))[0]
        visits[kind] += 1
        number += 1
        host, at_s = f"198.51.{number // 250}.{number % 250 + 1}", draw.uniform(0, 3600)
        for method, path in _visit(kind, draw):
            made.append((at_s, _line(host, at_s, method, path, draw)))
            if path == "/":
                made += [
                    (at_s, _line(host, at_s, "GET", asset, draw)) for asset in ("/static/app.css", "/logo.png?v=2")
                ]
            at_s += draw.choice([PAUSE_S - 1, PAUSE_S, PAUSE_S, PAUSE_S + 1])
    made.sort(key=lambda one: one[0])
    return "\n".join(line for _, line in made[: lines]) + "\n", visits  # fmt: skip


def _visit(kind: str, draw: random.Random) -> list[tuple[str, str]]:
    product = f"/products/{draw.randint(1, 20)}"
    if kind == BROWSE:
        return [("GET", "/"), ("GET", "/products"), ("GET", product)]
    if kind == BUY:
        return [("GET", "/"), ("GET", product), ("POST", "/login"), ("POST", "/cart")]
    return [("GET", "/search?q=shoe"), ("GET", product)]


def _line(host: str, at_s: float, method: str, path: str, draw: random.Random) -> str:
    time = (BEGIN + timedelta(seconds=at_s)).strftime("%d/%b/%Y:%H:%M:%S +0000")
    size = draw.randint(200, 20_000)
    return f'{host} - - [{time}] "{method} {path} HTTP/1.1" 200 {size} "-" "{CHROME}"'


# ---------------------------------------------------------------------------------------------------------------- OpenAPI


def openapi() -> dict[str, Any]:
    """Return a description with 20 paths: references, parameters everywhere, bodies with and without examples, security."""
    paths: dict[str, Any] = {}
    for noun in ("product", "order", "customer", "review", "coupon", "shipment"):
        many, schema = f"/{noun}s", {"$ref": f"#/components/schemas/{noun.title()}"}
        body = {"required": True, "content": {"application/json": {"schema": schema}}}
        paths[many] = {
            "get": {
                "tags": [noun],
                "operationId": f"list{noun.title()}s",
                "parameters": [
                    {"$ref": "#/components/parameters/Limit"},
                    {"name": "after", "in": "query", "schema": {"type": "string"}},
                ],
                "responses": {"200": {"description": "ok"}},
            },
            "post": {"tags": [noun], "requestBody": body, "responses": {"201": {"description": "made"}}},
        }
        paths[f"{many}/{{{noun}Id}}"] = {
            "parameters": [{"name": f"{noun}Id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 7}}],
            "get": {"tags": [noun], "responses": {"200": {"description": "ok"}}},
            "put": {"tags": [noun], "requestBody": body, "responses": {"200": {"description": "ok"}}},
            "delete": {"tags": [noun], "responses": {"204": {"description": "gone"}}},
        }  # fmt: skip
        paths[f"{many}/{{{noun}Id}}/history"] = {
            "get": {
                "parameters": [
                    {"name": f"{noun}Id", "in": "path", "required": True, "example": "a b", "schema": {"type": "string"}},
                    {"name": "X-Request-Id", "in": "header", "required": True, "schema": {"type": "string", "format": "uuid"}},
                ],
                "responses": {"200": {"description": "ok"}},
            }
        }  # fmt: skip
    form = {
        "type": "object",
        "properties": {"user": {"type": "string", "example": "ann"}, "remember": {"type": "boolean"}},
    }
    paths["/login"] = {
        "post": {
            "security": [],
            "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": form}}},
            "responses": {"200": {"description": "ok"}},
        }
    }  # fmt: skip
    paths["/avatar"] = {
        "put": {
            "security": [{"key": []}],
            "requestBody": {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}},
            "responses": {"204": {"description": "ok"}},
        }
    }
    schemas = {
        noun.title(): {
            "allOf": [
                {"$ref": "#/components/schemas/Thing"},
                {
                    "type": "object",
                    "required": ["kind"],
                    "properties": {
                        "kind": {"type": "string", "enum": [noun, "other"]},
                        "price": {"type": "number", "minimum": 0.5},
                        "tags": {"type": "array", "items": {"type": "string"}},
                        "parent": {"$ref": f"#/components/schemas/{noun.title()}"},
                        "since": {"type": "string", "format": "date", "example": "2026-01-31"},
                    },
                },
            ]
        }
        for noun in ("product", "order", "customer", "review", "coupon", "shipment")
    }
    thing = {
        "type": "object",
        "properties": {"id": {"type": "integer", "readOnly": True}, "name": {"type": "string", "minLength": 3}},
        "required": ["name"],
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Shop", "version": "1"},
        "servers": [{"url": "https://{region}.shop.example/v2", "variables": {"region": {"default": "eu"}}}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "parameters": {
                "Limit": {
                    "name": "limit",
                    "in": "query",
                    "required": True,
                    "schema": {"type": "integer", "default": 20},
                }
            },
            "schemas": {"Thing": thing, **schemas},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }
