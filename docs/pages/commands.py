"""The commands of `loadkit` with their arguments and options, from the command line itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from docs.pages.markdown import block, code, heading, table
from loadkit.cli.main import app

_INTRODUCTION = """
`loadkit COMMAND --help` says the same in the terminal. `python -m loadkit` is the same command, and
`loadkit --install-completion` teaches your shell to complete it.

Results go to standard output, progress and warnings to standard error. Colours are left out when the output is
no terminal or `NO_COLOR` is set. What a command returns is listed in [exit codes](exit-codes.md).
"""

_VARIABLES = (
    ("LOADKIT_TARGET", "Where the load goes, as `-t` says it; `-t` wins."),
    ("LOADKIT_NO_STORE", "Set to anything, runs are not kept in `.loadkit/runs`, as with `--no-store`."),
    ("NO_COLOR", "Set to anything, it turns colours off."),
    ("TERM=dumb", "Plain text instead of the live view."),
    ("CI", "Set to anything, the live view takes no keys, and nothing is asked before load."),
)


def commands_page() -> str:
    """Return the page."""
    root: Any = typer.main.get_command(app)
    parts = [heading(1, "Commands"), _INTRODUCTION.strip()]
    parts.append(_options(root))
    for name, command in root.commands.items():
        inside = getattr(command, "commands", None)
        for full, one in (
            {f"{name} {sub}": one for sub, one in inside.items()}.items() if inside else ((name, command),)
        ):
            parts += _command(full, one)
    parts += [heading(2, "Environment variables"), table(("variable", "meaning"), _named(_VARIABLES))]
    return "\n\n".join(parts)


def _named(rows: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    return [(code(name), words) for name, words in rows]


def _command(name: str, command: Any) -> Iterator[str]:
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    yield heading(2, f"loadkit {name}")
    usage = [f"{_usage(argument)}" for argument in arguments]
    yield block(" ".join([f"loadkit {name}", "[OPTIONS]", *usage]))
    yield from _help(command.help)
    if arguments:
        yield table(("argument", "meaning"), [(code(_usage(one)), one.help) for one in arguments])
    yield _options(command)


def _usage(argument: Any) -> str:
    name = argument.metavar
    return name if argument.required else f"[{name}]"


def _help(text: str) -> Iterator[str]:
    """Yield the paragraphs of a help text; those that the terminal shows as they are become blocks."""
    for paragraph in text.split("\n\n"):
        if paragraph.startswith("\b\n"):
            title, _, lines = paragraph.removeprefix("\b\n").partition("\n")
            yield title
            yield block("\n".join(line.removeprefix("  ") for line in lines.splitlines()))
        else:
            yield " ".join(paragraph.split())


def _options(command: Any) -> str:
    rows = []
    for param in command.params:
        if param.param_type_name == "option":
            value = f" {param.metavar}" if param.metavar else ""
            names = ", ".join(code(f"{name}{value}") for name in param.opts)
            rows.append((names, _default(param), param.help))
    return table(("option", "default", "meaning"), rows)


def _default(param: Any) -> str:
    return "" if param.default is None or param.default is False else code(str(param.default))
