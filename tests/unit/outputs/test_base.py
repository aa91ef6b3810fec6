import io
import os

import pytest

from loadkit.engine.events import LogLine
from loadkit.outputs.base import ansi, counted, paint_for, plain, printable, write_line, write_log


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "paint"),
    [
        (Terminal(), {}, ansi),
        (Terminal(), {"NO_COLOR": "1"}, plain),
        (Terminal(), {"NO_COLOR": ""}, ansi),
        (Terminal(), {"TERM": "dumb"}, plain),
        (io.StringIO(), {}, plain),
    ],
)
def test_colour_is_for_terminals_and_never_with_no_color(stream, environment, paint):
    assert paint_for(stream, environment) is paint


def test_plain_leaves_a_text_as_it_is():
    assert plain("PASS", "green") == "PASS"
    assert ansi("PASS", "green") == "\x1b[32mPASS\x1b[0m"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("tab\tstays", "tab\tstays"),
        ("grün ☕", "grün ☕"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\rb", "a\\rb"),
        ("\u202egnp", "\\u202egnp"),
        ("\ud800", "\\ud800"),
    ],
)
def test_control_characters_are_shown_not_obeyed(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize(("stream", "expected"), [("stdout", ("hello\n", "")), ("stderr", ("", "hello\n"))])
def test_a_log_line_goes_to_the_stream_it_names(stream, expected):
    out, err = io.StringIO(), io.StringIO()
    write_log(LogLine(text="hello", stream=stream), out, err)
    assert (out.getvalue(), err.getvalue()) == expected


def test_lines_of_a_log_text_stay_lines():
    out = io.StringIO()
    write_log(LogLine(text="one\ntwo\x07", stream="stdout"), out, out)
    assert out.getvalue() == "one\ntwo\\x07\n"


def test_a_reader_that_went_away_is_no_error():
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as stream:
        write_line(stream, "nobody reads this")
        write_line(stream, "nor this")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is there on Linux only")
def test_a_full_disk_is_no_error():
    with open("/dev/full", "w") as stream:
        write_line(stream, "nowhere to put this")
        write_line(stream, "nor this")


@pytest.mark.parametrize(("number", "text"), [(0, "0 phases"), (1, "1 phase"), (1200, "1,200 phases")])
def test_things_are_counted_in_words(number, text):
    assert counted(number, "phase") == text
