"""The processor: the user's Python module of functions that steps call.

Reading a scenario runs none of it. What its functions are called and what they take is read from its syntax tree, so that
`validate`, `plan` and `diff` can check a file that somebody else wrote; whoever makes load imports it (`Processor.load`).
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from inspect import Parameter
from pathlib import Path
from typing import Any

from loadkit.flow.bookkeeping import Recorded, recorded_names, written_names


class ProcessorFault(Exception):
    """A processor that cannot be used; the message names the user's file and line, `hint` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def _not_loaded(*args: Any, **kwargs: Any) -> Any:
    raise ValueError("the processor is imported when the run begins; its functions cannot be called before")


@dataclass(slots=True, eq=False)
class Function:
    """One public function of a processor. Calling it calls the user's, once the processor is loaded.

    `parameters` is None where only the import shows them: a decorated function, or one of another module.
    """

    name: str
    line: int
    is_async: bool = False
    parameters: tuple[Parameter, ...] | None = None
    call: Callable[..., Any] = _not_loaded

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the user's function. Raises ValueError before the processor is loaded, then whatever the function raises."""
        return self.call(*args, **kwargs)


@dataclass(slots=True, eq=False)
class Processor:
    """The functions of a module by name. `is_open` says that there may be others: it has a star import.

    `variables` are the variables of virtual users that it writes by name, `metrics` what it counts and measures.
    """

    path: Path
    functions: dict[str, Function] = field(default_factory=dict)
    is_open: bool = False
    variables: frozenset[str] = frozenset()
    metrics: Recorded = field(default_factory=Recorded)
    loaded: bool = False
    errors: set[str] = field(default_factory=set)
    """Names of errors that its functions have raised; there is an end to how many are told apart."""
    spent_ns: int = 0
    """How long its functions have had the worker to themselves, coroutines between their awaits left out."""
    bindings: list[Callable[[], None]] = field(default_factory=list)
    """What is to be done once the functions are there, such as looking at their parameters."""

    def function(self, name: str) -> Function | None:
        """Return a function by its name; None where the module has none of that name. A name with an underscore is private."""
        found = self.functions.get(name)
        if found is None and self.is_open and name.isidentifier() and not name.startswith("_"):
            found = self.functions[name] = Function(name, 0)
        return found

    def load(self, *, stay: bool = False) -> None:
        """Import the module and bind its functions; doing it twice is no fault. Raises ProcessorFault for what goes wrong in it.

        With `stay` its directory remains on sys.path, for what its functions import later on.
        """
        if self.loaded:
            return
        module = _import(self.path)
        if stay:
            sys.path.append(str(self.path.resolve().parent))
        for function in self.functions.values():
            found = getattr(module, function.name, None)
            if callable(found) and not isinstance(found, type):
                function.call = found
                function.is_async = inspect.iscoroutinefunction(found)
                function.parameters = _parameters_of(found)
        self.loaded = True
        for bind in self.bindings:
            bind()

    def place_of(self, error: BaseException) -> str:
        """Return file:line in the user's code where an exception was raised, "" where none of it was reached."""
        return place_of(error, self.path)


