"""The keys of a gate file, and of the recommendation that comes of it."""

from __future__ import annotations

from docs.pages.configuration import key_sections
from docs.pages.markdown import heading
from docs.pages.report import json_sections
from loadkit.analysis.recommendation_schema import recommendation_schema
from loadkit.scenario.gate_keys import gate_schema

_GATE = """
`loadkit gate FILE` reads this file; `loadkit schema gate` prints its JSON Schema, and `loadkit validate` checks it with the
scenarios that it lists. It is YAML or JSON, read as strictly as scenario files. How gates are used is told in
[Gates](../guides/gates.md).
"""

_RECOMMENDATION = """
`loadkit gate FILE --json recommendation.json` writes this file; `loadkit schema recommendation` prints its JSON Schema. Equal
reports give equal files. The format only grows: a reader ignores keys that it does not know.
"""


def gates_page() -> str:
    """Return the page of the gate file."""
    return "\n\n".join([heading(1, "Gate files"), _GATE.strip(), *key_sections(gate_schema())])


def recommendation_page() -> str:
    """Return the page of the recommendation."""
    return "\n\n".join([heading(1, "Recommendation"), _RECOMMENDATION.strip(), *json_sections(recommendation_schema())])
