"""Find the Python function that a step names, "module:function", without running its module; import it when load is to be made.

The module is looked for beside the scenario file first, then where Python looks. What its source says of the function (whether it
is there, what it takes) is read from the syntax tree; where there is no source, only the import shows it.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from loadkit.flow.step import closest_hint

_FORM = re.compile(r"(?P<module>[^\W\d]\w*(?:\.[^\W\d]\w*)*):(?P<function>[^\W\d]\w*(?:\.[^\W\d]\w*)*)")


class CalleeFault(Exception):
    """A function that cannot be called, and why; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def _not_loaded(*args: Any, **kwargs: Any) -> Any:
    raise AssertionError("called before its module was imported")


class Callee:
    """A function of the user's. `function` and `is_async` are known once it is loaded."""

    __slots__ = ("_base", "_found", "_module", "_path", "file", "function", "is_async", "name")

    def __init__(self, text: str, base: Path) -> None:
        """Find a function. Raises CalleeFault for a text of another form, and for a module or a function that is not there."""
        form = _FORM.fullmatch(text)
        if form is None:
            raise CalleeFault(f"{text!r} does not name a function", 'write "module:function", such as "prices:total"')
        self.name = text
        self._module, self._path, self._base = form["module"], form["function"].split("."), base
        self.function: Callable[..., Any] = _not_loaded
        self.is_async = False
        spec = _find(self._module, base)
        if spec is None:
            hint = f"put {self._module.replace('.', '/')}.py beside the scenario file, or install it"
            raise CalleeFault(f'there is no module "{self._module}"', hint)
        self.file = spec.origin if spec.has_location else None
        self._found = _read(Path(self.file), self._path[0]) if self.file and self.file.endswith(".py") else None

    def check_arguments(self, named: Iterable[str], positional: int | None) -> str:
        """Return what the source says against calling it so, "" where it says nothing. `positional` is how many have no name."""
        found = self._found
        if not isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef) or found.decorator_list or self._path[1:]:
            return ""
        return _mismatch(found.args, list(named), positional)

    def load(self) -> None:
        """Import the module. Raises CalleeFault with the file and line of what goes wrong in it; doing it twice is no fault."""
        if self.function is not _not_loaded:
            return
        found: Any = _import(self._module, self._base)
        for part in self._path:
            if not hasattr(found, part):
                raise CalleeFault(f'"{self._module}" has no "{part}"')
            found = getattr(found, part)
        if not callable(found):
            raise CalleeFault(f'"{self.name}" is not a function but {type(found).__name__}')
        of_object = vars(type(found)).get("__call__")
        self.is_async = inspect.iscoroutinefunction(found) or inspect.iscoroutinefunction(of_object)
        self.function = found

    def place_of(self, trace: TracebackType | None) -> str:
        """Return file:line of the last line of the function's own file that an exception went through, else of the last at all."""
        last = own = ""
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            last = f"{_shown(file)}:{trace.tb_lineno}"
            own = last if file == self.file else own
            trace = trace.tb_next
        return own or last


# Where a module is


def _find(name: str, base: Path) -> ModuleSpec | None:
    """Find a module as an import would, but without importing the packages it lies in."""
    path: list[str] | None = None
    spec: ModuleSpec | None = None
    first, *parts = name.split(".")
    for depth, _ in enumerate([first, *parts]):
        whole = ".".join([first, *parts[:depth]])
        spec = PathFinder.find_spec(whole, [str(base.resolve())]) if path is None else None
        if (
            spec is None or spec.origin is None
        ):  # a directory that happens to have the name is no reason to look no further
            spec = _elsewhere(whole, path) or spec
        if spec is None:
            return None
        path = list(spec.submodule_search_locations or ())
    return spec


def _elsewhere(name: str, path: list[str] | None) -> ModuleSpec | None:
    for finder in sys.meta_path:
        spec = finder.find_spec(name, path)
        if spec is not None:
            return spec
    return None


def _is_local(spec: ModuleSpec, base: Path) -> bool:
    return bool(spec.origin and base.resolve() in Path(spec.origin).resolve().parents)


