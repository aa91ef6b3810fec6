// The charts of several runs, over each other: one line for each run, the first of which is the base.
"use strict";

const LoadkitOverlay = (() => {
  const { MS, plain, seconds, points } = LoadkitChartData;
  const { Board, HOVER_TIME, HEIGHT } = LoadkitBoard;
  const COLOURS = ["first", "p95", "second", "p99", "planned", "muted", "bad"];
  const DASHES = [[], [7, 3], [2, 3]]; // where there are more runs than colours
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
      const phases = runs.map((run) => JSON.stringify(run.phases.map((one) => [one.name, one.start_s, one.duration_s])));
      this.board = new Board(root, phases.every((one) => one === phases[0]) ? runs[0].phases : []);
      this.runs = runs.map((run, index) => {
        const made = seconds(run.timeline.columns, run.timeline.rows, run.phases, 0), spread = points(run.spectrum.response_time);
        return {
          name: plain(run.name), letter: plain(run.label), place: (index + 1) / (runs.length + 1),
          colour: COLOURS[index % COLOURS.length], width: index ? 1.5 : 2.5,
          dash: DASHES[Math.floor(index / COLOURS.length) % DASHES.length], seconds: made, spectrum: spread,
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
        const letters = this.runs.map((run) => letter(plot, run, words, time));
        if (time) this.board.marks(plot);
        plot.y_range.renderers = lines;
        const value = time ? `@${words.key}{0,0.[00]}` : "@y{0,0.[00]} ms at @percent{0.[0000]}%";
        plot.add_tools(new Bokeh.HoverTool({
          renderers: lines, mode: time ? "vline" : "mouse", formatters: { "@t": "datetime" }, line_policy: "nearest",
          tooltips: [["run", "$name"], ...(time ? [["time", HOVER_TIME]] : []), [words.unit, value]],
        }));
        plot.tags = [name];
        return { plot, lines, letters };
      });
      this.runs.forEach((run, index) => {
        const words = { name: run.name, colour: run.colour, dash: run.dash.length > 0 };
        this.board.key(legend, words, drawn.map((one) => [one.lines[index], one.letters[index]]));
      });
      if (words.scales) this.board.choice(legend, drawn.map((one) => one.plot), time ? "linear" : "log");
      const full = time ? (run) => run.seconds[words.key].some((value) => value >= 0) : (run) => run.spectrum.x.length;
      place.hidden = !this.runs.some(full);
    }
  }

  function line(plot, run, words, time) {
    const options = { line_width: run.width, line_dash: run.dash, name: run.name };
    const made = time
      ? plot.line({ field: "t" }, { field: words.key }, { ...options, source: run.source })
      : plot.line({ field: "x" }, { field: "y" }, { ...options, source: run.spread });
    made.tags = [run.colour];
    return made;
  }

  // The letter of a run on its line, each at another place, since colours are not for everybody to tell apart.
  function letter(plot, run, words, time) {
    const [x, y] = time ? [run.seconds.t, run.seconds[words.key]] : [run.spectrum.x, run.spectrum.y];
    const known = [...y.keys()].filter((at) => Number.isFinite(y[at]));
    const at = known.slice(Math.floor(known.length * run.place)).slice(0, 1);
    const data = { x: at.map((one) => x[one]), y: at.map((one) => y[one]), text: at.map(() => run.letter) };
    const options = { text_align: "center", text_baseline: "bottom", text_font_size: "12px", text_font_style: "bold", y_offset: -1 };
    const made = plot.text({ field: "x" }, { field: "y" }, { field: "text" }, { ...options, source: new Bokeh.ColumnDataSource({ data }) });
    made.tags = [run.colour];
    return made;
  }

  return { Overlay };
})();
