"""URLs, origins and names."""

import pytest

from loadkit.protocols.address import Origin, follow, request_name, request_target, split_url


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("http://a", "http://a", "/"),
        ("https://a:8443/x?y=1#z", "https://a:8443", "/x?y=1"),
        ("http://[::1]:80/x", "http://[::1]", "/x"),
        ("http://user:pass@a/x", "http://a", "/x"),
    ],
)
def test_a_url_is_split(url: str, origin: str, path: str) -> None:
    made, rest = split_url(url)
    assert (str(made), rest) == (origin, path)


@pytest.mark.parametrize(
    "url", ["", "/x", "ftp://a", "file:///etc/passwd", "http://", "http://a b/", "http://a:99999/"]
)
def test_what_is_not_an_http_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        split_url(url)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/a b", "/a%20b"),
        ("/ä", "/%C3%A4"),
        ("/a?b=c&d=%20", "/a?b=c&d=%20"),
        ("/a#b", "/a"),
        ("/#b", "/"),
        ("?q=1", "/?q=1"),
        ("/a\"<>`{}\\b^|~'", "/a%22%3C%3E%60%7B%7D/b^|~'"),
        ("/?a\"<>`{}\\b^|~'", "/?a%22%3C%3E`{}\\b^|~%27"),
        ("/a?f={[1,2]}&g=h?", "/a?f={[1,2]}&g=h?"),
        ("/!$%20&()*+,-.0:;=@A[]_z", "/!$%20&()*+,-.0:;=@A[]_z"),
        ("/\r\nX: y", "/%0D%0AX:%20y"),
    ],
)
def test_a_request_target_holds_no_character_it_must_not(path: str, target: str) -> None:
    assert request_target(path) == target


def test_location_is_resolved_against_the_request() -> None:
    origin = Origin("http", "a", 80)
    assert follow(origin, "/x/y", "z") == (origin, "/x/z")
    assert follow(origin, "/x/y", "//b/q") == (Origin("http", "b", 80), "/q")
    with pytest.raises(ValueError, match="http"):
        follow(origin, "/", "file:///etc/passwd")


@pytest.mark.parametrize(
    ("url", "name"),
    [("/a/{{ id }}?q=1", "/a/{{ id }}"), ("http://h:1/a?b", "/a"), ("http://h", "/"), ("{{ base }}/a", "{{ base }}/a")],
)
def test_a_request_is_named_by_its_path_as_written(url: str, name: str) -> None:
    assert request_name(url) == name
