"""`loadkit quick`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

import typer

from loadkit.cli import options
from loadkit.cli.bundles import Keeping, Limits, Telling, Watching
from loadkit.cli.logs import use_logs
from loadkit.cli.papers import Papers, with_papers
from loadkit.cli.unfolding import unfolded
from loadkit.errors import UsageError

_DURATION = "10s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often, how long and by how many the URL is asked for."""

    rate: Annotated[
        float | None, typer.Option("--rate", metavar="NUMBER", help="Start this many requests a second, come what may.")
    ] = None
    users: Annotated[
        int | None, typer.Option("--users", metavar="NUMBER", help="Keep this many users busy; --rate paces them.")
    ] = None
    count: Annotated[
        int | None,
        typer.Option("-c", "--count", metavar="NUMBER", help="Start this many virtual users within a second."),
    ] = None
    num: Annotated[
        int | None, typer.Option("-n", "--num", metavar="NUMBER", help="Requests of each virtual user of -c (10).")
    ] = None
    duration: Annotated[
        str | None,
        typer.Option("--duration", metavar="TIME", help=f"How long --rate or --users goes on ({_DURATION})."),
    ] = None


@unfolded
@with_papers()
def quick(
    url: Annotated[str, typer.Argument(metavar="URL", help="What to GET; demo:///products tries it on the demo shop.")],
    *,
    limits: Limits,
    keeping: Keeping,
    papers: Papers,
    watching: Watching,
    pace: Pace,
    insecure: options.Insecure = False,
    telling: Telling,
    baseline: options.Baseline = None,
) -> int:
    """Load one URL without writing a file.

    Without --rate or --users it does what Artillery's quick does: -c 10 virtual users, each sending -n 10 requests.

    \b
    Examples:
      loadkit quick http://127.0.0.1:8080/ --rate 100 --duration 30s
      loadkit quick http://127.0.0.1:8080/ --users 50 --duration 1m
      loadkit quick demo:///products -c 20 -n 5
    """
    from loadkit.fleet.process import spawned

    use_logs(telling.log_format)
    data = quick_scenario(url, pace)
    if insecure:
        data["config"]["tls"] = {"rejectUnauthorized": False}
    with spawned(1) as workers:
        from loadkit.cli.against import with_baseline
        from loadkit.cli.execute import Choices, execute
        from loadkit.scenario.compile import compile_plan
        from loadkit.scenario.settings import Settings
        from loadkit.scenario.source import read_document

        document = read_document(Path("quick"), json.dumps(data, indent=2))
        plan = compile_plan(document, Settings(**limits.read()))
        choices = Choices.told(telling, keeping=keeping, papers=papers, watching=watching, yes=limits.yes)
        if baseline is not None:
            choices = with_baseline(choices, baseline, plan)
        return execute(plan, choices, workers)


def quick_scenario(url: str, pace: Pace) -> dict[str, Any]:
    """Return the scenario that loads one URL. Raises UsageError for options that contradict each other."""
    rate, users, count, num, duration = pace.rate, pace.users, pace.count, pace.num, pace.duration
    if (rate is not None or users is not None) and (count is not None or num is not None):
        raise UsageError("-c and -n count requests, --rate and --users go on for a while; use one pair or the other")
    if rate is None and users is None and duration is not None:
        raise UsageError("--duration needs --rate or --users")
    target, request = _split(url)
    step: dict[str, Any] = {"get": request}
    if rate is None and users is None:
        flow = [{"loop": [step], "count": 10 if num is None else num}]
        phase: dict[str, Any] = {"duration": 1, "arrivalCount": 10 if count is None else count}
    else:
        flow = [step]
        phase = {"duration": duration or _DURATION, **_pace(rate, users)}
    phases = [{"name": "quick", **phase}]
    return {
        "config": {"target": target, "phases": phases},
        "scenarios": [{"name": "quick", "flow": flow}],
    }


def _pace(rate: float | None, users: int | None) -> dict[str, Any]:
    if users is None:
        return {"arrivalRate": rate}
    return {"users": users} if rate is None else {"users": users, "throughput": f"{rate}/s"}


def _split(url: str) -> tuple[str, dict[str, Any]]:
    """Return the target and the request for a URL as it stands: nothing in it is a template."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in ("http", "https", "demo") or (not parts.netloc and parts.scheme != "demo"):
        raise UsageError(f"{url} is not a URL to load; write http://host:port/path, or demo:///products")
    if parts.scheme == "demo" and parts.netloc:
        raise UsageError(f"{url} names a host and the demo shop has none; write demo:///{parts.netloc}{parts.path}")
    path = parts.path or "/"
    request: dict[str, Any] = {"url": _literal(f"{path}?{parts.query}" if parts.query else path)}
    userinfo, _, host = parts.netloc.rpartition("@")
    if userinfo:
        user, _, password = userinfo.partition(":")
        request["auth"] = {"user": _literal(unquote(user)), "pass": _literal(unquote(password))}
    return f"{parts.scheme}://{host}", request


def _literal(text: str) -> str:
    """Return the template that renders to a text."""
    return text.replace("{{", '{{ "{{" }}')
