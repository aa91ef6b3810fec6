// What is known of the run: the whole as it came, and what seconds added. It grows no more than the server's own copy does.
"use strict";

const LoadkitModel = (() => {
  const MOST_LINES = 200;

  // Puts what a second adds into the run.
  function add(run, delta) {
    const { rows, heat, requests, calls, examples, lines, observe, ...latest } = delta;
    Object.assign(run, latest);
    run.timeline.rows.push(...rows);
    if (heat) {
      const columns = run.heat.columns;
      while (columns.length < heat.index) columns.push([]);
      columns[heat.index] = heat.counts;
    }
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
    if (run.timeline.step_s > 1) delete found.observe; // its rows are put together here
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

  return { add, conclude, column, now, sum };
})();
