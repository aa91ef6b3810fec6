"""What loadkit says about scenario files: every code with its meaning, advice, and an example from the tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from docs.pages.markdown import block, code, heading, table
from loadkit.errors import CODES

EXAMPLES = Path(__file__).parents[2] / "tests" / "scenarios" / "invalid"
_START = re.compile(r"^\S+:\d+:\d+: (?:error|warning) (LK\d{3}): ", re.MULTILINE)

_INTRODUCTION = """
Each diagnostic names its place (`file:line:column`), a code that never changes its meaning, what is wrong, and most
often what to write instead. All faults of a file are shown at once. An error stops the command with
[exit code](exit-codes.md) 2 before anything is sent. A warning is about something that runs, and that you may not have
meant; the report repeats it.
"""

_GROUPS = {
    "LK0": ("Reading", "The text is not the YAML (or JSON) that loadkit reads."),
    "LK1": ("Shape", "Keys and values are not those of [a scenario file](configuration.md)."),
    "LK2": ("Meaning", "The keys are right, what they say together is not."),
    "LK3": (
        "Thresholds and objectives",
        "A line of `thresholds` or `ensure` cannot be judged, see [metrics](metrics.md); or an objective of `slos`, see "
        "[objectives](../guides/slos.md).",
    ),
    "LK4": (
        "Limits",
        "What the file asks for goes beyond `--allow-host`, `--max-rate` or [`.loadkit.yaml`](../guides/limits.md).",
    ),
    "LK5": ("Warnings", "What Artillery would run, and loadkit runs as well."),
    "LK6": ("Gates", "What is wrong in [a gate file](gates.md) beside its shape."),
    "LK7": ("The system under test", "What `config.observe` names, see [observing](../guides/observe.md)."),
}

_ADVICE = {
    "LK001": "Check the path, and save the file as UTF-8.",
    "LK003": "YAML indents with spaces. Most editors can replace tabs on saving.",
    "LK005": "YAML readers usually let the last one win, silently. Keep one.",
    "LK006": "Without quotes `{{ x }}` is a YAML mapping.",
    "LK007": "Leave tags such as `!env` out; `{{ $env.NAME }}` reads the environment.",
    "LK008": "A file has at most 1 MB, 10,000 values with aliases expanded, and 64 levels. Test data belong into a payload.",
    "LK009": "A warning. loadkit reads YAML 1.2: booleans are `true` and `false` only. Quote the text, or write the value "
             "that you mean.",
    "LK101": "Keys are checked everywhere, so that a misspelt one cannot be ignored. Keys of your own start with `x-`.",
    "LK107": "The actions are listed under [steps](configuration.md#steps).",
    "LK108": "Paths in `extends` are relative to the file that says it.",
    "LK201": "Define it in `config.variables`, in a payload, with `set`, with a `capture`, or with `--variables`.",
    "LK202": "Move the request that captures it up. In a loop this is a warning: the variable is empty in the first round.",
    "LK205": "JSONPath is that of RFC 9535.",
    "LK207": "Weights are relative; 0 leaves a scenario out.",
    "LK208": "Give it `arrivalRate`, `arrivalCount`, `users` or, if silence is meant, `pause`.",
    "LK209": "`arrivalRate` and `arrivalCount` start new users, `users` and `throughput` keep a number of them busy: see "
             "[open and closed models](../concepts/open-and-closed-models.md).",
    "LK210": "The path of a payload is relative to the scenario file; the file is CSV in UTF-8. A line has "
             "at most 1 MB and a value 128 KB; `loadAll` takes files of at most 10 MB.",
    "LK212": "A target is `http://host:port`, `https://host` or `demo://`; a URL starts with `/`, `http://` or `https://`.",
    "LK213": "Give `config.target`, `-t URL` or `LOADKIT_TARGET`.",
    "LK215": "Names are matched exactly; `--scenario-name` also takes a regular expression.",
    "LK220": "The function stands in a module beside the scenario file, or in one that the Python of loadkit finds: see "
             "[measuring Python functions](../guides/python.md).",
    "LK230": "A processor is a Python module; loadkit does not run JavaScript. `validate`, `plan` and `diff` read it and run none "
             "of it, `run` imports it.",
    "LK231": "Name the parameters as they are called there, as many as are needed, in any order.",
    "LK512": "Artillery runs it, and so does loadkit: each virtual user that comes there fails, or goes on with another value.",
    "LK302": "The names are listed under [metrics](metrics.md).",
    "LK303": "`p99.5` is the 99.5th percentile, and `p999` is 99.9.",
    "LK304": "The name of a request is its `name`, or its path as written, without the query.",
    "LK401": "Allow the host with `--allow-host` or in `.loadkit.yaml`, if load is welcome there.",
    "LK402": "Plan less, pace a closed phase with `throughput`, or raise the limit. "
             "The lower one of `--max-rate` and `.loadkit.yaml` holds.",
    "LK501": "Rewrite the condition: as it is, the request is always sent, as in Artillery. See "
             "[conditions](functions.md#conditions).",
    "LK502": "An error in `loadkit run`, which would send something else than was meant; a warning in `validate`, `plan` and "
    "`diff`. Export the variable, or name a file with `--dotenv`. With `compat: artillery` the text `undefined` stands for it, as "
    "there.",
    "LK503": "Add `plugins: {ensure: {}}`, or write `thresholds`, which need no plugin.",
    "LK509": "A name for each product tells nothing about any of them. Give such requests one `name`, or one URL with a template: "
             "its name is the URL as written.",
    "LK504": "Remove it; what the plugin would have done does not happen.",
    "LK505": "The key does nothing. It is accepted so that files written for Artillery run.",
    "LK506": "See [coming from Artillery](../guides/coming-from-artillery.md).",
    "LK520": "A `function` step counts `errors.Undefined function`, any other hook is left out, as in Artillery.",
    "LK601": "The planned time is that of the phases and five seconds for each run. Nothing is started.",
    "LK603": "`ci`, `staging` and `production` are always there, others are defined in `environments`.",
    "LK604": "Paths are relative to the gate file.",
    "LK507": "The name after `-e` is none of `config.environments`; the file runs without it.",
}  # fmt: skip


def diagnostics_page() -> str:
    """Return the page."""
    parts = [heading(1, "Diagnostics"), _INTRODUCTION.strip()]
    parts.append(table(("code", "meaning"), [(f"[{name}](#{name.lower()})", words) for name, words in CODES.items()]))
    for prefix, (title, words) in _GROUPS.items():
        parts += [heading(2, title), words]
        parts += [part for name in CODES if name.startswith(prefix) for part in _entry(name)]
    return "\n\n".join(parts)


def _entry(name: str) -> Iterator[str]:
    yield heading(3, name)
    meaning = CODES[name][0].upper() + CODES[name][1:]
    yield f"{meaning}. {_ADVICE.get(name, '')}".strip()
    example = example_of(name)
    if example is not None:
        file, text = example
        yield block(text)
        yield f"From [{code(file)}](../../tests/scenarios/invalid/{file})."


def example_of(name: str) -> tuple[str, str] | None:
    """Return a scenario file of the tests and the first diagnostic with a code that it gives; None when none does."""
    files = sorted(EXAMPLES.glob("*.txt"), key=lambda path: (not path.name.startswith(name.lower()), path.name))
    for path in files:
        text = path.read_text(encoding="utf-8")
        starts = list(_START.finditer(text))
        for start, following in zip(starts, [*starts[1:], None], strict=True):
            if start[1] == name:
                return path.with_suffix(".yaml").name, text[start.start() : following.start() if following else None]
    return None
