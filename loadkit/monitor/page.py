"""What was watched as one HTML file without scripts: what was found, the series in numbers, and a plot of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.resources import files

from loadkit import __version__
from loadkit.monitor.monitor import Row
from loadkit.monitor.plot import HEIGHT, WIDTH, Plot, plot
from loadkit.monitor.state import State
from loadkit.slo.text import value_text
from loadkit.units import NS_PER_S, format_duration_ns

_TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{ title }}</title>
<style>{{ css|safe }}
figure { margin: 0 0 1rem; } figure svg { width: 100%; height: auto; max-width: {{ width }}px; }
svg text { font: 11px system-ui, sans-serif; fill: var(--muted); }
svg polyline { fill: none; stroke: var(--chart-first); stroke-width: 1.5; } svg line { stroke: var(--line); }
td, th { padding: .2rem .8rem .2rem 0; text-align: right; } td:first-child, th:first-child { text-align: left; }
</style>
</head>
<body>
<main>
<header><h1>{{ title }}</h1><p class="quiet">{{ about }}</p></header>
<section aria-labelledby="found"><h2 id="found">What was found</h2>
{% for word, text, advice in findings %}
<p><strong>{{ word }}</strong> {{ text }}{% if advice %}<br><span class="quiet">{{ advice }}</span>{% endif %}</p>
{% else %}<p>Nothing that could grow was seen.</p>{% endfor %}
{% for text in notes %}<p class="quiet">{{ text }}</p>{% endfor %}
</section>
<section aria-labelledby="numbers"><h2 id="numbers">Series</h2>
<div style="overflow-x: auto"><table>
<thead><tr><th scope="col">series</th><th scope="col">last</th><th scope="col">min</th><th scope="col">mean</th><th scope="col">max</th></tr></thead>
<tbody>{% for row in rows %}<tr>{% for cell in row %}<td class="num">{{ cell }}</td>{% endfor %}</tr>{% endfor %}</tbody>
</table></div></section>
<section aria-labelledby="plots"><h2 id="plots">Over time</h2>
{% for plot in plots %}
<figure><figcaption>{{ plot.title }}</figcaption>
<svg viewBox="0 0 {{ width }} {{ height }}" role="img" aria-label="{{ plot.title }} over time">
{% for y, text in plot.labels %}<line x1="86" x2="{{ width - 12 }}" y1="{{ y }}" y2="{{ y }}"/><text x="80" y="{{ y + 4 }}" text-anchor="end">{{ text }}</text>{% endfor %}
{% for x, text in plot.times %}<text x="{{ x }}" y="{{ height - 5 }}" text-anchor="{{ 'start' if loop.first else 'end' if loop.last else 'middle' }}">{{ text }}</text>{% endfor %}
<polyline points="{{ plot.points }}"/></svg></figure>
{% endfor %}
</section>
</main>
</body>
</html>
"""  # noqa: E501  # markup


def page(state: State, rows: Sequence[Row]) -> str:
    """Return the page. Texts are escaped: names and remarks are somebody else's."""
    from jinja2 import Environment

    template = Environment(autoescape=True).from_string(_TEMPLATE)
    names = ", ".join(source.name for source in state.observed.sources)
    began = datetime.fromtimestamp(state.at - state.elapsed_s, UTC).isoformat(sep=" ", timespec="seconds")
    watched = format_duration_ns(state.elapsed_s * NS_PER_S)
    return template.render(
        title=f"Watched: {names}",
        about=f"from {began} for {watched}, one sample each {state.every_s:g} s; loadkit {__version__}",
        css=_styles(),
        width=WIDTH,
        height=HEIGHT,
        findings=[(state.word(found), f"{found.name}: {found.text}", found.advice) for found in state.findings],
        notes=[f"{note['name']} at {note['t_s']:.0f} s: {note['text']}" for note in state.notes],
        rows=list(_numbers(state)),
        plots=list(_plots(state, rows)),
    )


def _styles() -> str:
    """Return the style sheet of all pages; it is ours, and holds no `<`."""
    return files("loadkit.outputs.page").joinpath("page.css").read_text(encoding="utf-8")


def _numbers(state: State) -> Iterator[list[str]]:
    for column in state.columns:
        if column["max"] is not None:
            kind = state.kind(column["name"], column["series"])
            per = "/s" if column["per_second"] else ""
            values = (f"{value_text(kind, column[key])}{per}" for key in ("last", "min", "mean", "max"))
            yield [f"{column['name']} {column['series']}", *values]


def _plots(state: State, rows: Sequence[Row]) -> Iterator[Plot]:
    for column in state.columns:
        key = (column["name"], column["series"])
        if column["limit"]:
            continue  # it hardly ever changes
        seen = [(row.at_s, row.values[key]) for row in rows if key in row.values]
        if len(seen) > 1:
            at_s, values = zip(*seen, strict=True)
            yield plot(f"{key[0]} {key[1]}: {column['description']}", state.kind(*key), at_s, values)
