import pytest

from loadkit.cli.dotenv import parse_dotenv, read_dotenv
from loadkit.errors import UsageError


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("  A = 1  ", "1"),
        ("export A=1", "1"),
        ("A=", ""),
        ("A=one two # three", "one two"),
        ("A=#none", ""),
        ("A=one#two", "one#two"),
        ("A='one # two'", "one # two"),
        ("A='$B \\n'", "$B \\n"),
        ('A="one\\ntwo"', "one\ntwo"),
        ('A="say \\"hi\\"" # why', 'say "hi"'),
        ('A=http://x/?a="b"', 'http://x/?a="b"'),
    ],
)
def test_a_line_sets_a_variable(line, value):
    assert parse_dotenv(line, ".env") == {"A": value}


def test_comments_and_empty_lines_set_nothing():
    assert parse_dotenv("# a comment\n\n   \n", ".env") == {}


def test_the_last_of_two_wins():
    assert parse_dotenv("A=1\nA=2", ".env") == {"A": "2"}


@pytest.mark.parametrize("line", ["A", "1A=2", "A='one", 'A="one" two'])
def test_what_cannot_be_read_is_named_by_line(line):
    with pytest.raises(UsageError, match=r"\.env:2: "):
        parse_dotenv(f"OK=1\n{line}", ".env")


def test_a_byte_order_mark_is_skipped(tmp_path):
    path = tmp_path / ".env"
    path.write_bytes(b"\xef\xbb\xbfA=1\r\n")
    assert read_dotenv(path) == {"A": "1"}


def test_a_missing_file_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_dotenv(tmp_path / "absent")