def _import(name: str, base: Path) -> ModuleType:
    """Import a module; its directory stays on sys.path, at the end, for what it imports later on."""
    home, spec = str(base.resolve()), _find(name, base)
    try:
        if spec is not None and _is_local(spec, base) and "." not in name:
            return _import_file(name, spec, home)
        if home not in sys.path:
            sys.path.append(home)
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise CalleeFault(
            f"{_import_place(error)}{type(error).__name__}: {_said(error)}", _import_hint(error)
        ) from None


def _import_file(name: str, spec: ModuleSpec, home: str) -> ModuleType:
    """Import a file beside the scenario, even where another module has its name already."""
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == spec.origin:
        return known
    key = name if known is None else f"loadkit_call_{name}"
    if key in sys.modules and key != name:
        return sys.modules[key]
    assert spec.loader is not None
    module = sys.modules[key] = importlib.util.module_from_spec(spec)
    sys.path.insert(0, home)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[key]
        raise
    finally:
        sys.path.remove(home)
        if home not in sys.path:
            sys.path.append(home)
    return module


def _import_place(error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_shown(error.filename)}:{error.lineno or 1}: "
    trace, place = error.__traceback__, ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith("<") and file != __file__ and Path(file) != Path(importlib.__file__):
            place = f"{_shown(file)}:{trace.tb_lineno}: "
        trace = trace.tb_next
    return place


def _import_hint(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"install it into the Python of loadkit: {sys.executable} -m pip install {error.name}"
    return "the module is imported once in each worker, before load begins"


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "(it has no text)"


def _shown(file: str) -> str:
    """Return a path relative to where the command was started, where it lies below that."""
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file


# What a source says


def _read(file: Path, name: str) -> ast.stmt | None:
    """Return the statement that defines a name at the top of a module; None where that cannot be said. Raises CalleeFault."""
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except OSError as error:
        raise CalleeFault(f"{_shown(str(file))} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except SyntaxError as error:
        raise CalleeFault(f"{_shown(str(file))}:{error.lineno or 1}: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise CalleeFault(f"{_shown(str(file))} cannot be parsed: {error}") from None
    found: dict[str, ast.stmt] = {}
    is_open = False
    for statement in _statements(tree.body):
        for bound in _bound(statement):
            is_open |= bound in ("*", "__getattr__")
            found[bound] = statement
    if name not in found and not is_open:
        functions = [key for key, value in found.items() if isinstance(value, ast.FunctionDef | ast.AsyncFunctionDef)]
        hint = closest_hint(name, functions) or f"it has: {', '.join(functions[:10])}" if functions else ""
        raise CalleeFault(f'{_shown(str(file))} has no function "{name}"', hint)
    return found.get(name)


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield what is at the top of a module, in its branches too."""
    for statement in body:
        yield statement
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for branch in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(statement, branch, ()))
            for handler in getattr(statement, "handlers", ()):
                yield from _statements(handler.body)


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement gives a value."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.split(".")[0] for alias in statement.names)
    else:
        targets = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
        yield from (node.id for node in targets if isinstance(node.ctx, ast.Store))


def _mismatch(takes: ast.arguments, named: list[str], positional: int | None) -> str:
    """Return which argument is one too many or missing; "" when a call with them can be made."""
    plain = [one.arg for one in (*takes.posonlyargs, *takes.args)]
    by_name = [one.arg for one in (*takes.args, *takes.kwonlyargs)]
    required = plain[: len(plain) - len(takes.defaults)]
    required += [one.arg for one, given in zip(takes.kwonlyargs, takes.kw_defaults, strict=True) if given is None]
    if positional is not None:
        if positional > len(plain) and takes.vararg is None:
            return f"it takes {len(plain)} arguments, not {positional}"
        missing = [name for name in required if name not in plain[:positional]]
    else:
        unknown = [name for name in named if name not in by_name and takes.kwarg is None]
        if unknown:
            return f'it has no parameter "{unknown[0]}"' + (
                f"; its parameters are {', '.join(by_name)}" if by_name else ""
            )
        missing = [name for name in required if name not in named]
    return f'it needs a value for "{missing[0]}"' if missing else ""
