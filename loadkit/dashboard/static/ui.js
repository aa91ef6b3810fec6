// What pages of stored runs do beyond links and forms, which work without it: the chart of a trend, and the choice of runs.
"use strict";

(() => {
  const HEIGHT = 300;

  // The points in the order the runs were made, their intervals, the level of each stretch, and a line where it changes.
  class Trend {
    constructor(root, data) {
      this.root = root;
      const { points, turns, levels, unit } = data;
      const at = points.map((_, index) => index + 1);
      this.plot = Bokeh.Plotting.figure({
        height: HEIGHT, sizing_mode: "stretch_width", x_axis_type: "linear", y_axis_type: "linear", toolbar_location: "above", outline_line_color: null, min_border_left: 58, min_border_right: 20,
        tools: [
          new Bokeh.PanTool({ dimensions: "width" }), new Bokeh.BoxZoomTool({ dimensions: "width" }),
          new Bokeh.ZoomInTool({ dimensions: "width" }), new Bokeh.ZoomOutTool({ dimensions: "width" }), new Bokeh.ResetTool(),
        ],
        x_range: new Bokeh.Range1d({ start: 0.5, end: points.length + 0.5, reset_start: 0.5, reset_end: points.length + 0.5 }),
      });
      this.plot.toolbar.active_drag = null;
      this.plot.toolbar.logo = null;
      this.plot.left[0].axis_label = unit;
      this.plot.below[0].axis_label = "runs, the oldest first";
      this.plot.below[0].ticker = new Bokeh.BasicTicker({ min_interval: 1, num_minor_ticks: 0 });
      const source = new Bokeh.ColumnDataSource({
        data: {
          x: at, y: points.map((one) => one.value), low: points.map((one) => one.low ?? NaN), high: points.map((one) => one.high ?? NaN),
          run: points.map((one) => one.run), at: points.map((one) => one.at), text: points.map((one) => one.text),
        },
      });
      const x = { field: "x" };
      const whiskers = this.plot.segment(x, { field: "low" }, x, { field: "high" }, { source, line_width: 1.5, line_alpha: 0.5 });
      this.line = this.plot.line(x, { field: "y" }, { source, line_width: 2 });
      const dots = this.plot.scatter(x, { field: "y" }, { source, size: 7 });
      for (const one of [whiskers, this.line, dots]) one.tags = ["first"];
      this.stretches(levels, turns, points.length).tags = ["p95"];
      for (const index of turns) {
        this.plot.add_layout(new Bokeh.Span({ dimension: "height", location: index + 0.5, line_dash: [6, 4], line_width: 2, tags: ["bad"] }));
      }
      this.plot.add_tools(new Bokeh.HoverTool({
        renderers: [dots], mode: "vline", attachment: "horizontal",
        tooltips: [["run", "@run"], ["began", "@at UTC"], ["value", "@text"]],
      }));
      const lowest = Math.min(...points.map((one) => one.low ?? one.value));
      const highest = Math.max(...points.map((one) => one.high ?? one.value));
      const room = (highest - Math.max(0, lowest)) * 0.15 || highest * 0.15 || 1;
      this.plot.y_range = new Bokeh.Range1d({ start: Math.max(0, lowest - room), end: highest + room });
    }

    stretches(levels, turns, count) {
      const edges = [0, ...turns, count];
      const data = { left: [], right: [], level: [] };
      levels.forEach((level, index) => {
        data.left.push(edges[index] + 0.5);
        data.right.push(edges[index + 1] + 0.5);
        data.level.push(level);
      });
      const source = new Bokeh.ColumnDataSource({ data });
      const y = { field: "level" };
      return this.plot.segment({ field: "left" }, y, { field: "right" }, y, { source, line_width: 2, line_dash: "dashed" });
    }

    async show() {
      this.paint();
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
      const drawing = new Bokeh.Document();
      drawing.add_root(this.plot);
      await Bokeh.embed.add_document_standalone(drawing, this.root, [this.root]);
      this.root.dataset.points = String(this.line.data_source.data.x.length);
    }

    paint() {
      LoadkitColours.paint(this.plot, LoadkitColours.colours(this.root));
    }
  }

  // Say how many runs are chosen, and let them be compared from two on.
  function choosing(form) {
    const boxes = [...form.querySelectorAll("input[type=checkbox]")];
    const button = form.querySelector("#compare");
    const told = form.querySelector("#chosen");
    const update = () => {
      const chosen = boxes.filter((box) => box.checked).length;
      button.disabled = chosen < 2;
      told.textContent = chosen === 0 ? "Choose two or more to compare." : chosen === 1 ? "1 chosen, choose one more." : `${chosen} chosen.`;
    };
    form.addEventListener("change", update);
    addEventListener("pageshow", update); // a browser that goes back restores what was chosen
    update();
  }

  const form = document.getElementById("choose");
  if (form) choosing(form);
  const data = document.getElementById("data");
  const given = data ? JSON.parse(data.textContent) : {};
  if (given.trend?.points.length) new Trend(document.getElementById("trend"), given.trend).show();
})();
