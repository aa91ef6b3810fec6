"""The scenario to be kept beside what was measured, with secrets masked: as it ran, merged from its files, and these files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from loadkit.redact import MASK, Secrets, is_secret
from loadkit.scenario.plan import Plan
from loadkit.scenario.source import Document, Span, Where

MOST_CHARS = 64 * 1024
"""How much is kept of the scenario as it ran, and of all its files together."""

_NAMES_ONLY = "secrets"  # `config.secrets` lists names
_KEY = re.compile(r"""(?P<indent>[\s-]*)(?P<quote>["']?)(?P<name>[\w.-]+)(?P=quote)\s*:(?:\s|$)""")


def shown_source(plan: Plan) -> dict[str, Any] | None:
    """Return the text of a plan's scenario as it ran, and those of the files that positions point into, cut where they are long.

    Lines and columns of the files are what they were. None of a plan from an outline that was kept without it.
    """
    if plan.source is not None or not plan.document.sources:
        return plan.source
    left, files = MOST_CHARS, []
    for name, text in plan.document.sources.items():
        kept = _cut(text, left)
        left -= len(kept)
        lines = list(_shown_lines(kept.splitlines(), plan.secrets))
        for span in _secret_spans(plan.document):
            number, start = span.value.line - 1, span.value.column - 1
            if span.value.file == name and number < len(lines):
                end = start + span.value_width
                lines[number] = lines[number][:start] + "*" * len(lines[number][start:end]) + lines[number][end:]
        files.append({"name": plan.secrets.mask(name), "text": "\n".join(lines)})
    return {"text": _cut(shown_scenario(plan), MOST_CHARS), "files": files}


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
        return {name: _without_secrets(_name_inside(key, name), item) for name, item in value.items()}
    if isinstance(value, list):
        return value if key == _NAMES_ONLY else [_without_secrets(key, item) for item in value]
    return MASK if _is_secret_leaf(key, value) else value


def _secret_spans(document: Document) -> Iterator[Span]:
    """Yield where what `_without_secrets` masks stands in the files."""
    waiting: list[tuple[str, Any, Where]] = [("", document.data, ())]
    while waiting:
        key, value, where = waiting.pop()
        if isinstance(value, Mapping):
            waiting += [(_name_inside(key, name), item, (*where, name)) for name, item in value.items()]
        elif isinstance(value, list):
            waiting += [(key, item, (*where, index)) for index, item in enumerate(value) if key != _NAMES_ONLY]
        elif _is_secret_leaf(key, value) and where in document.spans:
            yield document.spans[where]


def _name_inside(key: str, name: Any) -> str:
    """Return the name that decides about what stands under `name` in the mapping of a key: each cookie is secret."""
    return key if "cookie" in key.lower() else str(name)


def _is_secret_leaf(key: str, value: Any) -> bool:
    if isinstance(value, bool) or value is None or not is_secret(key):
        return False
    return not (isinstance(value, str) and "{{" in value)


def _cut(text: str, most: int) -> str:
    """Return as many whole lines of a text as there is room for."""
    return text if len(text) <= most else text[: text.rfind("\n", 0, most) + 1]


def _shown_lines(lines: Sequence[str], secrets: Secrets) -> Iterator[str]:
    """Yield lines with as many asterisks as characters are secret.

    Besides what can be told from a line alone, all that stands under a key whose name says that it is secret is one.
    """
    under: int | None = None  # how far the secret key above is indented
    known = secrets.knowing(line for value in secrets.known if "\n" in value for line in value.splitlines())
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if under is not None and line.strip() and indent + line.lstrip().startswith("- ") <= under:
            under = None  # a list may stand as far to the left as its key
        if under is not None and "{{" not in line:
            yield re.sub(r"\S", "*", line)
            continue
        found = _KEY.match(line)
        if found and is_secret(found["name"]) and found["name"] != _NAMES_ONLY:
            under = len(found["indent"])
        yield known.blot(line)
