// Charts over time with a few lines each: load, virtual users, response times, errors, and how the load generator did.
"use strict";

const LoadkitPanel = (() => {
  const { plain } = LoadkitChartData;
  const { HOVER_TIME } = LoadkitBoard;
  const PANELS = {
    rate: {
      title: "Load", unit: "per second", label: "Arrivals planned and started, and requests, per second",
      lines: [
        { key: "requests", name: "requests", colour: "first", width: 2 },
        { key: "started", name: "arrivals started", colour: "second", width: 2 },
        { key: "due", name: "planned", colour: "planned", dash: [6, 4] },
      ],
    },
    users: {
      title: "Virtual users", unit: "running", label: "Virtual users running", area: true,
      lines: [{ key: "users", name: "running at the end of the second", colour: "first", width: 2 }],
    },
    times: {
      title: "Response time", unit: "ms", label: "Percentiles of response time", scales: true, limits: true,
      lines: [
        { key: "p50", name: "p50", colour: "p50", width: 2 },
        { key: "p95", name: "p95", colour: "p95", width: 2 },
        { key: "p99", name: "p99", colour: "p99", width: 2 },
        { key: "service99", name: "p99 of service time", colour: "p99", dash: [2, 3], hidden: true },
      ],
    },
    errors: {
      title: "Errors", unit: "per second", label: "Errors and dropped arrivals per second", area: true,
      lines: [
        { key: "errors", name: "errors", colour: "bad", width: 2 },
        { key: "dropped", name: "arrivals dropped", colour: "p95" },
      ],
    },
    generator: {
      title: "Load generator", unit: "ms", label: "How late the load generator was, and how busy",
      lines: [
        { key: "lag", name: "lag of arrivals, p99", colour: "first", width: 2 },
        { key: "loop", name: "lag of event loops, p99", colour: "second" },
        { key: "cpu", name: "busiest worker, % of its core", colour: "planned", right: true },
      ],
    },
  };

  // Draw `words.lines` of a source; where they can be shown by logarithm too, in two plots that take turns.
  // Return the keys of the lines: [{button, source, key}].
  function panel(board, name, place, words, source, limits = []) {
    const legend = board.legend(place, `Lines of ${words.title}`);
    const drawn = (words.scales ? ["linear", "log"] : ["linear"]).map((scale) => {
      const plot = board.plot(place, words, { scale, time: true });
      const lines = words.lines.map((one) => line(board, plot, one, source, words.area));
      // The axis is that of its own lines: not of what is on the right, and not of the places of words.
      plot.y_range.renderers = lines.filter((_, index) => !words.lines[index].right).flat();
      hover(plot, lines[0], words.lines.map((one) => [one.name, `@${one.key}{0,0.[00]}${words.unit === "ms" && !one.right ? " ms" : ""}`]));
      plot.tags = [name];
      board.marks(plot, words.limits ? limits : []);
      return { plot, lines };
    });
    const keys = words.lines.map((one, index) => ({ button: board.key(legend, one, drawn.map(({ lines }) => lines[index])), source, key: one.key }));
    if (words.scales) board.choice(legend, drawn.map((one) => one.plot));
    return keys;
  }

  function line(board, plot, words, source, area) {
    const options = { source, line_width: words.width ?? 1.5, line_dash: words.dash ?? [], line_join: "round" };
    if (words.right) {
      plot.extra_y_ranges = { ...plot.extra_y_ranges, right: new Bokeh.Range1d({ start: 0, end: 100 }) };
      plot.add_layout(new Bokeh.LinearAxis({ y_range_name: "right", axis_label: board.narrow ? null : "%" }), "right");
      options.y_range_name = "right";
    }
    const x = { field: "t" }, y = { field: words.key };
    const made = [plot.line(x, y, options)];
    if (area) made.push(plot.varea(x, 0, y, { source, fill_alpha: 0.14 }));
    for (const one of made) {
      one.visible = !words.hidden;
      one.tags = [words.colour];
    }
    return made;
  }

  function hover(plot, lines, pairs) {
    plot.add_tools(new Bokeh.HoverTool({
      renderers: [lines[0]], mode: "vline", attachment: "horizontal", formatters: { "@t": "datetime" }, point_policy: "snap_to_data",
      line_policy: "nearest", tooltips: [["time", HOVER_TIME], ...pairs.map(([name, value]) => [plain(name), value])],
    }));
  }

  return { PANELS, panel };
})();
