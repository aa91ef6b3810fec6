"""What the HTTP steps report at load."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.engine import build_for


def codes(step: dict[str, Any], config: dict[str, Any] | None = None, base: Path = Path(".")) -> list[str]:
    build = build_for({"target": "http://127.0.0.1:9", **(config or {})}, base=base)
    build.steps([{"get": step}], ("flow",))
    return [diagnostic.code for diagnostic in build.diagnostics]


@pytest.mark.parametrize(
    ("step", "config", "code"),
    [
        ({"url": "/", "headers": {"Transfer-Encoding": "chunked"}}, {}, "LK214"),
        ({"url": "/", "headers": {"Content-Length": "5"}}, {}, "LK505"),
        ({"url": "/"}, {"tls": {"ca": "missing.pem"}}, "LK214"),
        ({"url": "/"}, {"http": {"timeout": 0}}, "LK211"),
        ({"url": "/", "json": 1, "form": {"a": 1}, "allowGetBody": True}, {}, "LK505"),
        ({"url": "/", "json": 1}, {}, "LK506"),
        ({"url": "/", "setContentLengthHeader": True}, {}, "LK506"),
        ({"url": "/", "http2": True}, {}, "LK505"),
        ({"url": "/", "https": {"rejectUnauthorized": False}}, {}, "LK505"),
        ({"url": "/a", "uri": "/b"}, {}, "LK505"),
        ({"url": "/a?b=1", "qs": {"c": 2}}, {}, "LK506"),
        ({"url": "/", "form": {"a": [1, 2]}, "allowGetBody": True}, {}, "LK506"),
    ],
)
def test_what_makes_no_sense_is_reported(step: dict[str, Any], config: dict[str, Any], code: str) -> None:
    assert codes(step, config) == [code]


@pytest.mark.parametrize(
    "step",
    [
        {"url": "/", "json": 1},
        {"url": "/a?b=1", "qs": {"c": 2}},
        {"url": "/", "form": {"a": [1, 2]}},
        {"url": "/", "http2": False, "encoding": "utf8", "allowGetBody": True, "searchParams": "a=1"},
    ],
)
def test_who_asks_for_artillery_is_told_nothing_of_it(step: dict[str, Any]) -> None:
    assert codes(step, {"compat": "artillery"}) == []


def test_a_certificate_that_cannot_be_read_is_a_fault_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    assert codes({"url": "/"}, {"tls": {"ca": "ca.pem"}}, tmp_path) == ["LK214"]
