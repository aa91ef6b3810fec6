"""The options that commands share, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from loadkit.analysis.policy import BlockOn, OnInconclusive
from loadkit.cli.logs import LogFormat
from loadkit.fleet.loss import OnWorkerLoss

Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...", help="Scenario files in YAML or JSON; several are merged into one.", show_default=False
    ),
]
Inputs = Annotated[
    list[Path] | None,
    typer.Option("-i", "--input", metavar="FILE", help="One more scenario file, as in Artillery.", hidden=True),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("-c", "--config", metavar="FILE", help="One more file, usually with nothing but `config:`."),
]
Target = Annotated[
    str | None,
    typer.Option("-t", "--target", metavar="URL", help="Where the load goes; LOADKIT_TARGET does the same."),
]
Environment = Annotated[
    str | None,
    typer.Option("-e", "--environment", metavar="NAME", help="Use this one of `config.environments`."),
]
Payload = Annotated[
    Path | None,
    typer.Option(
        "-p", "--payload", metavar="CSV", help="Read variables from this file instead of `config.payload.path`."
    ),
]
Variables = Annotated[
    str | None,
    typer.Option("-v", "--variables", metavar="JSON", help='Set variables: \'{"user": "ann"}\'.'),
]
OverridesJson = Annotated[
    str | None,
    typer.Option(
        "--overrides", metavar="JSON", help='Change the file: \'{"config": {"phases": [...]}}\'. Lists replace.'
    ),
]
Dotenv = Annotated[
    Path | None,
    typer.Option("--dotenv", "--env-file", metavar="FILE", help="Set environment variables from lines of KEY=VALUE."),
]
Insecure = Annotated[
    bool,
    typer.Option("-k", "--insecure", help="Do not verify TLS certificates."),
]
Logs = Annotated[
    LogFormat,
    typer.Option(
        "--log-format",
        help="What is printed on standard error, and `log.txt` of a kept run: text, or a JSON object a line.",
    ),
]
ReportFile = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar="FILE|DIR", help="Write the report as JSON to this file or directory."),
]
Outs = Annotated[
    list[str] | None,
    typer.Option(
        "--out",
        metavar="KIND:ARGUMENT",
        help="Tell another system of the run each second, such as prometheus:9464; may be repeated (see Outputs in the reference).",
        show_default=False,
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("-q", "--quiet", help="Print only thresholds that do not hold, errors and what `log` steps say."),
]
Solo = Annotated[
    bool,
    typer.Option("-s", "--solo", help="Run one virtual user once, to try the file out."),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", metavar="NUMBER", help="Repeat a run: same arrivals, same choices, same random values."),
]
ScenarioName = Annotated[
    str | None,
    typer.Option("--scenario-name", metavar="NAME", help="Run only this scenario (its name, or a regular expression)."),
]
RunName = Annotated[
    str | None,
    typer.Option("--name", metavar="TEXT", help="Name of the run in the summary and the report."),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="KEY:VALUE", help="Note this in the report; may be repeated.", show_default=False),
]
TagList = Annotated[
    str | None,
    typer.Option(
        "--tags", metavar="KEY:VALUE,...", help="The same, as Artillery writes it: several behind one option."
    ),
]
Note = Annotated[
    str | None,
    typer.Option("--note", metavar="TEXT", help="Note this in the report, as the tag `note`."),
]
Record = Annotated[
    bool,
    typer.Option("--record", help="Of Artillery's cloud: no effect.", hidden=True),
]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", help="Of Artillery's cloud: no effect.", hidden=True),
]
Count = Annotated[
    str | None,
    typer.Option("--count", metavar="N", help="Of Artillery's distributed runs: no effect.", hidden=True),
]
Platform = Annotated[
    str | None,
    typer.Option("--platform", metavar="NAME", help="Of Artillery's distributed runs: no effect.", hidden=True),
]
PlatformOptions = Annotated[
    list[str] | None,
    typer.Option("--platform-opt", metavar="KEY=VALUE", help="Of distributed runs: no effect.", hidden=True),
]
GracefulStop = Annotated[
    str,
    typer.Option("--graceful-stop", metavar="TIME", help="How long running virtual users may finish at the end."),
]
Workers = Annotated[
    str,
    typer.Option(
        "--workers",
        metavar="N|auto",
        help="Worker processes that make the load; auto: all cores but one, and one where the rate is small.",
    ),
]
WorkerLoss = Annotated[
    OnWorkerLoss,
    typer.Option(
        "--on-worker-loss", help="When a worker dies: stop the others, or go on without it. Exit code 5 either way."
    ),
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        metavar="HOST[,HOST]",
        help="Send nothing elsewhere: a name, *.name, an address or a network; may be repeated.",
        show_default=False,
    ),
]
MaxRate = Annotated[
    str | None,
    typer.Option("--max-rate", metavar="NUMBER", help="Refuse a plan with more requests per second than this."),
]
Yes = Annotated[
    bool,
    typer.Option("-y", "--yes", help="Do not ask before much load goes to a host that is not private."),
]
Debug = Annotated[
    bool,
    typer.Option("--debug", help="Print each request and response, with secrets masked."),
]
NoStore = Annotated[
    bool,
    typer.Option(
        "--no-store",
        help="Do not keep the run, neither in .loadkit/runs nor in the history; LOADKIT_NO_STORE=1 does the same.",
    ),
]
StoreUrl = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="The history of runs: postgresql://user:password@host/database, or a file (.loadkit/history.db); "
        "LOADKIT_STORE does the same.",
        show_default=False,
    ),
]
Dashboard = Annotated[
    str | None,
    typer.Option(
        "--dashboard",
        metavar="[HOST:]PORT",
        help="Show the run on a page while it goes on; on this machine alone unless a host is given. Port 0: any that is free.",
    ),
]
DashboardToken = Annotated[
    str | None,
    typer.Option(
        "--dashboard-token",
        metavar="TOKEN",
        help="What the page's controls ask for, and reading too with a host of --dashboard (a new one, printed with the URL); "
        "LOADKIT_DASHBOARD_TOKEN does the same.",
        show_default=False,
    ),
]
Hold = Annotated[
    bool,
    typer.Option(
        "--hold",
        help="Make the workers ready and wait until somebody presses Begin on the page of --dashboard, or b in the terminal.",
    ),
]
Minor = Annotated[
    str | None,
    typer.Option("--minor", metavar="PERCENT", help="From how much slower on a regression is minor (10%)."),
]
Major = Annotated[
    str | None,
    typer.Option("--major", metavar="PERCENT", help="From how much slower on it is major (20%)."),
]
Critical = Annotated[
    str | None,
    typer.Option("--critical", metavar="PERCENT", help="From how much slower on it is critical (50%)."),
]
BlockOnSeverity = Annotated[
    BlockOn | None,
    typer.Option("--block-on", help="From which severity on a regression gives exit code 4 (critical)."),
]
OpenResult = Annotated[
    OnInconclusive | None,
    typer.Option(
        "--on-inconclusive", help="What a result that decides nothing comes to: nothing, a word, or exit code 4 (warn)."
    ),
]
Across = Annotated[
    list[str] | None,
    typer.Option(
        "--across",
        metavar="PART[,PART]",
        help="Compare although these differ: scenario, phases, target, host.",
        show_default=False,
    ),
]
IfComparable = Annotated[
    bool,
    typer.Option(
        "--if-comparable",
        help="Where there is no such baseline, or it was made with another scenario, target or machine: say so and go on.",
    ),
]
Baseline = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="NAME",
        help="Compare the run with this baseline (see `loadkit baseline set`); exit code 4 when it is certainly slower.",
    ),
]
