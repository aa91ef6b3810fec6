// What is known of the run: the whole as it came, and what seconds added. It grows no more than the server's own copy does.
"use strict";

const LoadkitModel = (() => {
  const MOST_LINES = 200;

  // Puts what a second adds into the run.
  function add(run, delta) {
    const { rows, heat, phases, requests, calls, examples, lines, observe, ...latest } = delta;
    Object.assign(run, latest);
    run.timeline.rows.push(...rows);
    if (heat) {
      const columns = run.heat.columns;
      while (columns.length < heat.index) columns.push([]);
      columns[heat.index] = heat.counts;
    }
    run.phases = run.phases.map((known) => phases.find((one) => one.index === known.index) ?? known);
    run.observe = { ...observe, rows: [...run.observe.rows, ...observe.rows] };
    run.requests = merged(run.requests, requests);
    run.calls = merged(run.calls, calls);
    Object.assign(run.examples, examples);
    run.lines = [...run.lines, ...lines].slice(-MOST_LINES);
    if (delta.lines_left_out) {
      run.lines.push({ t_s: delta.status.elapsed_s, text: `(${delta.lines_left_out} more lines in this second)` });
    }
  }

  function merged(known, changed) {
    const byName = new Map(known.map((row) => [row.name, row]));
    for (const row of changed) byName.set(row.name, row);
    return [...byName.values()];
  }

  // Takes the final report in place of what was seen while the run went on.
  function conclude(run, report) {
    const { timeline, heat, ...found } = report.loadkit;
    // Rows that are put together here, or that were too many to be sent, stay.
    if (run.timeline.step_s > 1 || !found.observe?.rows) found.observe = { ...run.observe, ...found.observe, rows: run.observe.rows };
    Object.assign(run, found);
    run.judged_by = found.verdicts;
    if (timeline && run.timeline.step_s === 1) run.timeline = { ...timeline, step_s: 1 };
    if (heat) run.heat = heat;
  }

  // Returns a column of the timeline, of its last rows where a number is given.
  function column(run, name, last = Infinity) {
    const at = run.timeline.columns.indexOf(name);
    return at < 0 ? [] : run.timeline.rows.slice(-last).map((row) => row[at]);
  }

  // Returns a value of the last second.
  function now(run, name) {
    const at = run.timeline.columns.indexOf(name);
    return run.now && at >= 0 ? run.now[at] : null;
  }

  function sum(counts) {
    return Object.values(counts).reduce((total, count) => total + count, 0);
  }

  // Returns how many requests and calls failed, as http.error_rate counts them: with an error, or with a response of 5xx.
  function failures(one) {
    const broken = Object.entries(one.codes ?? {}).filter(([code]) => code.startsWith("5"));
    return sum(one.errors ?? {}) + sum(Object.fromEntries(broken));
  }

  // Returns a phase's rates: what was planned and started per second of it so far, and requests and calls; null what has none.
  function rates(run, phase) {
    const achieved = (run.health.achieved ?? []).find((one) => one.phase === phase.index);
    const lasted = Math.min(phase.active_s ?? 0, phase.duration_s), begun = lasted >= 1;
    const planned = phase.kind === "open" && phase.duration_s ? phase.arrivals / phase.duration_s : phase.throughput_per_s;
    return {
      planned: begun && achieved ? achieved.planned / lasted : planned ?? null,
      started: begun && achieved ? achieved.started / lasted : null,
      made: phase.active_s >= 1 ? (phase.requests + phase.calls) / phase.active_s : null,
    };
  }

  // Returns how many virtual users were at work at once in each phase, at the ends of its seconds; null of one that has not begun.
  function users(run) {
    const times = column(run, "t_s"), found = column(run, "vusers_active"), most = run.phases.map(() => null);
    let at = 0; // the phase of the second, which begins with the one before it
    times.forEach((end, index) => {
      while (at < most.length - 1 && end > run.phases[at + 1].start_s + 0.5) at += 1;
      if (found[index] !== null) most[at] = Math.max(most[at] ?? 0, found[index]);
    });
    return most;
  }

  return { add, conclude, column, now, sum, failures, rates, users };
})();
