"""Outputs: every exporter with its options, and what all of them tell."""

from __future__ import annotations

from docs.pages.configuration import key_table
from docs.pages.markdown import block, code, heading, table
from loadkit import registry
from loadkit.outputs.exported import FAMILIES, Kind
from loadkit.outputs.exporter import COMMON, Exporter

_INTRODUCTION = """
Other systems that are told of a run each second: by `--out KIND:ARGUMENT` of `loadkit run` and `loadkit quick`, or by
[`config.outputs`](configuration.md#config), whose items are `KIND:ARGUMENT`, or mappings with `type` and the options below. How
they are used is told in [Exporters](../guides/exporters.md).
"""

_FIGURES = """
All of them tell the same. Names are those of Prometheus, where counters end with `_total`; other systems take them as far as they
can. Besides the labels below every value has `test`, the name of the test, `run`, its id, and what the option `tags` says.
"""

_KINDS = {Kind.COUNTER: "counter", Kind.GAUGE: "gauge", Kind.HISTOGRAM: "histogram"}


def outputs_page() -> str:
    """Return the page."""
    made = [heading(1, "Outputs"), _INTRODUCTION.strip()]
    for kind, exporter in sorted(registry.plugins("exporter").items()):
        made += _section(kind, exporter)
    made += [heading(2, "Options of all"), key_table(COMMON)]
    made += [heading(2, "What is told"), _FIGURES.strip()]
    rows = [(code(one.name), _KINDS[one.kind], ", ".join(map(code, one.labels)) or "-", one.help) for one in FAMILIES]
    made.append(table(("name", "kind", "labels", "meaning"), rows))
    return "\n\n".join(made)


def _section(kind: str, exporter: Exporter) -> list[str]:
    return [
        heading(2, code(kind)),
        exporter.description,
        block(f"--out {kind}:{exporter.metavar}"),
        f"What stands behind `{kind}:` is the option `{exporter.argument}`.",
        key_table(exporter.schema, exporter.required),
    ]
