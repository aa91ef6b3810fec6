import pytest

from loadkit.cli.bundles import Idle, read_tags, split_tags
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


def test_tags_may_stand_in_one_text():
    assert read_tags(split_tags("team:shop, kind:smoke")) == {"team": "shop", "kind": "smoke"}
    assert split_tags(None) == split_tags("") == []


def test_options_of_the_cloud_are_said_to_have_no_effect(capsys):
    Idle(record=True, count="3", platform="local").warn()
    said = capsys.readouterr().err.splitlines()
    assert [line.split(" has no effect")[0] for line in said] == ["warning: --record", "warning: --count"]
