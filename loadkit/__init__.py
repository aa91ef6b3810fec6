"""loadkit: a YAML file becomes load, and load becomes a verdict that can be trusted.

For Python programs: `load`, `run`, `run_sync` and `describe`, the events of a run and the exceptions; for hooks: `RequestParams`,
`Response`, `VirtualUser` and `Metrics`. They are imported when they are first asked for, so that `import loadkit` costs
nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from loadkit.api import (
        Event,
        ExitCode,
        Finished,
        FleetError,
        Interval,
        Intervention,
        LoadkitError,
        LogLine,
        Plan,
        PluginError,
        PreflightError,
        RunResult,
        ScenarioError,
        Session,
        Started,
        UsageError,
        describe,
        load,
        run,
        run_sync,
    )
    from loadkit.flow.handed import Metrics, Response, VirtualUser
    from loadkit.protocols.params import RequestParams

__all__ = [
    "Event",
    "ExitCode",
    "Finished",
    "FleetError",
    "Interval",
    "Intervention",
    "LoadkitError",
    "LogLine",
    "Metrics",
    "Plan",
    "PluginError",
    "PreflightError",
    "RequestParams",
    "Response",
    "RunResult",
    "ScenarioError",
    "Session",
    "Started",
    "UsageError",
    "VirtualUser",
    "__version__",
    "describe",
    "load",
    "run",
    "run_sync",
]

# What hooks are handed: a worker need not import what makes runs.
_OF_HOOKS = {
    **dict.fromkeys(("Metrics", "Response", "VirtualUser"), "loadkit.flow.handed"),
    "RequestParams": "loadkit.protocols.params",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_OF_HOOKS.get(name, "loadkit.api")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
