// Charts of a run, drawn by BokehJS: in report.html, on the live page and on those of runs that are kept.
//
//   const charts = LoadkitCharts.draw(root, data)
//   charts.append({timeline: {rows: [[...]]}, heat: {...}, spectrum: {...}, interventions: [...], observe: {rows: [[...]]}})
//   charts.replace(data)          all of it anew, as after a lost connection or when rows were put together
//   charts.theme("dark")          or "light", or "" for what the system prefers; colours are those of page.css
//
// `data` is what a report has under "loadkit", of which these keys are looked at; each may be missing:
//
//   timeline       {columns, rows}, as in a report
//   phases         [{name, kind, start_s, duration_s, throughput_per_s, warmup}]
//   heat           {bins_per_decade, lowest_ms, column_s, columns}; in `append` also `at`, the number of the first of `columns`,
//                  and without it the whole map
//   spectrum       {response_time: [[percent, ms], ...], service_time: [...]}, by report/spectrum.py
//   verdicts       of those in milliseconds the limits are drawn
//   interventions  [{at_s, kind, value, by}]
//   observe        {columns: [{series, unit, name}], rows: [[t_s, ...]]}
//
// With {runs: [{name, timeline, phases, spectrum}, ...]} instead the curves of several runs are drawn over each other, the first of
// which is the base; nothing can be added to those.
//
// Inside `root` each <figure data-chart="rate|users|times|errors|generator|heat|spectrum"> gets its chart, and
// <div data-charts="observe"> one for each source and unit that was observed; in an empty root all are made. What has no data is
// hidden. Texts reach the page by textContent and by the canvas only, and nothing is ever evaluated.
"use strict";

