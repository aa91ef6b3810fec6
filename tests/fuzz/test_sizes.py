"""Files at the limit of what is read, made to take long: each ends in a plan or in diagnostics, in seconds."""

import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.mutation import LONGEST_S, at_most
from tests.fuzz.test_scenarios import MOST_GROWTH_KIB, read

MOST = 990_000
HEAD = 'config: {target: "http://127.0.0.1:9"}\nscenarios:\n  - flow:\n'


def repeated(unit: str, size: int = 400_000) -> str:
    """Return a text of numbered units; `#` in the unit is the number."""
    return "".join(unit.replace("#", str(number)) for number in range(size // (len(unit) + 4)))


def get(**fields: str) -> str:
    written = ", ".join(f'{key}: "{value}"' for key, value in {"url": "/", **fields}.items())
    return f"{HEAD}      - get: {{{written}}}\n"


def config(line: str) -> str:
    return f"config:\n  target: http://a\n  {line}\nscenarios: [{{flow: []}}]\n"


SIZES: dict[str, Callable[[], str]] = {
    "undefined variables": lambda: get(url=repeated("{{ v# }}")),
    "unknown functions": lambda: get(url=repeated("{{ $f#() }}", 200_000)),
    "unset environment": lambda: get(url=repeated("{{ $env.UNSET_# }}")),
    "braces": lambda: get(url="{" * MOST),
    "names in a condition": lambda: get(ifTrue=repeated("v# or ") + "x"),
    "a condition of negations": lambda: get(ifTrue="not " * (MOST // 4) + "a"),
    "variables before their capture": lambda: (
        HEAD + repeated('      - get: {url: "/{{ v# }}", capture: {json: "$.a", as: "v#x"}}\n', 80_000)
    ),
    "digits": lambda: get(url="/{{ $randomNumber(" + "9" * 5000 + ", 1) }}"),
    "a nested JSONPath": lambda: (
        get(capture="{json: '$" + "[?(@.a" * 5000 + "', as: b}").replace('"{', "{").replace('}"', "}")
    ),
    "unknown metrics": lambda: config("thresholds:\n" + repeated('    - "http.x#.p95 < 5ms"\n', 130_000)),
    "a threshold of blanks": lambda: config('thresholds: ["' + " " * MOST + '"]'),
    "a threshold of comparisons": lambda: config('thresholds: ["' + "<" * MOST + '{{ a }}"]'),
    "a duration of digits": lambda: config('phases: [{arrivalRate: 1, duration: "' + "9" * MOST + '?"}]'),
    "unknown keys on one line": lambda: '{"config": {' + repeated('"k#": "' + "x" * 400 + '", ', MOST)[:-2] + "}}",
    "blanks behind an open quote": lambda: "a: 'b\nc" + " " * MOST + "d",
    "blanks behind a template": lambda: "a: {{ x }}" + " " * MOST + "d\nb: ]",
    "templates in brackets": lambda: "[" + ", {{ a" * (MOST // 6),
    "merges of merges": lambda: repeated("x-#: &x# {<<: [*x0, *x1, *x2], y#: 1}\n", 20_000),
}


@pytest.mark.parametrize("name", SIZES)
def test_a_hostile_file_ends_soon(name: str, tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_text(SIZES[name]())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with at_most(LONGEST_S):
        read(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_GROWTH_KIB
