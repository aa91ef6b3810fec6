"""`loadkit validate`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from loadkit.cli import options
from loadkit.errors import Diagnostic, ExitCode, ScenarioError, Severity
from loadkit.outputs.base import counted, write_line


def validate(
    files: options.Files,
    config: options.ConfigFile = None,
    target: options.Target = None,
    environment: options.Environment = None,
    payload: options.Payload = None,
    variables: options.Variables = None,
    overrides: options.OverridesJson = None,
    dotenv: options.Dotenv = None,
) -> int:
    """Check scenario files without running them.

    Every fault is shown at once, each with its place in the file and a hint. Exit code 2 says that there are faults.

    \b
    Examples:
      loadkit validate shop.yaml
      loadkit validate shop.yaml -c staging.yaml -e staging
    """
    from loadkit.cli.dotenv import set_environment
    from loadkit.cli.limits import read_limits
    from loadkit.cli.reading import chosen_target
    from loadkit.scenario.hidden import rendered_warnings
    from loadkit.scenario.merge import Overrides
    from loadkit.scenario.reading import read_plan
    from loadkit.scenario.settings import Settings

    set_environment(dotenv)
    changes = Overrides(
        config=config,
        environment=environment,
        target=chosen_target(target),
        payload=payload,
        overrides=overrides,
        variables=variables,
    )
    try:
        plan = read_plan(files, changes, Settings(environment=environment, **read_limits(None, None)))
    except ScenarioError as error:
        write_line(sys.stdout, str(error))
        write_line(sys.stdout, count_faults(error.diagnostics))
        return ExitCode.INVALID_INPUT
    for warning in rendered_warnings(plan):
        write_line(sys.stdout, warning)
    parts = [counted(len(plan.phases), "phase"), counted(len(plan.scenarios), "scenario")]
    parts += [counted(len(plan.objectives), "threshold"), counted(len(plan.warnings), "warning")]
    write_line(sys.stdout, f"ok: {', '.join(str(file) for file in files)}: {', '.join(parts)}")
    return ExitCode.PASS


def count_faults(diagnostics: Sequence[Diagnostic]) -> str:
    """Return "2 faults", or "2 faults, 1 warning"."""
    warnings = sum(found.severity is Severity.WARNING for found in diagnostics)
    faults = counted(len(diagnostics) - warnings, "fault")
    return f"{faults}, {counted(warnings, 'warning')}" if warnings else faults
