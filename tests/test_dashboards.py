"""Dashboards for Grafana ask for nothing that is not exported."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from loadkit.outputs.exported import FAMILIES, Kind
from loadkit.outputs.openmetrics import INFO, RUNNING, STARTED

DASHBOARDS = Path(__file__).parent.parent / "dashboards" / "grafana"
FILES = sorted(DASHBOARDS.glob("*.json"))
OF_RUN = {"test", "run"}
METRICS: dict[str, set[str]] = {
    f"{INFO}_info": OF_RUN,
    RUNNING: OF_RUN,
    STARTED: OF_RUN,
    **{f"{one.name}_total": {*OF_RUN, *one.labels} for one in FAMILIES if one.kind is Kind.COUNTER},
    **{one.name: {*OF_RUN, *one.labels} for one in FAMILIES if one.kind is Kind.GAUGE},
    **{
        f"{one.name}_{part}": {*OF_RUN, *one.labels, *(["le"] if part == "bucket" else [])}
        for one in FAMILIES
        if one.kind is Kind.HISTOGRAM
        for part in ("bucket", "sum", "count")
    },
}


def read(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def queries(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each query of a dashboard with its legend."""
    board = read(path)
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield target["expr"], target["legendFormat"]


def test_there_are_the_dashboards_that_the_readme_tells_of() -> None:
    told = set(re.findall(r"`([\w-]+\.json)`", (DASHBOARDS / "README.md").read_text(encoding="utf-8")))
    assert told == {path.name for path in FILES}
    assert len({read(path)["uid"] for path in FILES}) == len(FILES) == 3


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_metric_and_label_is_exported(path: Path) -> None:
    for expr, legend in queries(path):
        names = re.findall(r"\bloadkit_\w+", expr)
        assert names, expr
        assert set(names) <= METRICS.keys(), expr
        for name, selector in re.findall(r"\b(loadkit_\w+)\{([^}]*)\}", expr):
            assert set(re.findall(r"(\w+)(?:=~|!~|!=|=)", selector)) <= METRICS[name], expr
        known = set().union(*(METRICS[name] for name in names))
        grouped = {label for group in re.findall(r"\bby \(([^)]*)\)", expr) for label in re.findall(r"\w+", group)}
        assert grouped <= known, expr
        assert set(re.findall(r"\{\{(\w+)\}\}", legend)) <= (grouped or known), (expr, legend)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_variable_is_declared_and_asks_for_what_is_exported(path: Path) -> None:
    board = read(path)
    declared = {one["name"]: one for one in board["templating"]["list"]}
    text = path.read_text(encoding="utf-8")
    used = set(re.findall(r"\$\{?(\w+)", text)) - {"__rate_interval", "__all"}
    assert used <= declared.keys()
    for one in declared.values():
        found = re.fullmatch(r"label_values\((loadkit_\w+)(?:\{.*\})?, (\w+)\)", one.get("definition", "")) or ()
        assert one["type"] == "datasource" or found[2] in METRICS[found[1]], one
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in board["panels"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_panels_lie_beside_each_other_and_say_what_they_show(path: Path) -> None:
    panels = read(path)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells
        assert panel["description"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


UNITS = {"none", "short", "percentunit", "s", "bytes", "Bps", "cps", "reqps"}
"""Of Grafana's units those that are used here: https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats"""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_grafana_reads_it_as_it_is_meant(path: Path) -> None:
    board = read(path)
    assert board["schemaVersion"] >= 36, "data sources are objects with a uid since then"
    assert "id" not in board, "it would take the place of somebody's own"
    assert board["templating"]["list"][0]["query"] == "prometheus", "others ask the data source that is chosen first"
    for panel in board["panels"]:
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]), panel["title"]
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"], panel["title"]
            heat = panel["type"] == "heatmap"
            assert (target.get("format") == "heatmap") is heat, "buckets are cumulative unless they are asked for so"
            assert not heat or " by (le)" in target["expr"]


def test_provisioning_can_be_read() -> None:
    (source,) = yaml.safe_load((DASHBOARDS / "provisioning/datasources/prometheus.yaml").read_text())["datasources"]
    assert (source["type"], source["url"]) == ("prometheus", "${PROMETHEUS_URL}")
    (provider,) = yaml.safe_load((DASHBOARDS / "provisioning/dashboards/loadkit.yaml").read_text())["providers"]
    assert provider["type"] == "file"
    assert f":{provider['options']['path']}" in (DASHBOARDS / "README.md").read_text(encoding="utf-8")
