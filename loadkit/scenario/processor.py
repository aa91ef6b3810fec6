"""`config.processor` of a document: find and read it at load, import it before load begins."""

from __future__ import annotations

import keyword
from pathlib import Path

from loadkit.errors import Diagnostic, ScenarioError
from loadkit.flow.calls import template_functions
from loadkit.flow.hook import HookFault
from loadkit.flow.processor import ProcessorFault, read_processor
from loadkit.flow.script import ENDINGS, read_script, skeleton
from loadkit.flow.step import Build, Where
from loadkit.scenario.hidden import without_secrets
from loadkit.scenario.plan import Plan
from loadkit.scenario.source import Document

_AT: Where = ("config", "processor")


def find_processor(document: Document, build: Build) -> None:
    """Read the processor of a document into `build`, as far as there is one; what is wrong with it becomes a diagnostic."""
    named = build.config.get("processor")
    if not isinstance(named, str) or not named:
        return  # the schema tells
    path = _place(named, document)
    if path.suffix in ENDINGS:
        build.script, build.has_unread_processor = read_script(path), True
        return
    try:
        if path.suffix != ".py":
            raise ProcessorFault(f"the processor {named} is not a Python module", "a processor is a .py file")
        build.processor = read_processor(path)
    except ProcessorFault as fault:
        build.error("LK230", _AT, str(fault), hint=fault.hint)
        build.has_unread_processor = build.has_unknown_fields = True
        return
    for name in build.processor.variables:
        build.define(name)
    build.functions = {**template_functions(build.processor), **build.functions}


def _place(named: str, document: Document) -> Path:
    """Return the file that is meant: beside the file that names it, else beside the first; `./hooks` may leave out its ending."""
    homes = [Path(document.at(_AT).file).parent, Path(document.files[0]).parent]
    places = [home / named for home in homes]
    if not Path(named).suffix and Path(named).name:
        places = [place.with_suffix(ending) for place in places for ending in (".py", *sorted(ENDINGS))]
    return next((place for place in places if _is_file(place)), places[0])


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that none can have
        return False


def report_script(build: Build) -> None:
    """Report a processor in JavaScript (LK230): which functions the scenario needs of it, and the Python to write."""
    if build.script is None:
        return
    named = {_python_name(name): kind for name, kind in build.named_functions.items()}
    text = f"{build.script.path} is JavaScript, which loadkit does not run"
    known = [name for name in build.named_functions if name in build.script.exports]
    if known:
        text += f"; the scenario uses {', '.join(known)} of it"
    hint = f"write a module such as {build.script.path.with_suffix('.py').name} with these functions"
    build.error("LK230", _AT, text, hint=f"{hint}:\n{skeleton(named)}" if named else "write a Python module")


def _python_name(name: str) -> str:
    plain = "".join(char if char.isalnum() or char == "_" else "_" for char in name) or "_"
    return f"{plain}_" if keyword.iskeyword(plain) or plain[0].isdigit() else plain


def import_processor(plan: Plan, *, stay: bool = False) -> None:
    """Import the processor of a plan: this runs the user's code. Raises ScenarioError (LK230, LK231) for what goes wrong.

    With `stay` its directory remains on sys.path: in a process that does nothing else.
    """
    if plan.processor is None:
        return
    try:
        plan.processor.load(stay=stay)
    except ProcessorFault as fault:
        raise _refused(plan, "LK230", str(fault), fault.hint) from None
    except HookFault as fault:
        raise _refused(plan, "LK231", str(fault), "") from None


def _refused(plan: Plan, code: str, message: str, hint: str) -> ScenarioError:
    document = plan.document
    found = Diagnostic(code=code, message=message, at=document.at(_AT), hint=hint, length=document.width(_AT))
    return ScenarioError(*without_secrets([found], document.sources, plan.secrets))
