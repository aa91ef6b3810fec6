"""Templates: their syntax, the functions they call, the variables that are always there, and the language of conditions."""

from __future__ import annotations

from docs.pages.markdown import block, code, heading, table
from loadkit import registry
from loadkit.template.fake import closest_fake
from loadkit.template.fake_table import DEPRECATED, TABLE
from loadkit.template.functions import TemplateFunction

_SYNTAX = """
`{{ name }}` puts a value into a text; `{{ name.path[0] }}` reaches into it. A text that is exactly one template keeps
the type of the value: with `quantity: "{{ n }}"` and a number in `n`, a number is sent. In all other texts values are
put in as text, lists and mappings as JSON, and a missing value as nothing. What was put in is never read as a template
again. Three braces mean the same as two. `{{ name(arguments) }}` calls a function: one of those below, or one of
[the processor](../guides/hooks.md).

In YAML a value that starts with `{{` must stand in quotes; loadkit says so when it does not.

Templates stand in what a virtual user sends and checks: `url`, `headers`, `json`, `body`, `form`, `formData`, `qs`, `auth`,
`cookie`, `capture`, `match`, `expect`, `think`, `count`, `over`, `log`, `set`, and in `config.variables` and
`config.http.defaults`. They are rendered for each virtual user. In the rest of `config`, and in the `weight` of a
scenario, they are rendered once, before load starts; there stand `$env` and constants of `config.variables` only.
"""

_VARIABLES = (
    ("$env.NAME", "The environment variable NAME (also `$processEnvironment.NAME`), read when the file is loaded. "
                  "`loadkit run` refuses to start when one is not set (LK502)."),
    ("target", "The target of this run."),
    ("$environment", "The name given with `-e`, or empty."),
    ("$testId", "An identifier of the run, made from its seed."),
    ("$scenarioFile", "The scenario file, as written on the command line."),
    ("$dirname", "The directory of the scenario file."),
    ("$loopCount", "In a `loop`: the number of the round, from 0 or from the first number of a range. `loopValue` renames it."),
    ("$loopElement", "In a `loop` with `over`: the element. `loopElement` renames it."),
)  # fmt: skip

_CONDITIONS = """
`ifTrue` and the conditions of `ensure` are expressions over variables (in `ensure`: over metrics). A name that nothing
defines is null: it equals null and nothing else, and every other comparison with it is false. A number equals the text
that spells it. An `ifTrue` that is the name of a function of [the processor](../guides/hooks.md) calls it instead.
"""

_OPERATORS = (
    ("or, ||", "one of two; a word or a symbol"),
    ("and, &&", "both"),
    ("in, not in", 'membership in a list: `state in ("open", "new")`'),
    ("==, !=, ~=", "equal, different, matches the regular expression"),
    ("<, <=, >, >=", "order of numbers or texts"),
    ("+, -", "sum and difference"),
    ("*, /, %", "product, quotient, remainder"),
    ("^", "power"),
    ("not, !, -", "in front of an operand; binds more than all others: write `not (a == b)`"),
)

_LITERALS = """
Texts stand in double quotes; single quotes quote a name that would be read as something else. `true`, `false`, `null` and
`undefined` are values.
"""

_CONDITION_EXAMPLE = """
- set: { status: new, tries: 0 }
- get:
    url: "/orders/latest"
    ifTrue: 'status != "done" and tries < 3'
"""


_FAKE = """
With `plugins: {fake-data: {}}` templates can call the functions of faker.js as Artillery's plugin names them:
`{{ $internetEmail() }}`. They need `pip install 'loadkit[fake]'`. Their result is text. Options are those of
faker.js, by function: `plugins: {fake-data: {internetPassword: {length: 12}}}`. In brackets stands the function
whose values stand in where Python's Faker has no equivalent.
"""


def _fake_names() -> str:
    names = [f"{code(name)} ({closest_fake(name)})" if closest_fake(name) else code(name) for name in sorted(TABLE)]
    old = ", ".join(f"{code(name)} ({meant})" for name, meant in DEPRECATED.items())
    return f"{', '.join(names)}. Old names, for the functions in brackets: {old}."


def functions_page() -> str:
    """Return the page."""
    functions = registry.plugins("function").values()
    parts = [heading(1, "Templates and functions"), _SYNTAX.strip()]
    parts += [heading(2, "Functions"), "Arguments are numbers, texts in quotes, `true`, `false`, `null` or variables. "
              "Random values come from a generator of the virtual user, seeded by `config.seed` or `--seed` and the "
              "user's number, so a run can be repeated."]  # fmt: skip
    parts.append(table(("function", "arguments", "what it gives", "example"), map(_row, functions)))
    parts += [heading(2, "Made-up data"), _FAKE.strip(), _fake_names()]
    parts += [heading(2, "Variables that are always there")]
    parts.append(table(("variable", "what it is"), [(code(name), words) for name, words in _VARIABLES]))
    parts += [heading(2, "Conditions"), _CONDITIONS.strip(), "From what binds least to what binds most:"]
    parts.append(table(("operators", "meaning"), [(_codes(names), words) for names, words in _OPERATORS]))
    parts += [_LITERALS.strip(), block(_CONDITION_EXAMPLE.strip(), "yaml")]
    return "\n\n".join(parts)


def _row(function: TemplateFunction) -> tuple[str, str, str, str]:
    return code(function.name), _arguments(function), function.doc, code(function.example)


def _arguments(function: TemplateFunction) -> str:
    least, most = function.min_args, function.max_args
    if most is None:
        return f"{least} or more"
    return str(least) if least == most else f"{least} to {most}"


def _codes(names: str) -> str:
    return ", ".join(code(name) for name in names.split(", "))
