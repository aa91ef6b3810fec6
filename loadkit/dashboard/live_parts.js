// The parts of the page, each a function of the run.
"use strict";

const LoadkitParts = (() => {
  const { NONE, byId, element, say, show, count, ms, bareMs, perSecond, percent, bytes, bare, clock, Table, table, region, spark } = LoadkitDraw;
  const { column, now, sum, failures, rates, users } = LoadkitModel;
  const SPARK_S = 120;
  const STATES = {
    starting: "Starting", held: "Waiting to begin", running: "Running", paused: "Paused", draining: "Finishing",
    pass: "Passed", fail: "Failed", regression: "Slower than the baseline", invalid: "Not to be trusted", interrupted: "Interrupted",
    lost: "Ended without a result",
  };
  const STATE_COLOURS = { running: "good", paused: "warn", held: "warn", pass: "good", fail: "bad", regression: "bad", lost: "bad", invalid: "warn", interrupted: "warn" };
  const STANDS = {
    true: ["\u2713 holds", "good"], false: ["\u2717 fails", "bad"], null: ["\u2013 no value yet", ""],
    pass: ["\u2713 held", "good"], fail: ["\u2717 failed", "bad"], inconclusive: ["? undecided", ""], invalid: ["! not judged", ""],
  };

  function head(run, state) {
    say(byId("name"), run.name);
    say(byId("target"), [run.target && `against ${run.target}`, run.run && `run ${run.run}`].filter(Boolean).join(" \u00b7 "));
    const pill = byId("state");
    pill.className = `chip ${STATE_COLOURS[state] || ""}`;
    pill.dataset.state = state;
    say(pill, STATES[state] || state);
    say(byId("clock"), run.duration_s ? `${clock(run.status.elapsed_s)} of ${clock(run.duration_s)}` : clock(run.status.elapsed_s));
    document.title = `${STATES[state] || state} \u00b7 ${run.name} \u00b7 loadkit`;
  }

  function phases(run) {
    const list = byId("phases");
    if (list.children.length !== run.phases.length) {
      list.replaceChildren(...run.phases.map((phase) => element("li", {}, element("span"), element("div", {}, element("i")))));
    }
    const total = run.duration_s || 1, elapsed = run.status.elapsed_s;
    run.phases.forEach((phase, at) => {
      const item = list.children[at], share = phase.duration_s ? (elapsed - phase.start_s) / phase.duration_s : elapsed > phase.start_s;
      const done = run.over ? (elapsed >= phase.start_s ? 1 : 0) : Math.min(1, Math.max(0, share));
      item.style.flexGrow = Math.max(phase.duration_s / total, 0.04);
      item.className = run.status.phase === at && !run.over ? "now" : done >= 1 ? "done" : "";
      if (item.className === "now") item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
      say(item.firstChild, `${phase.name || `phase ${at + 1}`}${phase.warmup ? " (warm-up)" : ""} \u00b7 ${planned(phase)}`);
      item.lastChild.firstChild.style.width = `${100 * done}%`;
    });
  }

  function planned(phase) {
    const length = clock(phase.duration_s);
    if (phase.kind === "closed") return `${count(phase.users)} users for ${length}`;
    if (phase.kind === "pause") return `pause of ${length}`;
    return `${count(phase.arrivals)} arrivals in ${length}`;
  }

  // What each phase came to so far: rates per second of it, times in milliseconds.
  function course(run) {
    const rate = (value) => (value >= 10 ? value.toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 }) : bare(value));
    const perS = (name) => (row) => (row.rates[name] === null ? NONE : rate(row.rates[name]));
    const time = (title, of, what) => ({ title, number: true, value: (row) => bareMs(row[of]?.[what]) });
    const most = users(run);
    const rows = run.phases.map((phase, at) => ({ ...phase, rates: rates(run, phase), most: most[at], failed: failures(phase) }));
    table("course", (node) => new Table(node, [
      { title: "Phase", value: (row) => `${row.name || `phase ${row.index + 1}`}${row.warmup ? " (warm-up)" : ""}` },
      { title: "Load", value: planned },
      { title: "Planned/s", number: true, value: perS("planned") }, { title: "Achieved/s", number: true, value: perS("started") },
      { title: "Requests/s", number: true, value: perS("made") },
      { title: "Users at once", number: true, value: (row) => count(row.most) },
      { title: "Errors", number: true, value: (row) => count(row.failed), className: (row) => (row.failed ? "bad" : "") },
      time("Response p50", "response_time_ms", "p50"), time("p95", "response_time_ms", "p95"), time("p99", "response_time_ms", "p99"),
      time("Service p95", "service_time_ms", "p95"),
    ], (row) => String(row.index), { caption: "Phases: planned and achieved rates, virtual users, errors, response times in milliseconds" })).set(rows);
  }

  function tiles(run) {
    const errors = failures(run.outcomes), made = [...run.requests, ...run.calls].reduce((total, row) => total + (row.requests ?? row.calls), 0);
    say(byId("tile-rate"), perSecond(now(run, "request_rate")));
    say(byId("tile-rate-more"), run.status.rate === 1 ? `${count(made)} so far` : run.status.rate ? `${percent(run.status.rate, 0)} of plan` : "arrivals are paused");
    say(byId("tile-p95"), ms(now(run, "response_time_p95_ms")));
    say(byId("tile-p95-more"), `p50 ${ms(now(run, "response_time_p50_ms"))}, p99 ${ms(now(run, "response_time_p99_ms"))}`);
    say(byId("tile-errors"), count(errors));
    say(byId("tile-errors-more"), made ? `${percent(errors / made, errors ? 1 : 0)} of requests` : "none so far");
    byId("tile-errors").parentElement.classList.toggle("bad", errors > 0);
    say(byId("tile-users"), count(now(run, "vusers_active")));
    say(byId("tile-users-more"), run.arrivals.started === undefined ? "" : `${count(run.arrivals.started)} arrivals started`);
    if (run.judged) total(run.judged);
    const sparks = { rate: "request_rate", p95: "response_time_p95_ms", errors: "errors", users: "vusers_active" };
    for (const [name, of] of Object.entries(sparks)) spark(byId(`spark-${name}`), column(run, of, SPARK_S));
  }

  // What the whole run came to, once its report is there; warm-up is not in it.
  function total(judged) {
    const times = judged.response_time_ms || {};
    say(byId("tile-rate"), perSecond(judged.request_rate));
    say(byId("tile-rate-more"), `${count(judged.requests + judged.calls)} in ${clock(judged.active_s)}`);
    say(byId("tile-p95"), ms(times.p95));
    say(byId("tile-p95-more"), `p50 ${ms(times.p50)}, p99 ${ms(times.p99)}`);
    say(byId("tile-users"), count(judged.vusers.created));
    say(byId("tile-users-more"), `${count(judged.vusers.completed)} completed, ${count(judged.vusers.failed)} failed`);
  }

  // Thresholds as they stand, or as they were judged once there is a report.
  function standings(run) {
    if (!run.judged_by) return run.standings.map((one, at) => ({ ...one, key: `${at} ${one.text}`, state: String(one.holds), said: "" }));
    return run.judged_by.map((one, at) => ({
      key: `${at} ${one.objective}`, text: one.objective, observed: one.observed_text, limit: one.limit_text, state: one.status,
      strict: one.strict, at: one.at, failed_s: one.breaches ? one.breaches.failed_s : null, said: one.reason,
    }));
  }

  function thresholds(run) {
    const rows = standings(run);
    show(byId("no-thresholds"), !rows.length);
    region("thresholds", rows.length > 0);
    table("thresholds", (node) => new Table(node, [
      { title: "Threshold", value: (row) => element("code", { textContent: row.text }) },
      { title: "State", value: chip, className: () => "text" },
      { title: "Measured", number: true, value: (row) => row.observed || NONE },
      { title: "Wanted", number: true, value: (row) => row.limit || NONE },
      { title: "Where", value: (row) => place(row.at) },
      { title: "Remark", value: remark },
    ], (row) => row.key, { caption: "Thresholds and objectives, and how they stand" })).set(rows);
    budgets(run);
  }

  // A word with a colour: what only warns is never red.
  function chip(row) {
    const [word, kind] = STANDS[row.state];
    const colour = kind === "bad" && !row.strict ? "warn" : kind;
    return element("span", { className: `chip ${colour}`, textContent: word + (kind === "bad" && !row.strict ? " (warning)" : "") });
  }

  function remark(row) {
    return [row.failed_s === null || row.failed_s === undefined ? "" : `failed at ${clock(row.failed_s)}`, row.said].filter(Boolean).join("; ");
  }

  function place(at) {
    if (!at) return element("span", { textContent: NONE });
    return element("a", { href: `#${lineId(at.file, at.line)}`, textContent: `${at.file}:${at.line}` });
  }

  function lineId(file, line) {
    return `line-${encodeURIComponent(file)}-${line}`;
  }

  function budgets(run) {
    byId("budgets").replaceChildren(...(run.budgets || []).map((one) => {
      const share = Math.min(1, one.used), text = `${percent(one.used, 0)} of the run's own budget spent: ${count(one.bad)} bad ${one.unit}`;
      const meter = element("meter", { min: 0, max: 1, high: 0.8, low: 0.5, optimum: 0, value: share, "aria-label": `Budget of ${one.name}` });
      return element("li", { className: one.overspent ? "bad" : "" }, element("b", { textContent: one.name }), meter, element("span", { textContent: text }));
    }));
  }

  function requests(run) {
    const time = (title, of, what) => ({
      title, number: true, sort: (row) => row[of]?.[what], value: (row) => bareMs(row[of]?.[what]),
    });
    table("requests", (node) => new Table(node, [
      { title: "Name", sort: (row) => row.name, value: (row) => row.name },
      { title: "Count", number: true, sort: (row) => row.requests ?? row.calls, value: (row) => count(row.requests ?? row.calls) },
      { title: "Errors", number: true, sort: failures, value: (row) => count(failures(row)), className: (row) => (failures(row) ? "bad" : "") },
      time("Response p50", "response_time_ms", "p50"), time("p95", "response_time_ms", "p95"),
      time("p99", "response_time_ms", "p99"), time("max", "response_time_ms", "max"),
      time("Service p50", "service_time_ms", "p50"), time("p95", "service_time_ms", "p95"),
      time("p99", "service_time_ms", "p99"), time("max", "service_time_ms", "max"),
    ], (row) => row.name, { sorted: 4, caption: "Requests by name, with response and service times in milliseconds" }))
      .set([...run.requests, ...run.calls]);
  }

  function errors(run) {
    const rows = Object.entries(run.outcomes.errors).map(([name, times]) => ({ name, times, examples: run.examples[name] || [] }));
    const unmet = Object.keys(run.examples).filter((name) => !(name in run.outcomes.errors));
    rows.push(...unmet.map((name) => ({ name, times: run.examples[name].length, least: true, examples: run.examples[name] })));
    show(byId("no-errors"), !rows.length);
    region("errors", rows.length > 0);
    table("errors", (node) => new Table(node, [
      { title: "Error", sort: (row) => row.name, value: (row) => row.name },
      { title: "Count", number: true, sort: (row) => row.times, value: (row) => (row.least ? `at least ${row.times}` : count(row.times)) },
      { title: "Examples", value: examples },
    ], (row) => row.name, { sorted: 1, caption: "Errors by name, with examples" })).set(rows);
    const codes = Object.entries(run.outcomes.codes).map(([code, times]) => `${code}: ${count(times)}`);
    const checks = run.outcomes.checks, checked = checks.ok + checks.failed;
    if (checked) codes.push(`checks: ${count(checks.ok)} held, ${count(checks.failed)} failed`);
    say(byId("codes"), codes.length ? `Responses by status: ${codes.join(" \u00b7 ")}` : "");
  }

  function examples(row) {
    return element("ul", { className: "examples" }, ...row.examples.map((one) => element("li", {}, element("time", { textContent: clock(one.t_s) }), one.text)));
  }

  function generator(run) {
    const found = run.measurement, note = byId("measurement");
    note.dataset.state = found.status;
    say(note, found.status === "valid" ? "The generator keeps up: nothing speaks against what is measured." : `The measurement is ${found.status}: ${found.reasons.join("; ")}`);
    const latest = new Map((run.health_now?.workers || []).map((worker) => [worker.worker, worker]));
    const own = { worker: "coordinator", ...run.health.coordinator };
    const rows = [...run.health.workers.map((worker) => ({ ...worker, now: latest.get(worker.worker) || {} })),
      ...(own.cpu ? [{ ...own, now: run.health_now?.coordinator || {} }] : [])];
    table("workers", (node) => new Table(node, [
      { title: "Process", value: (row) => (row.worker === "coordinator" ? row.worker : `worker ${row.worker}`) },
      { title: "CPU now", number: true, value: (row) => percent(row.now.cpu?.mean, 0), className: (row) => (row.now.cpu?.mean > 0.8 ? "bad" : "") },
      { title: "CPU most", number: true, value: (row) => percent(row.cpu?.max, 0) },
      { title: "Memory", number: true, value: (row) => bytes((row.now.rss_bytes || row.rss_bytes)?.max) },
      { title: "Descriptors", number: true, value: (row) => count((row.now.fds || row.fds)?.max) },
      { title: "Virtual users", number: true, value: (row) => count(row.now.vusers_active?.mean) },
      { title: "Lag p99", number: true, value: (row) => (row.lag_ms?.count ? ms(row.lag_ms.p99) : NONE) },
      { title: "Loop lag p99", number: true, value: (row) => (row.loop_lag_ms?.count ? ms(row.loop_lag_ms.p99) : NONE) },
    ], (row) => String(row.worker), { caption: "The processes that make the load" })).set(rows);
    facts("arrivals", Object.entries(run.arrivals).filter(([, number]) => number).map(([name, number]) => [`Arrivals ${name}`, count(number)]));
  }

  function facts(id, pairs) {
    const list = byId(id), text = JSON.stringify(pairs);
    if (list.dataset.drawn === text) return;
    list.dataset.drawn = text;
    list.replaceChildren(...pairs.flatMap(([name, value]) => [element("dt", { textContent: name }), element("dd", { textContent: value })]));
  }

  function events(run) {
    const rows = (run.interventions || []).map((one, at) => ({ ...one, key: String(at) }));
    show(byId("no-interventions"), !rows.length);
    region("interventions", rows.length > 0);
    table("interventions", (node) => new Table(node, [
      { title: "When", value: (row) => clock(row.at_s) },
      { title: "What", value: told },
      { title: "By", value: (row) => row.by },
    ], (row) => row.key, { caption: "What people did to the run" })).set(rows);
    const log = byId("log"), near = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    show(log, run.lines.length > 0);
    if (log.lines !== run.lines) {
      log.lines = run.lines;
      log.replaceChildren(...run.lines.map((line) => element("li", {}, element("time", { textContent: clock(line.t_s) }), " ", line.text)));
      if (near) log.scrollTop = log.scrollHeight;
    }
  }

  function told(one) {
    if (one.kind === "rate") return one.value === 1 ? "rate as planned" : `rate ${percent(one.value, 0)} of plan`;
    return { pause: "arrivals paused", resume: "resumed", stop: "stopped", begin: "begun" }[one.kind] || one.kind;
  }

  // The files are drawn once: they do not change while the run goes on.
  function scenario(run) {
    const versions = run.versions || {}, host = run.host || {};
    facts("facts", [
      ["Files", (run.files || []).join(", ")], ["Seed", String(run.seed)], ["Digest", run.digest], ["Workers", run.workers ? String(run.workers) : NONE],
      ["Started", run.started_at || NONE], ["loadkit", versions.loadkit || NONE], ["Machine", [host.system, host.cpu, host.cpus && `${host.cpus} cores`].filter(Boolean).join(", ")],
      ...Object.entries(run.tags || {}),
    ]);
    const source = byId("source");
    if (!run.source) return;
    if (!source.childElementCount) {
      const merged = { name: "As it runs: merged, with target and seed", text: run.source.text, folded: true };
      source.append(...[...run.source.files, merged].map(sourceFile));
    }
    for (const one of [...run.standings, ...run.slos]) { // there are none before the first second
      if (one.at) byId(lineId(one.at.file, one.at.line))?.classList.add("marked");
    }
  }

  function sourceFile(file) {
    const lines = file.text.replace(/\n$/, "").split("\n").map((line, at) => {
      const id = lineId(file.name, at + 1);
      return element("span", { id: file.folded ? "" : id, className: "l", textContent: `${line}\n` });
    });
    const text = element("pre", { className: "source", tabindex: "0", "aria-label": file.name }, element("code", {}, ...lines));
    return element("details", { open: !file.folded }, element("summary", { textContent: file.name }), text);
  }

  return { head, phases, course, tiles, thresholds, standings, requests, errors, generator, events, scenario, told, STATES };
})();