const LoadkitCharts = (() => {
  const MS = 1000;
  const HEIGHT = 220;
  const HOVER_TIME = "@t{%H:%M:%S}";
  const NAMES = "names"; // the y range of labels: 1 to 10, which any scale can show
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
  const UNITS = { // of what is observed: what it is shown in
    bytes: { name: "MiB", factor: 1 / 1048576 }, ratio: { name: "%", factor: 100 }, ns: { name: "ms", factor: 1e-6 },
    per_s: { name: "per second", factor: 1 }, count: { name: "", factor: 1 },
  };
  const MARKS = { pause: "paused", resume: "resumed", stop: "stopped", begin: "begun" };
  const OTHERS = {
    heat: { title: "Response times over time", unit: "ms", label: "Heat map: how many response times of which length, by time" },
    spectrum: { title: "Percentile spectrum", unit: "ms", label: "Response and service time by percentile", scales: true, limits: true },
  };

  // ------------------------------------------------------------------------------------------------------------- data

  const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : NaN);

  // Bokeh takes what stands between these for TeX, which nobody here writes; a space of no width keeps them apart.
  const plain = (text) => String(text).replace(/\$\$/g, "$\u200b$").replace(/\\(?=[([])/g, "\\\u200b").slice(0, 200);

  function element(tag, options = {}, ...children) {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(options)) {
      if (key === "text") made.textContent = value;
      else made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  }

  // Seconds as the columns of a data source. `before` is the end of the second in front of the first row.
  function seconds(columns, rows, phases, before) {
    const at = Object.fromEntries(columns.map((name, index) => [name, index]));
    const made = { t: [] };
    const put = (key, value) => (made[key] ??= []).push(value);
    let last = before;
    for (const row of rows) {
      const cell = (name) => number(row[at[name]]);
      const end = cell("t_s");
      const span = Math.max(1, Math.round(end - last));
      const whole = end - last >= 0.5; // a rate of the last few milliseconds would be noise
      const middle = (last + end) / 2;
      const phase = phases.find((one) => middle >= one.start_s && middle < one.start_s + one.duration_s);
      // Users who are there from the start do not arrive: it is their requests that are planned.
      const open = whole && (phase ?? phases.at(-1) ?? { kind: "open" }).kind !== "closed";
      made.t.push(end * MS);
      put("due", open ? cell("arrivals_due") / span : whole ? number(phase?.throughput_per_s) : NaN);
      put("started", open ? cell("arrivals_started") / span : NaN);
      put("dropped", cell("arrivals_dropped") / span);
      put("requests", whole ? cell("request_rate") : NaN);
      put("users", cell("vusers_active"));
      put("errors", cell("errors") / span);
      put("p50", cell("response_time_p50_ms"));
      put("p95", cell("response_time_p95_ms"));
      put("p99", cell("response_time_p99_ms"));
      put("service99", cell("service_time_p99_ms"));
      put("lag", cell("lag_p99_ms"));
      put("loop", cell("loop_lag_p99_ms"));
      put("cpu", cell("worker_cpu_max") * 100);
      last = end;
    }
    return made;
  }

  const NO_SECONDS = () => seconds(["t_s"], [], [], 0);

  // The map as one rectangle for each bin of each column that holds something.
  function cells(heat) {
    const made = { left: [], right: [], bottom: [], top: [], count: [], low: [], high: [], t: [] };
    const edge = (bin) => heat.lowest_ms * 10 ** (bin / heat.bins_per_decade);
    heat.columns.forEach(([first, ...counts], column) => {
      counts.forEach((count, index) => {
        if (!count) return;
        const bin = first + index;
        made.left.push(column * heat.column_s * MS);
        made.right.push((column + 1) * heat.column_s * MS);
        made.t.push(column * heat.column_s * MS);
        made.bottom.push(bin);
        made.top.push(bin + 1);
        made.low.push(edge(bin));
        made.high.push(edge(bin + 1));
        made.count.push(count);
      });
    });
    return made;
  }

  // A percentile as a place: 0 for p0, 1 for p90, 2 for p99 and so on.
  const nines = (percent) => -Math.log10(Math.max(1 - percent / 100, 1e-7));

  const points = (pairs) => ({
    x: pairs.map(([percent]) => nines(percent)), y: pairs.map(([, ms]) => ms), percent: pairs.map(([percent]) => percent),
  });

  // What people did, as places on the axis of time with a word.
  const marks = (interventions) => ({
    x: interventions.map((one) => one.at_s * MS),
    y: interventions.map((_, index) => 8.4 - (index % 3) * 0.9), // one below the other, where they follow closely
    text: interventions.map((one) => plain(one.kind === "rate" ? `rate x ${one.value}` : MARKS[one.kind] ?? one.kind)),
  });

  const milliseconds = (ms) => {
    if (ms >= 60000) return `${+(ms / 60000).toPrecision(3)} min`;
    if (ms >= 1000) return `${+(ms / 1000).toPrecision(3)} s`;
    return ms >= 1 ? `${+ms.toPrecision(3)} ms` : `${+(ms * 1000).toPrecision(3)} µs`;
  };

  // Limits of time: [{ms, text, percent}], the percentile where the objective is one of a percentile.
  function limits(verdicts) {
    const made = [];
    for (const one of verdicts ?? []) {
      if (one.unit !== "ns" || typeof one.limit !== "number" || !/(response|service)_time/.test(one.objective ?? "")) continue;
      const percent = /\.p(\d{2})(\d*)\b/.exec(one.objective) ?? /\.(median)\b/.exec(one.objective);
      const known = percent && (percent[1] === "median" ? 50 : Number(`${percent[1]}.${percent[2] || 0}`));
      if (!made.some((other) => other.ms === one.limit / 1e6)) {
        made.push({ ms: one.limit / 1e6, text: plain(one.objective), percent: known || null });
      }
    }
    return made.slice(0, 8);
  }

  // ----------------------------------------------------------------------------------------------------------- colours

  const NAMED = ["surface", "muted", "line", "band", "bad", "warn", "first", "second", "planned", "p50", "p95", "p99"];
  const HEAT = ["heat-1", "heat-2", "heat-3", "heat-4", "heat-5"];

  // What page.css says now, as #rrggbb: only an element knows what light-dark() comes to.
  function colours(root) {
    const probe = element("span", { hidden: "" });
    root.append(probe);
    const of = (name) => {
      probe.style.color = `var(--${name}, var(--chart-${name}, #607080))`;
      const parts = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3);
      return `#${parts.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
    };
    const found = Object.fromEntries(NAMED.map((name) => [name, of(name)]));
    found.heat = HEAT.map(of);
    probe.remove();
    return found;
  }

  function ramp(stops, steps = 64) {
    const parsed = stops.map((stop) => [1, 3, 5].map((at) => parseInt(stop.slice(at, at + 2), 16)));
    return Array.from({ length: steps }, (_, step) => {
      const place = (step / (steps - 1)) * (parsed.length - 1);
      const at = Math.min(Math.floor(place), parsed.length - 2);
      const mixed = parsed[at].map((from, index) => Math.round(from + (parsed[at + 1][index] - from) * (place - at)));
      return `#${mixed.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
    });
  }

  // ------------------------------------------------------------------------------------------------------------ charts

  class Charts {
    constructor(root, data) {
      this.root = root;
      this.take(data);
      this.begin();
      this.follow();
    }

    // Draw what is known.
    begin() {
      this.document = new Bokeh.Document();
      this.source = new Bokeh.ColumnDataSource({ data: NO_SECONDS() });
      this.cells = new Bokeh.ColumnDataSource({ data: cells({ columns: [] }) });
      this.response = new Bokeh.ColumnDataSource({ data: points([]) });
      this.service = new Bokeh.ColumnDataSource({ data: points([]) });
      this.happened = new Bokeh.ColumnDataSource({ data: marks([]) });
      this.watched = null; // the source of what is observed
      this.range = new Bokeh.Range1d({ start: 0, end: 10 * MS });
      this.range.change.connect(() => this.later());
      this.crosshair = new Bokeh.Span({ dimension: "height", line_width: 1, line_dash: [3, 3] });
      this.figures = []; // {plot, inside, time}: the place that a plot is drawn in, and whether its axis is time
      this.bands = []; // {annotation, edge, label, name, left, right}: by phase and chart
      this.keys = []; // {button, source, key}: the lines of charts over time
      this.heatPlot = null;
      this.mapper = null;
      this.make();
      this.fill();
      this.paint();
      this.ready = this.show();
    }

    // Keep what was given, so that more can be added.
    take(data) {
      this.columns = data.timeline?.columns ?? [];
      this.rows = [...(data.timeline?.rows ?? [])];
      this.phases = data.phases ?? [];
      this.heat = data.heat ? { ...data.heat, columns: [...data.heat.columns] } : null;
      this.spectrum = data.spectrum ?? null;
      this.verdicts = data.verdicts ?? [];
      this.interventions = [...(data.interventions ?? [])];
      this.observe = data.observe ? { ...data.observe, rows: [...(data.observe.rows ?? [])] } : null;
    }

    get end() {
      const rows = this.rows;
      const planned = this.phases.reduce((most, one) => Math.max(most, one.start_s + one.duration_s), 0);
      return Math.max(planned, rows.length ? rows[rows.length - 1][this.columns.indexOf("t_s")] : 0, 1) * MS;
    }

    make() {
      this.narrow = this.root.clientWidth < 600;
      this.limits = limits(this.verdicts);
      const places = this.places();
      for (const [name, place] of places) {
        if (name === "heat") this.heatMap(place);
        else if (name === "spectrum") this.spectra(place);
        else this.panel(name, place, PANELS[name], this.source);
      }
      this.observations();
    }

    // Return the figures of the page by name; in an empty root they are made.
    places() {
      if (!this.root.querySelector("[data-chart], [data-charts]")) {
        for (const [name, words] of Object.entries({ ...PANELS, ...OTHERS })) {
          const caption = element("figcaption", {}, element("h3", { text: words.title }));
          this.root.append(element("figure", { "data-chart": name, class: "chart" }, caption));
        }
        this.root.append(element("div", { "data-charts": "observe" }));
      }
      const found = [...this.root.querySelectorAll("[data-chart]")].filter((one) => one.dataset.chart in { ...PANELS, ...OTHERS });
      return found.map((one) => [one.dataset.chart, one]);
    }

    // A chart over time, with a line for each of `words.lines`; where it can be shown by logarithm, two that take turns.
    panel(name, place, words, source) {
      const legend = element("div", { class: "legend", role: "group", "aria-label": `Lines of ${words.title}` });
      place.append(legend);
      const scales = words.scales ? ["linear", "log"] : ["linear"];
      const drawn = scales.map((scale) => {
        const plot = this.plot(place, words, { scale, time: true });
        const lines = words.lines.map((line) => this.line(plot, line, source, words.area));
        // The axis is that of its own lines: not of what is on the right, and not of the places of words.
        plot.y_range.renderers = lines.filter((_, index) => !words.lines[index].right).flat();
        this.hover(plot, lines[0], words.lines.map((line) => [line.name, `@${line.key}{0,0.[00]}${words.unit === "ms" && !line.right ? " ms" : ""}`]));
        this.marks(plot, name, words.limits ? this.limits : []);
        return { plot, lines };
      });
      words.lines.forEach((line, index) => {
        const button = this.key(legend, line, drawn.map((one) => one.lines[index]));
        this.keys.push({ button, source, key: line.key });
      });
      if (words.scales) this.choice(legend, words, drawn.map((one) => one.plot));
    }

    plot(place, words, { scale = "linear", time = false, height = HEIGHT } = {}) {
      const tools = [
        new Bokeh.PanTool({ dimensions: "width" }), new Bokeh.BoxZoomTool({ dimensions: "width" }),
        new Bokeh.WheelZoomTool({ dimensions: "width" }), new Bokeh.ZoomInTool({ dimensions: "width" }),
        new Bokeh.ZoomOutTool({ dimensions: "width" }), new Bokeh.ResetTool(),
      ];
      const options = time ? { x_range: this.range, x_axis_type: "datetime" } : { x_axis_type: "linear" };
      const made = Bokeh.Plotting.figure({
        ...options, height, tools, sizing_mode: "stretch_width", y_axis_type: scale, toolbar_location: "above", toolbar_inner: true,
        y_range: new Bokeh.DataRange1d({ range_padding: 0.26, ...(scale === "log" ? {} : { start: 0, min_interval: 1 }) }),
        min_border_left: this.narrow ? 60 : 78, min_border_right: time ? (this.narrow ? 40 : 62) : 24, lod_threshold: null, outline_line_color: null,
        extra_y_ranges: { [NAMES]: new Bokeh.Range1d({ start: 1, end: 10 }) },
      });
      // A finger scrolls the page; a mouse draws the stretch to look at.
      made.toolbar.active_drag = matchMedia("(pointer: coarse)").matches ? null : tools[1];
      made.toolbar.active_scroll = null;
      made.toolbar.logo = null;
      made.toolbar.autohide = matchMedia("(hover: hover)").matches;
      made.yaxes[0].axis_label = words.unit;
      if (scale === "log") made.yaxes[0].formatter = new Bokeh.NumeralTickFormatter({ format: "0,0.[000]" });
      if (time) {
        const clock = { seconds: "%M:%S", minsec: "%M:%S", minutes: "%M:%S", hourmin: "%H:%M", hours: "%H:%M", days: "%H:%M", milliseconds: "%M:%S.%3N" };
        made.xaxes[0].formatter = new Bokeh.DatetimeTickFormatter(clock);
        made.add_tools(new Bokeh.CrosshairTool({ overlay: this.crosshair }));
      }
      const inside = element("div", { class: "plot", role: "img", "aria-label": words.label });
      place.append(inside);
      this.figures.push({ plot: made, inside, time });
      return made;
    }

    line(plot, line, source, area) {
      const options = { source, line_width: line.width ?? 1.5, line_dash: line.dash ?? [], line_join: "round" };
      if (line.right) {
        plot.extra_y_ranges = { ...plot.extra_y_ranges, right: new Bokeh.Range1d({ start: 0, end: 100 }) };
        plot.add_layout(new Bokeh.LinearAxis({ y_range_name: "right", axis_label: this.narrow ? null : "%" }), "right");
        options.y_range_name = "right";
      }
      const x = { field: "t" }, y = { field: line.key };
      const made = [plot.line(x, y, options)];
      if (area) made.push(plot.varea(x, 0, y, { source, fill_alpha: 0.14 }));
      for (const one of made) {
        one.visible = !line.hidden;
        one.tags = [line.colour];
      }
      return made;
    }

    hover(plot, lines, pairs) {
      plot.add_tools(new Bokeh.HoverTool({
        renderers: [lines[0]], mode: "vline", attachment: "horizontal", formatters: { "@t": "datetime" }, point_policy: "snap_to_data",
        line_policy: "nearest", tooltips: [["time", HOVER_TIME], ...pairs.map(([name, value]) => [plain(name), value])],
      }));
    }

    // A button that shows and hides a line: one of the keyboard, too.
    key(legend, line, drawn) {
      const swatch = element("span", { class: "swatch", "aria-hidden": "true", "data-colour": line.colour });
      if (line.dash) swatch.classList.add("dashed");
      const button = element("button", { type: "button", "aria-pressed": String(!line.hidden) }, swatch, line.name);
      button.addEventListener("click", () => {
        const visible = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(visible));
        for (const one of drawn.flat()) one.visible = visible;
      });
      legend.append(button);
      return button;
    }

    // The choice between a linear and a logarithmic scale of time.
    choice(legend, words, plots, first = "linear") {
      const shown = plots.map((plot) => this.figures.find((one) => one.plot === plot).inside);
      shown[first === "log" ? 0 : 1].hidden = true;
      const button = element("button", { type: "button", "aria-pressed": String(first === "log"), class: "scale", text: "log scale" });
      button.addEventListener("click", () => {
        const log = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(log));
        shown[0].hidden = log;
        shown[1].hidden = !log;
      });
      legend.append(button);
    }

    // Phases as bands with their names, limits as lines across, interventions as lines down.
    marks(plot, name, held) {
      plot.tags = [name];
      for (const [index, phase] of this.phases.entries()) {
        const left = phase.start_s * MS, right = (phase.start_s + phase.duration_s) * MS;
        const annotation = new Bokeh.BoxAnnotation({ left, right, level: "underlay", line_color: null, fill_alpha: phase.warmup ? 0.16 : index % 2 ? 0.07 : 0 });
        const edge = new Bokeh.Span({ dimension: "height", location: left, line_width: 1, level: "underlay" });
        const label = new Bokeh.Label({ x: left, y: 9.7, y_range_name: NAMES, x_offset: 4, text: "", text_font_size: "11px", text_baseline: "top" });
        this.bands.push({ plot, annotation, edge, label, name: plain(phase.warmup && !/warm/i.test(phase.name) ? `${phase.name} (warm-up)` : phase.name), left, right });
        plot.add_layout(annotation);
        if (index) plot.add_layout(edge);
        plot.add_layout(label);
      }
      for (const one of held) {
        const span = new Bokeh.Span({ dimension: "width", location: one.ms, line_dash: [8, 4], line_width: 1.5, tags: ["bad"] });
        plot.add_layout(span);
      }
      if (this.figures.find((one) => one.plot === plot).time) this.interventionMarks(plot);
    }

    // They come while the charts are there, so they are drawn of a source: Bokeh adds no annotation to a plot that is drawn.
    interventionMarks(plot) {
      const lines = plot.vspan({ field: "x" }, { source: this.happened, line_width: 2, line_dash: "dashed" });
      const words = plot.text({ field: "x" }, { field: "y" }, { field: "text" }, {
        source: this.happened, y_range_name: NAMES, x_offset: 4, text_font_size: "11px", text_baseline: "top",
      });
      for (const one of [lines, words]) one.tags = ["warn"];
    }

    heatMap(place) {
      const plot = this.plot(place, OTHERS.heat, { time: true, height: 300 });
      const mapper = new Bokeh.LogColorMapper({ palette: ramp(["#ffffff", "#000000"]), low: 1, high: 10 });
      const drawn = plot.quad({ field: "left" }, { field: "right" }, { field: "bottom" }, { field: "top" }, {
        source: this.cells, fill_color: { field: "count", transform: mapper }, line_color: { field: "count", transform: mapper }, line_width: 0.5,
      });
      this.mapper = mapper;
      plot.y_range = new Bokeh.Range1d({ start: 24, end: 60 });
      plot.yaxes[0].axis_label = "response time";
      plot.yaxes[0].ticker = new Bokeh.FixedTicker({ ticks: [] });
      for (const grid of plot.ygrids) grid.visible = false;
      plot.add_layout(new Bokeh.ColorBar({ color_mapper: mapper, width: 8, padding: 4, ticker: new Bokeh.LogTicker({ desired_num_ticks: 4 }), title: null }), "right");
      plot.add_tools(new Bokeh.HoverTool({
        renderers: [drawn], formatters: { "@t": "datetime" },
        tooltips: [["from", HOVER_TIME], ["response time", "@low{0,0.[000]} to @high{0,0.[000]} ms"], ["responses", "@count{0,0}"]],
      }));
      plot.tags = ["heat"];
      this.heatPlot = plot;
      this.marks(plot, "heat", []);
    }

    spectra(place) {
      const lines = [
        { name: "response time", colour: "first", width: 2, source: this.response },
        { name: "service time", colour: "planned", dash: [5, 3], source: this.service },
      ];
      const legend = element("div", { class: "legend", role: "group", "aria-label": "Lines of the percentile spectrum" });
      place.append(legend);
      const drawn = ["linear", "log"].map((scale) => {
        const plot = this.plot(place, OTHERS.spectrum, { scale, height: 300 });
        plot.tags = ["spectrum"];
        this.percentiles(plot);
        const made = lines.map((line) => {
          const one = plot.line({ field: "x" }, { field: "y" }, { source: line.source, line_width: line.width ?? 1.5, line_dash: line.dash ?? [] });
          one.tags = [line.colour];
          plot.add_tools(new Bokeh.HoverTool({
            renderers: [one], mode: "mouse", line_policy: "nearest",
            tooltips: [["percentile", "@percent{0.[0000]}%"], [line.name, "@y{0,0.[00]} ms"]],
          }));
          return [one];
        });
        for (const one of this.limits) {
          plot.add_layout(new Bokeh.Span({ dimension: "width", location: one.ms, line_dash: [8, 4], line_width: 1.5, tags: ["bad"] }));
          if (one.percent) plot.scatter([nines(one.percent)], [one.ms], { size: 9, marker: "inverted_triangle", tags: ["bad"] }).tags = ["bad"];
        }
        return { plot, made };
      });
      lines.forEach((line, index) => this.key(legend, line, drawn.map((one) => one.made[index])));
      this.choice(legend, OTHERS.spectrum, drawn.map((one) => one.plot), "log");
    }

    // Let the axis count nines.
    percentiles(plot) {
      const ticks = this.narrow ? [0, 90, 99, 99.9, 99.99, 99.999] : [0, 50, 75, 90, 95, 99, 99.9, 99.99, 99.999, 99.9999];
      plot.x_range = new Bokeh.DataRange1d({ start: 0, range_padding: 0.02 });
      plot.xaxes[0].ticker = new Bokeh.FixedTicker({ ticks: ticks.map(nines) });
      plot.xaxes[0].major_label_overrides = new Map(ticks.map((percent) => [nines(percent), `${percent}%`]));
      plot.xaxes[0].axis_label = "percentile";
    }

    // What was observed: a chart for each source and unit, so that no two units share an axis, nor what is held and what flows.
    observations() {
      const place = this.root.querySelector('[data-charts="observe"]');
      if (!place || !this.observe?.columns?.length) return;
      this.watched = new Bokeh.ColumnDataSource({ data: { t: [] } });
      const groups = new Map();
      this.observe.columns.forEach((column, index) => {
        if (column.limit) return; // as large as it is, all else would be a flat line
        const group = JSON.stringify([column.name, column.unit, column.per_second ?? false]);
        if (!groups.has(group)) groups.set(group, []);
        groups.get(group).push({ ...column, index });
      });
      for (const columns of groups.values()) this.observation(place, columns);
    }

    observation(place, columns) {
      const [{ name }] = columns;
      const unit = UNITS[columns[0].unit]?.name ?? "";
      const title = `${plain(name)}${unit ? `: ${unit}${columns[0].per_second ? "/s" : ""}` : ""}`;
      const rest = ["first", "second", "planned", "p95", "p99", "bad"];
      const lines = columns.map((column, index) => ({
        key: `s${column.index}`, name: plain(column.series), colour: rest[index % rest.length], width: index ? 1.5 : 2,
      }));
      const figure = element("figure", { class: "chart", "data-chart": "observe" });
      figure.append(element("figcaption", {}, element("h3", { text: title })));
      place.append(figure);
      this.panel("observe", figure, { title, unit, label: `Observed: ${title}`, lines }, this.watched);
    }

    // ---------------------------------------------------------------------------------------------------------- filling

    fill() {
      this.source.data = seconds(this.columns, this.rows, this.phases, 0);
      this.happened.data = marks(this.interventions);
      this.fillHeat();
      this.fillSpectrum();
      if (this.watched) this.watched.data = this.watchedRows(this.observe.rows);
      this.range.setv({ start: 0, end: this.end });
      this.range.reset_start = 0;
      this.range.reset_end = this.end;
      this.hideEmpty();
    }

    watchedRows(rows) {
      const made = { t: rows.map((row) => number(row[0]) * MS) };
      this.observe.columns.forEach(({ unit }, index) => {
        made[`s${index}`] = rows.map((row) => number(row[index + 1]) * (UNITS[unit]?.factor ?? 1));
      });
      return made;
    }

    fillHeat() {
      if (!this.heat || !this.heatPlot) return;
      const made = cells(this.heat);
      this.cells.data = made;
      if (!made.count.length) return;
      const bottom = Math.min(...made.bottom), top = Math.max(...made.top);
      const decade = this.heat.bins_per_decade;
      this.heatPlot.y_range.setv({ start: bottom - 1, end: top + 2, reset_start: bottom - 1, reset_end: top + 2 });
      const ticks = [];
      const step = top - bottom > 2.5 * decade ? decade : decade / 3;
      for (let bin = Math.ceil(bottom / step) * step; bin <= top; bin += step) ticks.push(Math.round(bin));
      const words = ticks.map((bin) => [bin, milliseconds(+(this.heat.lowest_ms * 10 ** (bin / decade)).toPrecision(2))]);
      this.heatPlot.yaxes[0].ticker = new Bokeh.FixedTicker({ ticks });
      this.heatPlot.yaxes[0].major_label_overrides = new Map(words);
      this.mapper.high = Math.max(2, ...made.count);
    }

    fillSpectrum() {
      this.response.data = points(this.spectrum?.response_time ?? []);
      this.service.data = points(this.spectrum?.service_time ?? []);
    }

    // A chart without data is not shown, nor the key of a line without.
    hideEmpty() {
      const any = (key) => this.source.data[key].some((value) => value > 0);
      const full = {
        rate: this.rows.length, users: any("users"), times: any("p50"), errors: this.rows.length, generator: any("loop") || any("lag") || any("cpu"),
        heat: this.cells.data.count.length, spectrum: this.response.data.x.length,
      };
      for (const [name, place] of this.places()) place.hidden = !full[name];
      for (const { button, source, key } of this.keys) button.hidden = !source.data[key]?.some(Number.isFinite);
    }

    append(delta) {
      const rows = delta.timeline?.rows ?? [];
      if (rows.length) {
        const before = this.rows.length ? this.rows[this.rows.length - 1][this.columns.indexOf("t_s")] : 0;
        this.rows.push(...rows);
        this.source.stream(seconds(this.columns, rows, this.phases, before));
        this.grow();
      }
      if (delta.heat) this.addHeat(delta.heat);
      if (delta.spectrum) {
        this.spectrum = delta.spectrum;
        this.fillSpectrum();
      }
      if (delta.observe?.rows?.length && this.watched) {
        this.observe.rows.push(...delta.observe.rows);
        this.watched.stream(this.watchedRows(delta.observe.rows));
      }
      if (delta.interventions?.length) {
        this.interventions.push(...delta.interventions);
        this.happened.data = marks(this.interventions);
      }
      this.hideEmpty();
    }

    addHeat(heat) {
      const at = heat.at ?? 0;
      const kept = this.heat && this.heat.column_s === heat.column_s ? this.heat.columns.slice(0, at) : [];
      this.heat = { ...heat, columns: [...kept, ...heat.columns] };
      this.fillHeat();
    }

    // Let the axis follow the run, unless somebody looks at a part of it.
    grow() {
      const end = this.end;
      if (this.range.end >= this.range.reset_end) this.range.end = end;
      this.range.reset_end = end;
    }

    replace(data) {
      const marked = JSON.stringify([this.phases, this.verdicts.map((one) => one.limit), this.observe?.columns]);
      this.take(data);
      const now = JSON.stringify([this.phases, this.verdicts.map((one) => one.limit), this.observe?.columns]);
      if (marked === now) this.fill();
      else this.again();
    }

    // Draw everything anew, since what stands around the data has changed.
    again() {
      this.remove();
      this.begin();
    }

    remove() {
      this.document.clear();
      for (const one of this.root.querySelectorAll(".legend, .plot, [data-chart=observe]")) one.remove();
    }

    // ---------------------------------------------------------------------------------------------------------- showing

    async show() {
      for (const { plot } of this.figures) {
        for (const renderer of plot.renderers) renderer.hover_glyph = null; // or all lines of a source turn blue under the mouse
        this.document.add_root(plot);
      }
      await Bokeh.embed.add_document_standalone(this.document, this.root, this.figures.map((one) => one.inside));
      this.name();
    }

    // Write as much of each phase's name as there is room for.
    name() {
      const widths = new Map(this.figures.map(({ plot, inside }) => [plot, (inside.clientWidth || 800) - 110]));
      const span = this.range.end - this.range.start;
      for (const { plot, label, name, left, right } of this.bands) {
        const from = Math.max(left, this.range.start), to = Math.min(right, this.range.end);
        const room = Math.floor((((to - from) / span) * widths.get(plot) - 8) / 6.2);
        const text = room >= name.length ? name : room > 4 ? `${name.slice(0, room - 1)}…` : "";
        label.setv({ x: from, text });
      }
    }

    later() {
      cancelAnimationFrame(this.waiting);
      this.waiting = requestAnimationFrame(() => this.name());
    }

    follow() {
      new ResizeObserver(() => this.later()).observe(this.root);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
      matchMedia("print").addEventListener("change", () => this.paint());
    }

    theme(name) {
      if (name) document.documentElement.dataset.theme = name;
      else delete document.documentElement.dataset.theme;
      this.paint();
    }

    paint() {
      const found = colours(this.root);
      for (const { plot } of this.figures) {
        plot.setv({ background_fill_color: found.surface, border_fill_color: found.surface });
        for (const axis of [...plot.left, ...plot.below, ...plot.right]) {
          axis.setv(axis instanceof Bokeh.ColorBar
            ? { background_fill_color: found.surface, major_label_text_color: found.muted, bar_line_color: null, major_tick_line_color: found.line }
            : {
              axis_line_color: found.line, major_tick_line_color: found.line, minor_tick_line_color: null, axis_label_text_color: found.muted,
              major_label_text_color: found.muted, axis_label_text_font_style: "normal", axis_label_text_font_size: "11px",
              major_label_text_font_size: "11px",
            });
        }
        for (const one of plot.center) {
          if (one instanceof Bokeh.Grid) one.grid_line_color = one.dimension === 0 ? null : found.line;
          else if (one.tags.length) one.setv(one instanceof Bokeh.Label ? { text_color: found[one.tags[0]] } : { line_color: found[one.tags[0]] });
        }
        for (const renderer of plot.renderers) this.colour(renderer, found[renderer.tags[0]]);
      }
      for (const { annotation, edge, label } of this.bands) {
        annotation.fill_color = found.band;
        edge.line_color = found.line;
        label.text_color = found.muted;
      }
      this.crosshair.line_color = found.muted;
      if (this.mapper) this.mapper.palette = ramp(found.heat);
      for (const swatch of this.root.querySelectorAll(".swatch")) swatch.style.setProperty("--swatch", found[swatch.dataset.colour]);
    }

    colour(renderer, value) {
      if (!value) return;
      const glyph = renderer.glyph;
      if ("line_color" in glyph.attributes) glyph.line_color = { value };
      if ("text_color" in glyph.attributes) glyph.text_color = { value };
      if ("fill_color" in glyph.attributes) glyph.fill_color = { value };
    }
  }

  // ----------------------------------------------------------------------------------------------------- several runs

  const RUNS = ["first", "p95", "second", "p99", "planned", "muted", "bad", "warn"];
  const OVERLAID = {
    times: { title: "Response time, p95", unit: "ms", key: "p95", label: "p95 of the response time of each run", scales: true },
    p50: { title: "Response time, p50", unit: "ms", key: "p50", label: "Median response time of each run", scales: true },
    rate: { title: "Requests per second", unit: "per second", key: "requests", label: "Requests per second of each run" },
    errors: { title: "Errors per second", unit: "per second", key: "errors", label: "Errors per second of each run" },
    users: { title: "Virtual users", unit: "running", key: "users", label: "Virtual users of each run" },
  };

  class Overlay extends Charts {
    take(data) {
      super.take({});
      this.runs = data.runs.map((run, index) => ({
        name: plain(run.name), colour: RUNS[index % RUNS.length], width: index ? 1.5 : 2.5, spectrum: points(run.spectrum.response_time),
        seconds: seconds(run.timeline.columns, run.timeline.rows, run.phases, 0),
      }));
    }

    get end() {
      return Math.max(MS, ...this.runs.flatMap((run) => run.seconds.t.slice(-1)));
    }

    make() {
      this.narrow = this.root.clientWidth < 600;
      this.limits = [];
      for (const run of this.runs) {
        run.source = new Bokeh.ColumnDataSource({ data: run.seconds });
        run.spread = new Bokeh.ColumnDataSource({ data: run.spectrum });
      }
      for (const [name, place] of this.places()) this.together(place, name === "spectrum" ? OTHERS.spectrum : OVERLAID[name], name !== "spectrum");
      for (const swatch of this.root.querySelectorAll("[data-run]")) swatch.dataset.colour = RUNS[swatch.dataset.run % RUNS.length];
    }

    places() {
      const found = [...this.root.querySelectorAll("[data-chart]")];
      return found.map((one) => [one.dataset.chart, one]).filter(([name]) => name in OVERLAID || name === "spectrum");
    }

    // One chart with a line for each run.
    together(place, words, time) {
      const legend = element("div", { class: "legend", role: "group", "aria-label": `Runs in ${words.title}` });
      place.append(legend);
      const drawn = (words.scales ? ["linear", "log"] : ["linear"]).map((scale) => {
        const plot = this.plot(place, words, { scale, time, height: time ? HEIGHT : 300 });
        if (!time) this.percentiles(plot);
        const lines = this.runs.map((run) => {
          const one = time
            ? plot.line({ field: "t" }, { field: words.key }, { source: run.source, line_width: run.width, name: run.name })
            : plot.line({ field: "x" }, { field: "y" }, { source: run.spread, line_width: run.width, name: run.name });
          one.tags = [run.colour];
          return one;
        });
        const value = time ? `@${words.key}{0,0.[00]}` : "@y{0,0.[00]} ms at @percent{0.[0000]}%";
        plot.add_tools(new Bokeh.HoverTool({
          renderers: lines, mode: time ? "vline" : "mouse", formatters: { "@t": "datetime" }, line_policy: "nearest",
          tooltips: [["run", "$name"], ...(time ? [["time", HOVER_TIME]] : []), [words.unit, value]],
        }));
        plot.tags = [place.dataset.chart];
        return { plot, lines };
      });
      this.runs.forEach((run, index) => this.key(legend, run, drawn.map((one) => [one.lines[index]])));
      if (words.scales) this.choice(legend, words, drawn.map((one) => one.plot), time ? "linear" : "log");
    }

    fill() {
      this.range.setv({ start: 0, end: this.end, reset_start: 0, reset_end: this.end });
      for (const [name, place] of this.places()) {
        const full = name === "spectrum" ? (run) => run.spectrum.x.length : (run) => run.seconds[OVERLAID[name].key].some((value) => value >= 0);
        place.hidden = !this.runs.some(full);
      }
    }
  }

  function draw(root, data) {
    Bokeh.set_log_level("error"); // it warns of logarithmic axes that have no data yet, which are not shown
    const made = data.runs ? new Overlay(root, data) : new Charts(root, data);
    return {
      append: (delta) => made.append(delta),
      replace: (all) => made.replace(all),
      theme: (name) => made.theme(name),
      get ready() { return made.ready; }, // a promise of the first drawing
      get document() { return made.document; },
    };
  }

  return { draw, milliseconds };
})();
