import os

import pytest

from loadkit.cli.dotenv import set_environment
from loadkit.cli.reading import chosen_target
from loadkit.errors import UsageError


def test_the_environment_may_name_the_target(monkeypatch):
    monkeypatch.delenv("LOADKIT_TARGET", raising=False)
    assert chosen_target(None) is None
    monkeypatch.setenv("LOADKIT_TARGET", "http://from-the-environment")
    assert chosen_target(None) == "http://from-the-environment"
    assert chosen_target("http://from-the-option") == "http://from-the-option"


@pytest.mark.parametrize(
    ("target", "remedy"),
    [("", "leave -t out"), (" ", "leave -t out"), ("demo://x/y", "write demo://"), ("demo:///y", "write demo://")],
)
def test_a_target_that_would_not_be_obeyed_is_refused(target, remedy):
    with pytest.raises(UsageError, match=remedy):
        chosen_target(target)


def test_the_environments_target_is_held_to_the_same(monkeypatch):
    monkeypatch.setenv("LOADKIT_TARGET", "demo://x")
    with pytest.raises(UsageError, match="LOADKIT_TARGET demo://x: "):
        chosen_target(None)
    monkeypatch.setenv("LOADKIT_TARGET", "")
    assert chosen_target(None) is None
    assert chosen_target("demo://") == "demo://"


def test_dotenv_does_not_replace_what_is_set(tmp_path, monkeypatch):
    dotenv = tmp_path / ".env"
    dotenv.write_text("LOADKIT_SET=new\nLOADKIT_NEW=new\n")
    monkeypatch.setenv("LOADKIT_SET", "old")
    monkeypatch.setenv("LOADKIT_NEW", "gone in a moment")
    monkeypatch.delenv("LOADKIT_NEW")
    set_environment(dotenv)
    assert (os.environ["LOADKIT_SET"], os.environ["LOADKIT_NEW"]) == ("old", "new")
