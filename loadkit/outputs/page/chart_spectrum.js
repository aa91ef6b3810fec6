// The percentile spectrum: response and service time by percentile, on an axis that counts nines.
"use strict";

const LoadkitSpectrum = (() => {
  const { nines, points } = LoadkitChartData;
  const WORDS = { title: "Percentile spectrum", unit: "ms", label: "Response and service time by percentile" };
  const HEIGHT = 300;
  const WIDE = [0, 50, 75, 90, 95, 99, 99.9, 99.99, 99.999, 99.9999], NARROW = [0, 90, 99, 99.9, 99.99, 99.999];

  class Spectrum {
    constructor(board, place, limits) {
      this.response = new Bokeh.ColumnDataSource({ data: points([]) });
      this.service = new Bokeh.ColumnDataSource({ data: points([]) });
      const lines = [
        { name: "response time", colour: "first", width: 2, source: this.response },
        { name: "service time", colour: "planned", dash: [5, 3], source: this.service },
      ];
      const legend = board.legend(place, "Lines of the percentile spectrum");
      const drawn = ["linear", "log"].map((scale) => {
        const plot = board.plot(place, WORDS, { scale, height: HEIGHT });
        plot.tags = ["spectrum"];
        percentiles(plot, board.narrow);
        const made = lines.map((line) => [draw(plot, line)]);
        for (const one of limits) mark(plot, one);
        return { plot, made };
      });
      lines.forEach((line, index) => board.key(legend, line, drawn.map((one) => one.made[index])));
      board.choice(legend, drawn.map((one) => one.plot), "log");
    }

    get empty() {
      return !this.response.data.x.length;
    }

    fill(spectrum) {
      this.response.data = points(spectrum?.response_time ?? []);
      this.service.data = points(spectrum?.service_time ?? []);
    }
  }

  function draw(plot, line) {
    const made = plot.line({ field: "x" }, { field: "y" }, { source: line.source, line_width: line.width ?? 1.5, line_dash: line.dash ?? [] });
    made.tags = [line.colour];
    plot.add_tools(new Bokeh.HoverTool({
      renderers: [made], mode: "mouse", line_policy: "nearest",
      tooltips: [["percentile", "@percent{0.[0000]}%"], [line.name, "@y{0,0.[00]} ms"]],
    }));
    return made;
  }

  // A limit as a line across, with a point where its percentile is.
  function mark(plot, one) {
    plot.add_layout(LoadkitBoard.limit(one));
    if (one.percent) plot.scatter([nines(one.percent)], [one.ms], { size: 9, marker: "inverted_triangle" }).tags = ["bad"];
  }

  // Let the axis count nines.
  function percentiles(plot, narrow) {
    const ticks = narrow ? NARROW : WIDE;
    plot.x_range = new Bokeh.DataRange1d({ start: 0, range_padding: 0.02 });
    plot.xaxes[0].ticker = new Bokeh.FixedTicker({ ticks: ticks.map(nines) });
    plot.xaxes[0].major_label_overrides = new Map(ticks.map((percent) => [nines(percent), `${percent}%`]));
    plot.xaxes[0].axis_label = "percentile";
  }

  return { Spectrum, percentiles, WORDS, HEIGHT };
})();
