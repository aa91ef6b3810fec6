"""What a receiver says, without what opened it."""

from base64 import b64encode

import pytest

from loadkit.outputs.posting import Poster, UnwantedError, read_endpoint
from tests.support.receivers import http_receiver


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"Authorization": f"Basic {b64encode(b'ann:tall-tree').decode()}"}, "no user has tall-tree"),
        ({"Authorization": "Token tall-tree"}, "unknown: tall-tree"),
        ({"api-key": "tall-tree"}, '{"error": "tall-tree is revoked"}'),
        ({"api-key": "tall-tree" * 10}, f"{'x' * 180} {'tall-tree' * 10}"),  # cut within it
    ],
)
def test_a_receiver_that_repeats_a_secret_is_quoted_without_it(headers: dict[str, str], said: str) -> None:
    with http_receiver() as inbox:
        inbox.status, inbox.text = 401, said.encode()
        endpoint = read_endpoint(f"http://127.0.0.1:{inbox.port}", key="url", example="")
        poster = Poster(endpoint, headers)
        with pytest.raises(UnwantedError, match=r"^it answered 401: .*\*\*\*") as caught:
            poster.post("/write", b"", "text/plain")
        poster.close()
    assert "tall" not in str(caught.value)


def test_what_is_no_secret_of_a_header_is_quoted() -> None:
    with http_receiver() as inbox:
        inbox.status, inbox.text = 403, b"unknown tenant shop"
        endpoint = read_endpoint(f"http://127.0.0.1:{inbox.port}", key="url", example="")
        poster = Poster(endpoint, {"x-tenant": "shop", "Authorization": "Basic ?"})
        with pytest.raises(UnwantedError, match="it answered 403: unknown tenant shop"):
            poster.post("/write", b"", "text/plain")
        poster.close()
