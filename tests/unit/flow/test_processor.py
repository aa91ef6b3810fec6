"""The user's module: what its syntax tree says, and what its import gives."""

import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from loadkit.flow.processor import Processor, ProcessorFault, read_processor

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "hooks.py"
        path.write_text(dedent(text))
        return path

    return write


EVERYTHING = """
    import json
    from shop import sign as signature, _hidden
    raise SystemExit("running this is a fault")

    def plain(request, user=None, *, metrics): ...
    async def waiting(user): ...
    def _private(user): ...
    class Basket: ...
    LIMIT = 3
    short = lambda user: True
    made = signature(3)
    if LIMIT:
        def inside(): ...
    try:
        def tried(*args, **words): ...
    except ImportError:
        def instead(): ...

    @signature
    def decorated(a, b, c): ...
"""


def test_reading_finds_public_functions_and_runs_nothing(write: Write) -> None:
    found = read_processor(write(EVERYTHING))
    assert set(found.functions) == {
        "signature", "plain", "waiting", "short", "made", "inside", "tried", "instead", "decorated",
    }  # fmt: skip
    assert [name for name, one in found.functions.items() if one.is_async] == ["waiting"]
    plain = found.functions["plain"].parameters
    assert plain is not None
    assert [(one.name, one.default is one.empty) for one in plain] == [
        ("request", True), ("user", False), ("metrics", True),
    ]  # fmt: skip
    assert found.functions["decorated"].parameters is None
    assert found.functions["plain"].line == 6


def test_a_function_that_is_not_there_is_none_unless_a_star_import_may_bring_it(write: Write) -> None:
    assert read_processor(write("def a(): ...")).function("b") is None
    opened = read_processor(write("from shop import *"))
    assert opened.function("b") is not None
    assert opened.function("_b") is opened.function("b-c") is None


def test_what_it_writes_and_records_is_known_by_name(write: Write) -> None:
    found = read_processor(
        write("""
        def f(user, metrics, x):
            user.vars["a"] = user.vars["not written"]
            user.vars.setdefault("b", 1)
            user.vars.update({"c": 1}, d=2)
            user.vars["e" if x else "f"] += 1
            metrics.counter("bought")
            metrics.rate(name="seen")
            metrics.histogram(f"size.{x}", 3)
            metrics.counter(x)
        """)
    )
    assert found.variables == {"a", "b", "c", "d", "e", "f"}
    assert (found.metrics.counters, found.metrics.rates, found.metrics.histograms) == ({"bought"}, {"seen"}, set())
    assert found.metrics.prefixes == {"size.", ""}


@pytest.mark.parametrize(
    ("text", "open_ended"),
    [
        ("def f(metrics): metrics.counter('a')", False),
        ("from json import loads\nfrom loadkit import Metrics\ndef f(metrics: Metrics): metrics.counter('a')", False),
        ("def f(metrics): g(metrics)", True),
        ("from shop import f", True),
    ],
)
def test_a_module_that_hands_metrics_on_may_record_anything(write: Write, text: str, open_ended: bool) -> None:
    assert ("" in read_processor(write(text)).metrics.prefixes) is open_ended


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(:\n", r"hooks\.py:1: invalid syntax"),
        ("\n\nx = '\n", r"hooks\.py:3: unterminated string"),
        ("x = 1\0", "hooks.py.* null bytes"),
    ],
)
def test_a_file_that_is_no_python_is_refused_with_its_line(write: Write, text: str, message: str) -> None:
    with pytest.raises(ProcessorFault, match=message):
        read_processor(write(text))


def test_a_path_that_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hooks.py").mkdir()
    with pytest.raises(ProcessorFault, match="is not a file"):
        read_processor(tmp_path / "hooks.py")
    with pytest.raises(ProcessorFault, match="no such file"):
        read_processor(tmp_path / "no.py")
    with pytest.raises(ProcessorFault, match="name too long"):
        read_processor(tmp_path / f"{'x' * 300}.py")


def loaded(path: Path) -> Processor:
    processor = read_processor(path)
    processor.load()
    return processor


def test_functions_work_once_they_are_loaded(write: Write, tmp_path: Path) -> None:
    (tmp_path / "shop_prices.py").write_text("def price(kind): return {'tea': 3}[kind]\n")
    path = write("""
        from dataclasses import dataclass
        from shop_prices import price

        @dataclass
        class Basket:
            total: int

        def total(kind): return Basket(price(kind)).total
    """)
    processor = read_processor(path)
    total = processor.function("total")
    assert total is not None
    with pytest.raises(ValueError, match="when the run begins"):
        total("tea")
    try:
        processor.load()
        assert total("tea") == 3
        price = processor.function("price")
        assert price is not None
        assert price.parameters is not None
        assert [one.name for one in price.parameters] == ["kind"]
        assert str(tmp_path) not in sys.path
    finally:
        sys.modules.pop("shop_prices", None)


def test_loading_twice_runs_the_module_once(write: Write, tmp_path: Path) -> None:
    processor = loaded(write("with open(__file__ + '.ran', 'a') as ran:\n    ran.write('x')\n"))
    processor.load()
    assert (tmp_path / "hooks.py.ran").read_text() == "x"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import json\n\nraise RuntimeError('no database')\n", r"hooks\.py:3: RuntimeError: no database"),
        ("def f():\n    return {}['k']\nf()\n", r"hooks\.py:2: KeyError: 'k'"),
        ("import sys\nsys.exit(3)\n", r"hooks\.py:2: SystemExit: 3"),
        ("import no_such_module_here\n", r"hooks\.py:1: ModuleNotFoundError: No module named 'no_such_module_here'"),
    ],
)
def test_what_goes_wrong_in_the_import_is_told_with_its_line(write: Write, text: str, message: str) -> None:
    with pytest.raises(ProcessorFault, match=message):
        loaded(write(text))


def test_a_module_that_lacks_is_told_how_to_be_installed(write: Write) -> None:
    with pytest.raises(ProcessorFault) as caught:
        loaded(write("import no_such_module_here\n"))
    assert caught.value.hint.endswith("-m pip install no_such_module_here")
