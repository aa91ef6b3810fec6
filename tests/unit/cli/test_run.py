import pytest

from loadkit.cli.run import read_tags
from loadkit.errors import UsageError


@pytest.mark.parametrize(
    ("tags", "read"),
    [
        ([], {}),
        (["team:checkout"], {"team": "checkout"}),
        (["url:http://a:1", "note:"], {"url": "http://a:1", "note": ""}),
        ([" team : checkout "], {"team": "checkout"}),
        (["a:1", "a:2"], {"a": "2"}),
    ],
)
def test_tags_are_read_by_key(tags, read):
    assert read_tags(tags) == read


@pytest.mark.parametrize("tag", ["team", ":checkout", ""])
def test_a_tag_without_a_key_is_refused(tag):
    with pytest.raises(UsageError, match="KEY:VALUE"):
        read_tags([tag])
