"""`loadkit run`."""

from __future__ import annotations

from loadkit.cli import options
from loadkit.cli.bundles import Idle, Input, Keeping, Labels, Limits, Watching
from loadkit.cli.logs import LogFormat, use_logs
from loadkit.cli.papers import Papers, with_papers
from loadkit.cli.unfolding import unfolded
from loadkit.fleet.loss import OnWorkerLoss


@unfolded
@with_papers()
def run(
    files: options.Files,
    given: Input,
    limits: Limits,
    labels: Labels,
    keeping: Keeping,
    idle: Idle,
    papers: Papers,
    watching: Watching,
    output: options.ReportFile = None,
    out: options.Outs = None,
    quiet: options.Quiet = False,
    log_format: options.Logs = LogFormat.TEXT,
    solo: options.Solo = False,
    seed: options.Seed = None,
    scenario_name: options.ScenarioName = None,
    graceful_stop: options.GracefulStop = "30s",
    workers: options.Workers = "auto",
    on_worker_loss: options.WorkerLoss = OnWorkerLoss.ABORT,
    debug: options.Debug = False,
    baseline: options.Baseline = None,
    minor: options.Minor = None,
    major: options.Major = None,
    critical: options.Critical = None,
    block_on: options.BlockOnSeverity = None,
    on_inconclusive: options.OpenResult = None,
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

    use_logs(log_format)
    set_environment(given.dotenv)
    idle.warn()
    with spawned(1) as processes:  # early: they import their libraries while we import ours and read the file
        from loadkit.cli.against import with_baseline
        from loadkit.cli.comparing import Asked
        from loadkit.cli.execute import Choices, execute
        from loadkit.cli.exporting import read_outs
        from loadkit.scenario.reading import read_plan
        from loadkit.scenario.settings import Settings

        settings = Settings(
            seed=seed,
            solo=solo,
            scenario_name=scenario_name,
            name=labels.name,
            environment=given.environment,
            tags=labels.read(),
            **limits.read(),
        )
        choices = Choices(
            graceful_stop=graceful_stop,
            output=output,
            quiet=quiet,
            yes=limits.yes,
            debug=debug,
            workers=workers,
            on_worker_loss=on_worker_loss,
            store=not keeping.no_store,
            history=keeping.store,
            papers=papers,
            outs=read_outs(out or ()),
            watching=watching,
        )
        plan = read_plan(given.files(*files), given.changes(seed=seed), settings, runs=True)
        if baseline is not None:
            asked = Asked(
                minor=minor, major=major, critical=critical, block_on=block_on, on_inconclusive=on_inconclusive
            )
            choices = with_baseline(choices, baseline, plan, asked, if_comparable=if_comparable)
        return execute(plan, choices, processes)
