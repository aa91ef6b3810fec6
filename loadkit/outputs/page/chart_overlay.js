// The charts of several runs, over each other: one line for each run, the first of which is the base.
"use strict";

const LoadkitOverlay = (() => {
  const { MS, plain, seconds, points } = LoadkitChartData;
  const { Board, HOVER_TIME, HEIGHT } = LoadkitBoard;
  const COLOURS = ["first", "p95", "second", "p99", "planned", "muted", "bad", "warn"];
  const WORDS = {
    times: { title: "Response time, p95", unit: "ms", key: "p95", label: "p95 of the response time of each run", scales: true },
    p50: { title: "Response time, p50", unit: "ms", key: "p50", label: "Median response time of each run", scales: true },
    rate: { title: "Requests per second", unit: "per second", key: "requests", label: "Requests per second of each run" },
    errors: { title: "Errors per second", unit: "per second", key: "errors", label: "Errors per second of each run" },
    users: { title: "Virtual users", unit: "running", key: "users", label: "Virtual users of each run" },
    spectrum: { ...LoadkitSpectrum.WORDS, label: "Response time of each run by percentile", scales: true },
  };

  class Overlay {
    constructor(root, runs) {
      this.root = root;
      this.board = new Board(root, []);
      this.runs = runs.map((run, index) => {
        const made = seconds(run.timeline.columns, run.timeline.rows, run.phases, 0), spread = points(run.spectrum.response_time);
        return {
          name: plain(run.name), colour: COLOURS[index % COLOURS.length], width: index ? 1.5 : 2.5, seconds: made, spectrum: spread,
          source: new Bokeh.ColumnDataSource({ data: made }), spread: new Bokeh.ColumnDataSource({ data: spread }),
        };
      });
      for (const [name, place] of this.places()) this.together(name, place, WORDS[name]);
      for (const swatch of root.querySelectorAll("[data-run]")) swatch.dataset.colour = COLOURS[swatch.dataset.run % COLOURS.length];
      this.board.reach(Math.max(MS, ...this.runs.flatMap((run) => run.seconds.t.slice(-1))));
      this.board.paint();
      this.ready = this.board.show();
    }

    places() {
      return [...this.root.querySelectorAll("[data-chart]")].map((one) => [one.dataset.chart, one]).filter(([name]) => name in WORDS);
    }

    // One chart with a line for each run; hidden where none has anything to show.
    together(name, place, words) {
      const time = name !== "spectrum";
      const legend = this.board.legend(place, `Runs in ${words.title}`);
      const drawn = (words.scales ? ["linear", "log"] : ["linear"]).map((scale) => {
        const plot = this.board.plot(place, words, { scale, time, height: time ? HEIGHT : LoadkitSpectrum.HEIGHT });
        if (!time) LoadkitSpectrum.percentiles(plot, this.board.narrow);
        const lines = this.runs.map((run) => line(plot, run, words, time));
        const value = time ? `@${words.key}{0,0.[00]}` : "@y{0,0.[00]} ms at @percent{0.[0000]}%";
        plot.add_tools(new Bokeh.HoverTool({
          renderers: lines, mode: time ? "vline" : "mouse", formatters: { "@t": "datetime" }, line_policy: "nearest",
          tooltips: [["run", "$name"], ...(time ? [["time", HOVER_TIME]] : []), [words.unit, value]],
        }));
        plot.tags = [name];
        return { plot, lines };
      });
      this.runs.forEach((run, index) => this.board.key(legend, run, drawn.map((one) => [one.lines[index]])));
      if (words.scales) this.board.choice(legend, drawn.map((one) => one.plot), time ? "linear" : "log");
      const full = time ? (run) => run.seconds[words.key]?.some((value) => value >= 0) : (run) => run.spectrum.x.length;
      place.hidden = !this.runs.some(full);
    }
  }

  function line(plot, run, words, time) {
    const options = { line_width: run.width, name: run.name };
    const made = time
      ? plot.line({ field: "t" }, { field: words.key }, { ...options, source: run.source })
      : plot.line({ field: "x" }, { field: "y" }, { ...options, source: run.spread });
    made.tags = [run.colour];
    return made;
  }

  return { Overlay };
})();
