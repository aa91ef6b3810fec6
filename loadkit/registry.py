"""Find plugins: (kind, name) -> plugin, from the built-in modules first, then from entry points `loadkit.<kind>`.

A built-in plugin is one module in one of the kind's packages; it offers its plugins in a module-level
mapping whose name is the kind's. So a new plugin is one new file and nothing else changes.

    kind       packages              mapping in the module
    step       flow, protocols       STEPS       {"get": StepPlugin}
    config     every package         CONFIG      {"http": JSON Schema}     a key of `config:`
    workload   workload              SHAPES      {"constant": Shape}
    function   template              FUNCTIONS   {"$uuid": TemplateFunction}
    output     outputs               OUTPUTS     {"json": Output}
    paper      outputs               PAPERS      {"junit": Paper}
    exporter   outputs               EXPORTERS   {"prometheus": Exporter}
    importer   importers             IMPORTERS   {"har": Importer}
    sampler    observe               SAMPLERS    {"process": SamplerPlugin}
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

from loadkit.errors import PluginError

_KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "step": ("STEPS", ("flow", "protocols")),
    "config": ("CONFIG", ("template", "flow", "workload", "protocols", "slo")),
    "workload": ("SHAPES", ("workload",)),
    "function": ("FUNCTIONS", ("template",)),
    "output": ("OUTPUTS", ("outputs",)),
    "paper": ("PAPERS", ("outputs",)),
    "exporter": ("EXPORTERS", ("outputs",)),
    "importer": ("IMPORTERS", ("importers",)),
    "sampler": ("SAMPLERS", ("observe",)),
}


@cache
def plugins(kind: str) -> dict[str, Any]:
    """Return every plugin of a kind by name. Raises PluginError when an installed plugin cannot be loaded."""
    mapping, packages = _KINDS[kind]
    found: dict[str, Any] = {}
    for package in packages:
        for module in _modules(f"loadkit.{package}"):
            found.update(getattr(module, mapping, {}))
    for entry in _installed().select(group=f"loadkit.{kind}"):
        try:
            found.setdefault(entry.name, entry.load())
        except Exception as error:
            raise PluginError(f"the {kind} plugin {entry.name!r} ({entry.value}) cannot be loaded: {error}") from error
    return found


def plugin(kind: str, name: str) -> Any:
    """Return one plugin. Raises PluginError naming those that exist.

    A module of the plugin's name is asked first, so that one output does not cost the import of all.
    """
    mapping, packages = _KINDS[kind]
    for package in packages:
        if name.isidentifier() and importlib.util.find_spec(f"loadkit.{package}.{name}"):
            found: dict[str, Any] = getattr(importlib.import_module(f"loadkit.{package}.{name}"), mapping, {})
            if name in found:
                return found[name]
    known = plugins(kind)
    if name not in known:
        raise PluginError(f"there is no {kind} {name!r}; known: {', '.join(sorted(known))}")
    return known[name]


@cache
def _installed() -> Any:
    return entry_points()  # reads the metadata of every installed package: 10 ms, so once


def _modules(package: str) -> list[ModuleType]:
    path = importlib.import_module(package).__path__
    return [importlib.import_module(f"{package}.{info.name}") for info in pkgutil.iter_modules(path) if not info.ispkg]
