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
// With {runs: [{name, label, timeline, phases, spectrum}, ...]} instead the curves of several runs are drawn over each other, the first of
// which is the base; nothing can be added to those.
//
// Inside `root` each <figure data-chart="rate|users|times|errors|generator|heat|spectrum"> gets its chart, and
// <div data-charts="observe"> one for each source and unit that was observed; in an empty root all are made. What has no data is
// hidden. Texts reach the page by textContent and by the canvas only, and nothing is ever evaluated.
"use strict";

const LoadkitCharts = (() => {
  function draw(root, data) {
    Bokeh.set_log_level("error"); // it warns of logarithmic axes that have no data yet, which are not shown
    const made = data.runs ? new LoadkitOverlay.Overlay(root, data.runs) : new LoadkitRunCharts.RunCharts(root, data);
    const paint = () => made.board.paint(); // of the board that is there now: it may be another one after `replace`
    new ResizeObserver(() => made.board.later()).observe(root);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);

    function theme(name) {
      if (name) document.documentElement.dataset.theme = name;
      else delete document.documentElement.dataset.theme;
      paint();
    }

    let before = "", drawings = [];
    addEventListener("beforeprint", () => {
      before = document.documentElement.dataset.theme ?? "";
      theme("light");
      drawings = LoadkitPaper.lay(made.board);
    });
    addEventListener("afterprint", () => {
      theme(before);
      LoadkitPaper.clear(made.board, drawings);
    });

    return {
      append: (delta) => made.append(delta),
      replace: (all) => made.replace(all),
      theme,
      get ready() { return made.ready; }, // a promise of the first drawing
      get document() { return made.board.document; },
    };
  }

  return { draw };
})();
