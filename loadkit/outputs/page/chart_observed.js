// What was observed: a chart for each source and unit, so that no two units share an axis, nor what is held and what flows.
"use strict";

const LoadkitObserved = (() => {
  const { MS, number, plain } = LoadkitChartData;
  const { element } = LoadkitBoard;
  const COLOURS = ["first", "second", "planned", "p95", "p99", "bad"];
  const UNITS = { // what values are shown in
    bytes: { name: "MiB", factor: 1 / 1048576 }, ratio: { name: "%", factor: 100 }, ns: { name: "ms", factor: 1e-6 },
    per_s: { name: "per second", factor: 1 }, count: { name: "", factor: 1 },
  };

  class Observed {
    // `columns` are those of a report. `keys` are the keys of all lines.
    constructor(board, place, columns) {
      this.columns = columns;
      this.source = new Bokeh.ColumnDataSource({ data: { t: [] } });
      const groups = new Map();
      columns.forEach((column, index) => {
        if (column.limit) return; // as large as it is, all else would be a flat line
        const group = JSON.stringify([column.name, column.unit, column.per_second ?? false]);
        if (!groups.has(group)) groups.set(group, []);
        groups.get(group).push({ ...column, index });
      });
      this.keys = [...groups.values()].flatMap((group) => this.chart(board, place, group));
    }

    chart(board, place, columns) {
      const unit = UNITS[columns[0].unit]?.name ?? "";
      const title = `${plain(columns[0].name)}${unit ? `: ${unit}${columns[0].per_second ? "/s" : ""}` : ""}`;
      const lines = columns.map((column, index) => ({
        key: `s${column.index}`, name: plain(column.series), colour: COLOURS[index % COLOURS.length], width: index ? 1.5 : 2,
      }));
      const figure = element("figure", { class: "chart", "data-chart": "observe" });
      figure.append(element("figcaption", {}, element("h3", { text: title })));
      place.append(figure);
      return LoadkitPanel.panel(board, "observe", figure, { title, unit, label: `Observed: ${title}`, lines }, this.source);
    }

    fill(rows) {
      this.source.data = this.values(rows);
    }

    add(rows) {
      this.source.stream(this.values(rows));
    }

    values(rows) {
      const made = { t: rows.map((row) => number(row[0]) * MS) };
      this.columns.forEach(({ unit }, index) => {
        made[`s${index}`] = rows.map((row) => number(row[index + 1]) * (UNITS[unit]?.factor ?? 1));
      });
      return made;
    }
  }

  return { Observed };
})();
