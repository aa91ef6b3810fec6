"""`loadkit run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from loadkit.cli import options
from loadkit.cli.bundles import (
    Idle,
    Input,
    Judging,
    Keeping,
    Labels,
    Limits,
    Making,
    Picked,
    Telling,
    Watching,
)
from loadkit.cli.logs import use_logs
from loadkit.cli.papers import Papers, with_papers
from loadkit.cli.unfolding import unfolded

if TYPE_CHECKING:
    from loadkit.scenario.plan import Plan


@unfolded
@with_papers()
def run(
    files: options.Files,
    *,
    given: Input,
    limits: Limits,
    labels: Labels,
    keeping: Keeping,
    idle: Idle,
    papers: Papers,
    watching: Watching,
    telling: Telling,
    picked: Picked,
    making: Making,
    baseline: options.Baseline = None,
    judging: Judging,
    if_comparable: options.IfComparable = False,
) -> int:
    """Run scenario files and judge what was measured.

    Several files are merged into one scenario, in the order given. The exit code says what the run came to: 0 all thresholds
    held, 2 the file is wrong, 3 a threshold failed, 4 the run is slower than its baseline, 5 the measurement cannot be trusted,
    6 nothing could be attempted. Ctrl-C stops new virtual users and lets running ones finish; a second Ctrl-C ends at once. Both
    write the report.

    \b
    Examples:
      loadkit run shop.yaml
      loadkit run shop.yaml -t https://staging.example.com -o report.json
      loadkit run shop.yaml --baseline main
      loadkit run shop.yaml --solo --debug
    """
    from loadkit.cli.dotenv import set_environment
    from loadkit.fleet.process import spawned

    use_logs(telling.log_format)
    set_environment(given.dotenv)
    idle.warn()
    with spawned(1) as processes:  # early: they import their libraries while we import ours and read the file
        from loadkit.cli.against import with_baseline
        from loadkit.cli.execute import Choices, execute

        choices = Choices.told(
            telling, making=making, keeping=keeping, papers=papers, watching=watching, yes=limits.yes
        )
        plan = _plan(files, given, limits, labels, picked)
        if baseline is not None:
            choices = with_baseline(choices, baseline, plan, judging.asked(), if_comparable=if_comparable)
        return execute(plan, choices, processes)


def _plan(files: list[Path], given: Input, limits: Limits, labels: Labels, picked: Picked) -> Plan:
    """Return the plan of the run. Raises ScenarioError with every fault, and UsageError."""
    from loadkit.scenario.reading import read_plan
    from loadkit.scenario.settings import Settings

    settings = Settings(
        seed=picked.seed,
        solo=picked.solo,
        scenario_name=picked.scenario_name,
        name=labels.name,
        environment=given.environment,
        tags=labels.read(),
        **limits.read(),
    )
    return read_plan(given.files(*files), given.changes(seed=picked.seed), settings, runs=True)
