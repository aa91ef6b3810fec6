"""`loadkit run`."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from loadkit.cli import options
from loadkit.cli.papers import NO_PAPERS, Papers, with_papers
from loadkit.errors import UsageError
from loadkit.fleet.loss import OnWorkerLoss
from loadkit.outputs.base import write_line


@with_papers()
def run(
    files: options.Files,
    inputs: options.Inputs = None,
    config: options.ConfigFile = None,
    target: options.Target = None,
    environment: options.Environment = None,
    payload: options.Payload = None,
    output: options.ReportFile = None,
    variables: options.Variables = None,
    overrides: options.OverridesJson = None,
    dotenv: options.Dotenv = None,
    insecure: options.Insecure = False,
    quiet: options.Quiet = False,
    allow_host: options.AllowHost = None,
    max_rate: options.MaxRate = None,
    yes: options.Yes = False,
    solo: options.Solo = False,
    seed: options.Seed = None,
    scenario_name: options.ScenarioName = None,
    name: options.RunName = None,
    tag: options.Tags = None,
    tags: options.TagList = None,
    note: options.Note = None,
    graceful_stop: options.GracefulStop = "30s",
    workers: options.Workers = "auto",
    on_worker_loss: options.WorkerLoss = OnWorkerLoss.ABORT,
    debug: options.Debug = False,
    baseline: options.Baseline = None,
    if_comparable: options.IfComparable = False,
    block_on: options.BlockOnSeverity = None,
    on_inconclusive: options.OpenResult = None,
    no_store: options.NoStore = False,
    store: options.StoreUrl = None,
    record: options.Record = False,
    key: options.Key = None,
    count: options.Count = None,
    platform: options.Platform = None,
    platform_opt: options.PlatformOptions = None,
    papers: Papers = NO_PAPERS,
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

    set_environment(dotenv)
    elsewhere = {"--count": count, "--platform": platform != "local" and platform, "--platform-opt": platform_opt}
    warn_of_idle({"--record": record, "--key": key, **elsewhere})
    with spawned(1) as processes:  # early: they import their libraries while we import ours and read the file
        from loadkit.cli.against import with_baseline
        from loadkit.cli.comparing import Asked
        from loadkit.cli.execute import Choices, execute
        from loadkit.cli.limits import read_limits
        from loadkit.cli.reading import chosen_target
        from loadkit.scenario.merge import Overrides
        from loadkit.scenario.reading import read_plan
        from loadkit.scenario.settings import Settings

        changes = Overrides(
            config=config,
            environment=environment,
            target=chosen_target(target),
            insecure=insecure,
            payload=payload,
            overrides=overrides,
            variables=variables,
            seed=seed,
        )
        settings = Settings(
            seed=seed,
            solo=solo,
            scenario_name=scenario_name,
            name=name,
            environment=environment,
            tags=read_tags([*(tag or []), *split_tags(tags), *([f"note:{note}"] if note else [])]),
            **read_limits(allow_host, max_rate),
        )
        choices = Choices(
            graceful_stop=graceful_stop,
            output=output,
            quiet=quiet,
            yes=yes,
            debug=debug,
            workers=workers,
            on_worker_loss=on_worker_loss,
            store=not no_store,
            history=store,
            papers=papers,
        )
        plan = read_plan([*files, *(inputs or [])], changes, settings, runs=True)
        if baseline is not None:
            asked = Asked(block_on=block_on, on_inconclusive=on_inconclusive)
            choices = with_baseline(choices, baseline, plan, asked, if_comparable=if_comparable)
        return execute(plan, choices, processes)


def warn_of_idle(given: Mapping[str, object]) -> None:
    """Say of options that only Artillery's cloud and its distributed runs know that they have no effect."""
    for option in (option for option, value in given.items() if value):
        write_line(
            sys.stderr,
            f"warning: {option} has no effect: load is made on this machine, and nothing is recorded elsewhere",
        )


def split_tags(text: str | None) -> list[str]:
    """Return the tags of one text, "team:shop,service:cart"."""
    return [tag for tag in (text or "").split(",") if tag.strip()]


def read_tags(tags: list[str]) -> dict[str, str]:
    """Return tags by key. Raises UsageError for one without a key."""
    found: dict[str, str] = {}
    for tag in tags:
        key, colon, value = tag.partition(":")
        if not colon or not key.strip():
            raise UsageError(f"--tag {tag} is not KEY:VALUE, such as --tag team:checkout")
        found[key.strip()] = value.strip()
    return found