def read_processor(path: Path) -> Processor:
    """Read what a module offers without running it. Raises ProcessorFault for a file that cannot be read or parsed."""
    try:
        if path.exists() and not path.is_file():
            raise ProcessorFault(f"the processor {path} is not a file")
        tree = ast.parse(path.read_bytes(), str(path))
    except OSError as error:
        raise ProcessorFault(f"the processor {path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except SyntaxError as error:
        raise ProcessorFault(f"{error.filename or path}:{error.lineno or 1}: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise ProcessorFault(f"the processor {path} cannot be parsed: {error}") from None
    made = Processor(path)
    for statement in _statements(tree.body):
        if isinstance(statement, ast.ImportFrom) and any(alias.name == "*" for alias in statement.names):
            made.is_open = True
        for function in _defined(statement):
            if not function.name.startswith("_"):
                made.functions[function.name] = function
    made.variables = frozenset(written_names(tree))
    made.metrics = recorded_names(tree)
    return made


# What a syntax tree says


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield what is at the top of a module, in the branches of `if` and `try` too."""
    for statement in body:
        yield statement
        for branch in ("body", "orelse", "finalbody"):
            if isinstance(statement, ast.If | ast.Try | ast.With):
                yield from _statements(getattr(statement, branch, ()))
        if isinstance(statement, ast.Try):
            for handler in statement.handlers:
                yield from _statements(handler.body)


def _defined(statement: ast.stmt) -> Iterator[Function]:
    """Yield the functions that a statement may define; whether an imported or assigned one is a function shows the import."""
    line = statement.lineno
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        known = None if statement.decorator_list else tuple(_parameters(statement.args))
        yield Function(statement.name, line, isinstance(statement, ast.AsyncFunctionDef), known)
    elif isinstance(statement, ast.ImportFrom) and statement.module not in _NO_FUNCTIONS:
        yield from (Function(alias.asname or alias.name, line) for alias in statement.names if alias.name != "*")
    elif isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        if isinstance(statement.value, ast.Lambda):
            yield from (Function(name, line, False, tuple(_parameters(statement.value.args))) for name in names)
        elif isinstance(statement.value, ast.Call | ast.Name | ast.Attribute):
            yield from (Function(name, line) for name in names)


_NO_FUNCTIONS = {"__future__", "typing", "collections.abc", "loadkit", "dataclasses"}


def _parameters(given: ast.arguments) -> Iterator[Parameter]:
    plain = [*((one, Parameter.POSITIONAL_ONLY) for one in given.posonlyargs),
             *((one, Parameter.POSITIONAL_OR_KEYWORD) for one in given.args)]  # fmt: skip
    required = len(plain) - len(given.defaults)
    for index, (one, kind) in enumerate(plain):
        yield Parameter(one.arg, kind, default=Parameter.empty if index < required else None)
    if given.vararg is not None:
        yield Parameter(given.vararg.arg, Parameter.VAR_POSITIONAL)
    for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        yield Parameter(one.arg, Parameter.KEYWORD_ONLY, default=Parameter.empty if default is None else None)
    if given.kwarg is not None:
        yield Parameter(given.kwarg.arg, Parameter.VAR_KEYWORD)


# The import


def _import(path: Path) -> Any:
    """Import a file as a module of its own name, with its directory on sys.path, as Python does with a script."""
    whole = path.resolve()
    name = f"loadkit_processor_{hashlib.sha256(str(whole).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, whole)
    if spec is None or spec.loader is None:
        raise ProcessorFault(f"the processor {path} is no Python module", "a processor is a .py file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # as an import does; dataclasses look for their module there
    home = str(whole.parent)
    sys.path.insert(0, home)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        where = place_of(error, whole) or str(path)
        raise ProcessorFault(f"{where}: {type(error).__name__}: {error}", _import_hint(error)) from None
    finally:
        if home in sys.path:
            sys.path.remove(home)
    return module


def _import_hint(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"install it into the Python of loadkit: {sys.executable} -m pip install {error.name}"
    return "the processor is imported once in each worker, before load begins"


def _parameters_of(function: Callable[..., Any]) -> tuple[Parameter, ...] | None:
    try:
        return tuple(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # one that is built in and does not say
        return None


def place_of(error: BaseException, path: Path) -> str:
    """Return file:line of the innermost code beside a processor that an exception went through, "" when there is none."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno or 1}"
    home = path.resolve().parent
    places = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_beside(Path(frame.filename), home)]
    return f"{_shown(places[-1].filename)}:{places[-1].lineno}" if places else ""


def _is_beside(file: Path, home: Path) -> bool:
    return home in file.parents and "site-packages" not in file.parts


def _shown(filename: str) -> str:
    """Return a path as short as it may be: relative to where the command was started, where it lies below that."""
    here = Path.cwd()
    path = Path(filename)
    return str(path.relative_to(here)) if path.is_relative_to(here) else filename
