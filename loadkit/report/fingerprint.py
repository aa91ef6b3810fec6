"""The fingerprint of a run: only runs that have the same one are comparable.

fingerprint = scenario (flows, settings of HTTP, variables), phases, target, host class (system, machine, cpus, model)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loadkit.report.shapes import Schema, object_of, text
from loadkit.scenario.likeness import short_digest
from loadkit.scenario.plan import Plan

_CPUINFO = Path("/proc/cpuinfo")
_MODEL = re.compile(r"(?:model name|cpu model|Model)\s*:\s*(.*\S)")
PARTS = ("scenario", "phases", "target", "host")
"""What a fingerprint is made of, in the order in which a difference is told."""


def fingerprint(plan: Plan, host: Mapping[str, Any]) -> dict[str, str]:
    """Return the fingerprint of a plan's run on a host, as the report describes it."""
    alike = plan.likeness
    made = {"scenario": alike.scenario, "phases": alike.phases, "target": alike.target, "host": host_class(host)}
    return {"id": short_digest(made), **made}


def host_class(host: Mapping[str, Any]) -> str:
    """Return what kind of machine makes the load: on another one the same target seems faster or slower."""
    model = f", {host['cpu']}" if host.get("cpu") else ""
    return f"{host['system']} {host['machine']}, {host['cpus']} {'cpu' if host['cpus'] == 1 else 'cpus'}{model}"


def cpu_model(source: Path = _CPUINFO) -> str:
    """Return the model of this machine's processor, "" where the system does not tell it."""
    try:
        with source.open(encoding="utf-8", errors="replace") as lines:
            found = next((match for line in lines if (match := _MODEL.match(line))), None)
    except OSError:
        return ""
    return " ".join(found[1].split()) if found else ""


def fingerprint_schema() -> Schema:
    """Return the schema of a fingerprint."""
    return object_of(
        "What makes runs comparable: those with the same `id`.",
        {
            "id": text("Digest of the rest."),
            "scenario": text(
                "Digest of flows, HTTP settings and variables; thresholds, names, seed and tags have no part in it."
            ),
            "phases": text("Digest of the phases, without their names."),
            "target": text("Where load goes, without user and password; `demo://` for the embedded shop."),
            "host": text("What kind of machine made the load: system, architecture, processors, model."),
        },
    )
