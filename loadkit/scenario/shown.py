"""The scenario as it ran, to be kept beside what was measured: merged from its files, with secrets masked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from loadkit.redact import MASK, is_secret
from loadkit.scenario.plan import Plan

_NAMES_ONLY = "secrets"  # `config.secrets` lists names


def shown_scenario(plan: Plan) -> str:
    """Return a plan's scenario as YAML, with the seed and the target that were decided when it ran.

    Templates stay as they are, since a virtual user alone knows what comes of them. No text holds a known secret.
    """
    data = dict(plan.document.data)
    config = data.get("config")
    data["config"] = {**(config if isinstance(config, Mapping) else {}), "seed": plan.seed}
    if plan.target and not plan.settings.demo:
        data["config"]["target"] = plan.target
    shown = plan.secrets.hide(_without_secrets("", data))
    if plan.target and not plan.settings.demo:
        shown["config"]["target"] = plan.secrets.mask(plan.target)
    text = msgspec.yaml.encode(shown).decode()
    return f"# As it ran, merged from {_listed(plan)}; secrets are masked, paths are those of the original.\n{text}"


def _listed(plan: Plan) -> str:
    return plan.secrets.mask_values(", ".join(plan.document.files)).replace("\n", " ")


def _without_secrets(key: str, value: Any) -> Any:
    """Return a value whose literals are masked where the name above them says that they are secret."""
    if isinstance(value, Mapping):
        inside = key if "cookie" in key.lower() else ""  # each cookie is secret; elsewhere the keys decide
        return {name: _without_secrets(inside or str(name), item) for name, item in value.items()}
    if isinstance(value, list):
        return value if key == _NAMES_ONLY else [_without_secrets(key, item) for item in value]
    if isinstance(value, bool) or value is None or not is_secret(key):
        return value
    return value if isinstance(value, str) and "{{" in value else MASK
