"""`loadkit import`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from loadkit.errors import ExitCode, LoadkitError, PreflightError, ScenarioError, UsageError
from loadkit.outputs.base import write_line

MOST_BYTES = 200_000_000
ScenarioFile = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="Write the scenario to this file instead of standard output."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the file of -o if it exists.")]


def import_traffic(
    kind: Annotated[str, typer.Argument(metavar="har|curl|openapi|access-log", help="What the file is.")],
    file: Annotated[str, typer.Argument(metavar="FILE", help="The file, or - for standard input.")],
    target: Annotated[
        str | None, typer.Option("-t", "--target", metavar="URL", help="`config.target` of the scenario.")
    ] = None,
    output: ScenarioFile = None,
    force: Force = False,
) -> int:
    """Make a scenario of traffic, curl or OpenAPI.

    Secrets (Authorization, cookies, keys in queries, passwords in bodies) become environment variables, and requests whose
    paths hold identifiers get one name. From an access log come weights, think times and the arrival rate of its visitors. The
    result is a valid scenario; what was left out stands in comments at its top.

    \b
    Examples:
      loadkit import har shop.har -o shop.yaml
      loadkit import access-log /var/log/nginx/access.log -t https://staging.example.com
      pbpaste | loadkit import curl -
    """
    from loadkit import registry
    from loadkit.importers.writing import write_scenario

    importer = registry.plugin("importer", kind)
    try:
        draft = importer.read(_read(file))
    except LoadkitError as error:
        raise UsageError(f"{'standard input' if file == '-' else file}: {error}") from error
    draft.target = target or draft.target
    named = "" if file == "-" else f" {Path(file).name}"
    directory = output.parent if output else None
    text = write_scenario(draft, f"Made by `loadkit import {kind}{named}`.", directory)
    _check(text, directory if "fromFile:" in text else None)
    put_scenario(text, output, force=force)
    return ExitCode.PASS


def _read(file: str) -> str:
    try:
        if file == "-":
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                data = opened.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"it cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(data) > MOST_BYTES:
        raise UsageError(f"it is larger than {MOST_BYTES // 1_000_000} MB; give a part of it")
    return data.decode("utf-8-sig", errors="replace")


def _check(text: str, directory: Path | None) -> None:
    """Raise UsageError where what was made is no valid scenario; `directory` is where it would find its files."""
    from loadkit.scenario.merge import Overrides
    from loadkit.scenario.reading import read_plan
    from loadkit.scenario.settings import Settings

    with TemporaryDirectory(prefix="loadkit-") as elsewhere:
        path = (directory or Path(elsewhere)) / f".{Path(elsewhere).name}.yaml"
        try:
            path.write_text(text, encoding="utf-8")
            read_plan([path], Overrides(), Settings())
        except ScenarioError as error:
            found = "\n".join(found.message for found in error.diagnostics[:5])
            raise UsageError(f"no valid scenario can be made of it:\n{found}") from error
        except OSError as error:
            raise PreflightError(f"cannot write into {path.parent}: {error.strerror or error}") from error
        finally:
            path.unlink(missing_ok=True)


def put_scenario(text: str, output: Path | None, *, force: bool) -> None:
    """Write a scenario to a file that does not exist, or to standard output. Raises UsageError, PreflightError."""
    if output is None:
        write_line(sys.stdout, text.rstrip("\n"))
        return
    if output.exists() and not force:
        raise UsageError(f"{output} exists; choose another file with -o, or replace it with --force")
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PreflightError(f"cannot write {output}: {error.strerror or error}") from error
    write_line(sys.stderr, f"wrote {output}; see what it would do with `loadkit plan {_quoted([str(output)])}`")


def _quoted(words: Sequence[str]) -> str:
    import shlex

    return shlex.join(words)
