// The charts of one run, which may go on: keeps what it was given, so that seconds can be added and all be drawn anew.
"use strict";

const LoadkitRunCharts = (() => {
  const { MS, seconds, noSeconds, until, marks, limits } = LoadkitChartData;
  const { Board, element } = LoadkitBoard;
  const { PANELS, panel } = LoadkitPanel;
  const WORDS = { ...PANELS, heat: LoadkitHeat.WORDS, spectrum: LoadkitSpectrum.WORDS };

  // What of phases and of what is observed is drawn; the rest, such as what they came to so far, changes all the time.
  const drawnPhase = ({ name, kind, start_s, duration_s, throughput_per_s, warmup }) => ({ name, kind, start_s, duration_s, throughput_per_s, warmup });
  const drawnColumn = ({ name, series, unit, per_second, limit }) => ({ name, series, unit, per_second, limit });

  class RunCharts {
    constructor(root, data) {
      this.root = root;
      this.take(data);
      this.begin();
    }

    // Draw what is known.
    begin() {
      this.board = new Board(this.root, this.phases);
      this.source = new Bokeh.ColumnDataSource({ data: noSeconds() });
      this.keys = []; // {button, source, key}: the lines of charts over time
      this.heatMap = this.spread = this.observed = null;
      const held = limits(this.verdicts);
      for (const [name, place] of this.places()) {
        if (name === "heat") this.heatMap = new LoadkitHeat.HeatMap(this.board, place);
        else if (name === "spectrum") this.spread = new LoadkitSpectrum.Spectrum(this.board, place, held);
        else this.keys.push(...panel(this.board, name, place, PANELS[name], this.source, held));
      }
      const watched = this.root.querySelector('[data-charts="observe"]');
      if (watched && this.observe?.columns?.length) {
        this.observed = new LoadkitObserved.Observed(this.board, watched, this.observe.columns);
        this.keys.push(...this.observed.keys);
      }
      this.fill();
      this.board.paint();
      this.ready = this.board.show();
    }

    // Keep what was given, so that more can be added.
    take(data) {
      this.columns = data.timeline?.columns ?? [];
      this.rows = [...(data.timeline?.rows ?? [])];
      this.phases = (data.phases ?? []).map(drawnPhase);
      this.heat = data.heat ? { ...data.heat, columns: [...data.heat.columns] } : null;
      this.spectrum = data.spectrum ?? null;
      this.verdicts = data.verdicts ?? [];
      this.interventions = [...(data.interventions ?? [])];
      this.observe = data.observe ? { columns: (data.observe.columns ?? []).map(drawnColumn), rows: [...(data.observe.rows ?? [])] } : null;
    }

    get end() {
      const planned = this.phases.reduce((most, one) => Math.max(most, one.start_s + one.duration_s), 0);
      return Math.max(planned, until(this.columns, this.rows), 1) * MS;
    }

    // Return the figures of the page with their names; in an empty root they are made.
    places() {
      if (!this.root.querySelector("[data-chart], [data-charts]")) {
        for (const [name, words] of Object.entries(WORDS)) {
          const caption = element("figcaption", {}, element("h3", { text: words.title }));
          this.root.append(element("figure", { "data-chart": name, class: "chart" }, caption));
        }
        this.root.append(element("div", { "data-charts": "observe" }));
      }
      return [...this.root.querySelectorAll("[data-chart]")].map((one) => [one.dataset.chart, one]).filter(([name]) => name in WORDS);
    }

    fill() {
      this.source.data = seconds(this.columns, this.rows, this.phases, 0);
      this.board.happened.data = marks(this.interventions);
      if (this.heat) this.heatMap?.fill(this.heat);
      this.spread?.fill(this.spectrum);
      this.observed?.fill(this.observe.rows);
      this.board.reach(this.end);
      this.hideEmpty();
    }

    // A chart without data is not shown, nor the key of a line without.
    hideEmpty() {
      const any = (key) => this.source.data[key].some((value) => value > 0);
      const full = {
        rate: this.rows.length, users: any("users"), times: any("p50"), errors: this.rows.length, generator: any("loop") || any("lag") || any("cpu"),
        heat: this.heatMap && !this.heatMap.empty, spectrum: this.spread && !this.spread.empty,
      };
      for (const [name, place] of this.places()) place.hidden = !full[name];
      for (const { button, source, key } of this.keys) button.hidden = !source.data[key]?.some(Number.isFinite);
    }

    append(delta) {
      const rows = delta.timeline?.rows ?? [];
      if (rows.length) {
        const before = until(this.columns, this.rows);
        this.rows.push(...rows);
        this.source.stream(seconds(this.columns, rows, this.phases, before));
        this.board.grow(this.end);
      }
      if (delta.heat) this.addHeat(delta.heat);
      if (delta.spectrum) {
        this.spectrum = delta.spectrum;
        this.spread?.fill(this.spectrum);
      }
      if (delta.observe?.rows?.length && this.observed) {
        this.observe.rows.push(...delta.observe.rows);
        this.observed.add(delta.observe.rows);
      }
      if (delta.interventions?.length) {
        this.interventions.push(...delta.interventions);
        this.board.happened.data = marks(this.interventions);
      }
      this.hideEmpty();
    }

    addHeat(heat) {
      const at = heat.at ?? 0;
      const kept = this.heat && this.heat.column_s === heat.column_s ? this.heat.columns.slice(0, at) : [];
      this.heat = { ...heat, columns: [...kept, ...heat.columns] };
      this.heatMap?.fill(this.heat);
    }

    // Take other data. Where what stands around them has changed, too, all is drawn anew.
    replace(data) {
      const around = () => JSON.stringify([this.phases, this.verdicts.map((one) => one.limit), this.observe?.columns]);
      const before = around();
      this.take(data);
      if (around() === before) {
        this.fill();
      } else {
        this.board.remove();
        this.begin();
      }
    }
  }

  return { RunCharts };
})();
