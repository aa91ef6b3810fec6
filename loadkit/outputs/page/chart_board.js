// A board of plots that belong together: one document of Bokeh, one axis of time, the phases in all of them, one set of colours.
//
//   const board = new LoadkitBoard.Board(root, phases)
//   const plot = board.plot(place, {unit, label}, {scale: "linear" | "log", time: true, height})
//   board.key(...), board.choice(...), board.marks(...)    what stands around a plot
//   await board.show()                                     draws all of them
"use strict";

const LoadkitBoard = (() => {
  const { MS, plain, marks } = LoadkitChartData;
  const { colours, paint } = LoadkitColours;
  const HEIGHT = 220;
  const HOVER_TIME = "@t{%H:%M:%S}";
  const NAMES = "names"; // the y range of labels: 1 to 10, which any scale can show
  const CLOCK = { seconds: "%M:%S", minsec: "%M:%S", minutes: "%M:%S", hourmin: "%H:%M", hours: "%H:%M", days: "%H:%M", milliseconds: "%M:%S.%3N" };

  function element(tag, options = {}, ...children) {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(options)) {
      if (key === "text") made.textContent = value;
      else made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  }

  class Board {
    constructor(root, phases) {
      this.root = root;
      this.phases = phases;
      this.narrow = root.clientWidth < 600;
      this.document = new Bokeh.Document();
      this.happened = new Bokeh.ColumnDataSource({ data: marks([]) });
      this.range = new Bokeh.Range1d({ start: 0, end: 10 * MS });
      this.range.change.connect(() => this.later());
      this.crosshair = new Bokeh.Span({ dimension: "height", line_width: 1, line_dash: [3, 3] });
      this.figures = []; // {plot, inside}: a plot and the place that it is drawn in
      this.bands = []; // {annotation, edge, label, name, left, right}: by phase and chart
      this.painters = []; // called with the colours whenever those change
    }

    // Make a plot in a place; on the axis of time, which all share, where `time`.
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
      made.toolbar.styles = { "background-color": "transparent" }; // or it is a white bar over the top of what is drawn
      made.toolbar.autohide = matchMedia("(hover: hover)").matches;
      made.yaxes[0].axis_label = words.unit;
      if (scale === "log") made.yaxes[0].formatter = new Bokeh.NumeralTickFormatter({ format: "0,0.[000]" });
      if (time) {
        made.xaxes[0].formatter = new Bokeh.DatetimeTickFormatter(CLOCK);
        if (this.narrow) made.xaxes[0].ticker.desired_num_ticks = 4; // more would run into each other
        made.add_tools(new Bokeh.CrosshairTool({ overlay: this.crosshair }));
      }
      const inside = element("div", { class: "plot", role: "img", "aria-label": words.label });
      place.append(inside);
      this.figures.push({ plot: made, inside });
      return made;
    }

    // The place for the keys of lines, above a plot.
    legend(place, label) {
      const made = element("div", { class: "legend", role: "group", "aria-label": label });
      place.append(made);
      return made;
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

    // The choice between a linear and a logarithmic scale, for two plots that take turns.
    choice(legend, plots, first = "linear") {
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

    // Phases as bands with their names, limits as lines across, interventions as lines down: for plots on the axis of time.
    marks(plot, limits = []) {
      this.phases.forEach((phase, index) => this.band(plot, phase, index));
      for (const one of limits) plot.add_layout(limit(one));
      // They come while the charts are there, so they are drawn of a source: Bokeh adds no annotation to a plot that is drawn.
      const lines = plot.vspan({ field: "x" }, { source: this.happened, line_width: 2, line_dash: "dashed" });
      const words = plot.text({ field: "x" }, { field: "y" }, { field: "text" }, {
        source: this.happened, y_range_name: NAMES, x_offset: 4, text_font_size: "11px", text_baseline: "top",
      });
      for (const one of [lines, words]) one.tags = ["warn"];
    }

    band(plot, phase, index) {
      const left = phase.start_s * MS, right = (phase.start_s + phase.duration_s) * MS;
      const annotation = new Bokeh.BoxAnnotation({ left, right, level: "underlay", line_color: null, fill_alpha: phase.warmup ? 0.16 : index % 2 ? 0.07 : 0 });
      const edge = new Bokeh.Span({ dimension: "height", location: left, line_width: 1, level: "underlay" });
      const label = new Bokeh.Label({ x: left, y: 9.7, y_range_name: NAMES, x_offset: 4, text: "", text_font_size: "11px", text_baseline: "top" });
      this.bands.push({ plot, annotation, edge, label, name: plain(phase.warmup && !/warm/i.test(phase.name) ? `${phase.name} (warm-up)` : phase.name), left, right });
      plot.add_layout(annotation);
      if (index) plot.add_layout(edge);
      plot.add_layout(label);
    }

    async show() {
      for (const { plot } of this.figures) {
        for (const renderer of plot.renderers) renderer.hover_glyph = null; // or all lines of a source turn blue under the mouse
        this.document.add_root(plot);
      }
      await Bokeh.embed.add_document_standalone(this.document, this.root, this.figures.map((one) => one.inside));
      this.name();
    }

    remove() {
      this.document.clear();
      for (const one of this.root.querySelectorAll(".legend, .plot, [data-chart=observe]")) one.remove();
    }

    // Let the axis of time end there, and the whole be what it can be set back to.
    reach(end) {
      this.range.setv({ start: 0, end, reset_start: 0, reset_end: end });
    }

    // Let the axis follow the run, unless somebody looks at a part of it.
    grow(end) {
      if (this.range.end >= this.range.reset_end) this.range.end = end;
      this.range.reset_end = end;
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

    paint() {
      const found = colours(this.root);
      for (const { plot } of this.figures) paint(plot, found);
      for (const { annotation, edge, label } of this.bands) {
        annotation.fill_color = found.band;
        edge.line_color = found.line;
        label.text_color = found.muted;
      }
      this.crosshair.line_color = found.muted;
      for (const painted of this.painters) painted(found);
      for (const swatch of this.root.querySelectorAll(".swatch")) swatch.style.setProperty("--swatch", found[swatch.dataset.colour]);
    }
  }

  // A line across, at a limit of time.
  function limit(one) {
    return new Bokeh.Span({ dimension: "width", location: one.ms, line_dash: [8, 4], line_width: 1.5, tags: ["bad"] });
  }

  return { Board, element, limit, HOVER_TIME, HEIGHT };
})();
