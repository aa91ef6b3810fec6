// What charts are drawn of: parts of a report as columns of numbers, and its texts as a canvas may show them.
"use strict";

const LoadkitChartData = (() => {
  const MS = 1000;
  const MARKS = { pause: "paused", resume: "resumed", stop: "stopped", begin: "begun" };

  const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : NaN);

  // Bokeh takes what stands between these for TeX, which nobody here writes; a space of no width keeps them apart.
  const plain = (text) => String(text).replace(/\$\$/g, "$\u200b$").replace(/\\(?=[([])/g, "\\\u200b").slice(0, 200);

  const COLUMNS = [
    "t", "due", "started", "dropped", "requests", "users", "errors", "p50", "p95", "p99", "service99", "lag", "loop", "cpu",
  ];

  // Seconds as the columns of a data source, which are there without any seconds, too. `before` is the end of the second in front of the first row.
  function seconds(columns, rows, phases, before) {
    const at = Object.fromEntries(columns.map((name, index) => [name, index]));
    const made = Object.fromEntries(COLUMNS.map((key) => [key, []]));
    const put = (key, value) => made[key].push(value);
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

  const noSeconds = () => seconds(["t_s"], [], [], 0);

  // The end of the last second, in seconds; 0 without any.
  const until = (columns, rows) => (rows.length ? rows[rows.length - 1][columns.indexOf("t_s")] : 0);

  // A heat map as one rectangle for each bin of each column that holds something.
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

  // A spectrum, [[percent, ms], ...], as places.
  const points = (pairs) => ({
    x: pairs.map(([percent]) => nines(percent)), y: pairs.map(([, ms]) => ms), percent: pairs.map(([percent]) => percent),
  });

  // What people did, as places on the axis of time with a word.
  const marks = (interventions) => ({
    x: interventions.map((one) => one.at_s * MS),
    y: interventions.map((_, index) => 8.4 - (index % 3) * 0.9), // one below the other, where they follow closely
    text: interventions.map((one) => plain(one.kind === "rate" ? `rate x ${one.value}` : MARKS[one.kind] ?? one.kind)),
  });

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

  return { MS, number, plain, seconds, noSeconds, until, cells, nines, points, marks, limits };
})();
