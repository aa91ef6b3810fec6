// The heat map: how many response times of which length, by time.
"use strict";

const LoadkitHeat = (() => {
  const { cells } = LoadkitChartData;
  const { ramp } = LoadkitColours;
  const { HOVER_TIME } = LoadkitBoard;
  const WORDS = { title: "Response times over time", unit: "response time", label: "Heat map: how many response times of which length, by time" };

  const milliseconds = (ms) => {
    if (ms >= 60000) return `${+(ms / 60000).toPrecision(3)} min`;
    if (ms >= 1000) return `${+(ms / 1000).toPrecision(3)} s`;
    return ms >= 1 ? `${+ms.toPrecision(3)} ms` : `${+(ms * 1000).toPrecision(3)} µs`;
  };

  class HeatMap {
    constructor(board, place) {
      this.source = new Bokeh.ColumnDataSource({ data: cells({ columns: [] }) });
      this.mapper = new Bokeh.LogColorMapper({ palette: ramp(["#ffffff", "#000000"]), low: 1, high: 10 });
      this.plot = board.plot(place, WORDS, { time: true, height: 300 });
      this.plot.tags = ["heat"];
      this.draw();
      board.marks(this.plot);
      board.painters.push((found) => { this.mapper.palette = ramp(found.heat); });
    }

    draw() {
      const { plot, mapper } = this, colour = { field: "count", transform: mapper };
      const drawn = plot.quad({ field: "left" }, { field: "right" }, { field: "bottom" }, { field: "top" }, {
        source: this.source, fill_color: colour, line_color: colour, line_width: 0.5,
      });
      plot.y_range = new Bokeh.Range1d({ start: 24, end: 60 });
      plot.yaxes[0].ticker = new Bokeh.FixedTicker({ ticks: [] });
      for (const grid of plot.ygrids) grid.visible = false;
      plot.add_layout(new Bokeh.ColorBar({ color_mapper: mapper, width: 8, padding: 4, ticker: new Bokeh.LogTicker({ desired_num_ticks: 4 }), title: null }), "right");
      plot.add_tools(new Bokeh.HoverTool({
        renderers: [drawn], formatters: { "@t": "datetime" },
        tooltips: [["from", HOVER_TIME], ["response time", "@low{0,0.[000]} to @high{0,0.[000]} ms"], ["responses", "@count{0,0}"]],
      }));
    }

    get empty() {
      return !this.source.data.count.length;
    }

    // Show a map; its axis reaches from the shortest time in it to the longest.
    fill(heat) {
      const made = cells(heat);
      this.source.data = made;
      if (!made.count.length) return;
      const bottom = Math.min(...made.bottom), top = Math.max(...made.top), decade = heat.bins_per_decade;
      this.plot.y_range.setv({ start: bottom - 1, end: top + 2, reset_start: bottom - 1, reset_end: top + 2 });
      const ticks = [], step = top - bottom > 2.5 * decade ? decade : decade / 3;
      for (let bin = Math.ceil(bottom / step) * step; bin <= top; bin += step) ticks.push(Math.round(bin));
      const words = ticks.map((bin) => [bin, milliseconds(+(heat.lowest_ms * 10 ** (bin / decade)).toPrecision(2))]);
      this.plot.yaxes[0].ticker = new Bokeh.FixedTicker({ ticks });
      this.plot.yaxes[0].major_label_overrides = new Map(words);
      this.mapper.high = Math.max(2, ...made.count);
    }
  }

  return { HeatMap, WORDS, milliseconds };
})();
