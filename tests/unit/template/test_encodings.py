import base64
import hashlib
import json
from typing import Any

import pytest

from loadkit.template.compile import TemplateFault, compile_value
from loadkit.template.encodings import FUNCTIONS
from tests.support.users import user


def render(template: str, **variables: Any) -> Any:
    return compile_value(template, FUNCTIONS).render(user(**variables))


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("{{ $base64('ann:secret') }}", "YW5uOnNlY3JldA=="),
        ("{{ $base64('') }}", ""),
        ("{{ $base64(12) }}", "MTI="),
        ("{{ $base64decode('YW5uOnNlY3JldA') }}", "ann:secret"),
        ("{{ $base64decode('8J-MsA') }}", "\N{CHESTNUT}"),
        ("{{ $base64decode('8J+MsA==') }}", "\N{CHESTNUT}"),
        ("{{ $urlEncode('a b&c/d~ü') }}", "a%20b%26c%2Fd~%C3%BC"),
        ("{{ $json('say \"hi\"') }}", '"say \\"hi\\""'),
        ("{{ $json(null) }}", "null"),
        ("{{ $hash('md5', 'a') }}", "0cc175b9c0f1b6a831c399e269772661"),
        ("{{ $hash('SHA-256', '') }}", hashlib.sha256(b"").hexdigest()),
    ],
)
def test_texts_become_what_the_standards_say(text: str, made: str) -> None:
    assert render(text) == made


def test_hmac_is_that_of_rfc_4231() -> None:
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert render("{{ $hmac('sha256', 'Jefe', 'what do ya want for nothing?') }}") == expected
    signed = render("{{ $hmac('sha256', key, 'what do ya want for nothing?', 'base64') }}", key="Jefe")
    assert signed == base64.b64encode(bytes.fromhex(expected)).decode()


def test_variables_keep_their_structure_in_json() -> None:
    order = {"id": 1, "lines": ["a", None, 1.5]}
    assert json.loads(render("{{ $json(order) }}", order=order)) == order


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ $base64decode('*') }}", "is not base64"),
        ("{{ $hash('crc', 'a') }}", "sha256"),
        ("{{ $hmac('md4', 'k', 'a') }}", "is not an algorithm"),
        ("{{ $hmac('md5', 'k', 'a', 'octal') }}", "is not an encoding"),
        ("{{ $hash('md5') }}", "does not take 1 argument"),
    ],
)
def test_mistakes_are_found_at_load(text: str, said: str) -> None:
    with pytest.raises(TemplateFault, match=said):
        compile_value(text, FUNCTIONS)


def test_half_characters_of_a_response_do_no_harm() -> None:
    assert render("{{ $base64(text) }}", text="\ud800") == "Pw=="
    assert render("{{ $urlEncode(text) }}", text="\ud800") == "%3F"
