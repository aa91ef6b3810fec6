// The page of a run that goes on: takes what the stream brings, draws what can be seen, passes on what buttons are pressed.
"use strict";

(() => {
  const { byId, say, show, element, clock } = LoadkitDraw;
  const parts = LoadkitParts;
  let run = null, charts = null, marked = 0, stale = false, heldBefore = new Map();
  let near = true, behind = false; // whether charts are in sight, and whether seconds are missing in them
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  function state() {
    return run.over ? verdict(run.over.report) : run.status.state;
  }

  function verdict(report) {
    if (!report) return "lost";
    return { 0: "pass", 3: "fail", 4: "regression", 5: "invalid", 130: "interrupted", 143: "interrupted" }[report.loadkit.exit_code] || "fail";
  }

  // Draws everything, or notes that it is to be drawn once somebody looks.
  function draw(delta) {
    if (document.hidden) { stale = true; return; }
    parts.head(run, state());
    parts.phases(run);
    parts.tiles(run);
    parts.course(run);
    parts.thresholds(run);
    parts.requests(run);
    parts.errors(run);
    parts.generator(run);
    LoadkitSystem.system(run);
    parts.events(run);
    parts.scenario(run);
    controls();
    drawCharts(delta);
    show(byId("coarse"), run.timeline.step_s > 1 || run.missed > 0);
    say(byId("coarse"), [
      run.timeline.step_s > 1 ? `One point stands for ${run.timeline.step_s} seconds; percentiles are those of its worst second.` : "",
      run.missed ? `${run.missed} seconds are missing here, since this page's server could not keep up; the report has them.` : "",
    ].filter(Boolean).join(" "));
    stale = false;
  }

  // What charts are drawn of: the run, with the limits of thresholds as they stand.
  function drawn() {
    const limits = run.standings.map((one) => ({ objective: one.text, limit: one.bound, unit: one.unit }));
    return { ...run, verdicts: run.judged_by || limits };
  }

  function drawCharts(delta) {
    if (!run.timeline.rows.length) return;
    show(byId("waiting"), false);
    show(byId("charts"), true);
    if (!charts) {
      charts = LoadkitCharts.draw(byId("main"), drawn());
      marked = (run.interventions || []).length;
    } else if (!near) {
      behind = true;
    } else if (!delta || stale || behind) {
      charts.replace(drawn());
      marked = (run.interventions || []).length;
      behind = false;
    } else {
      const { heat } = run;
      charts.append({
        timeline: { rows: delta.rows },
        heat: delta.heat && { ...heat, at: delta.heat.index, columns: heat.columns.slice(delta.heat.index) },
        spectrum: delta.spectrum,
        interventions: run.interventions.slice(marked),
        observe: delta.observe,
      });
      marked = run.interventions.length;
    }
  }

  function controls() {
    const may = run.may_control && !run.over, status = run.status.state;
    show(byId("controls"), may);
    show(byId("readonly"), !run.may_control && !run.over && !run.stored);
    show(byId("begin"), status === "held");
    show(byId("pause"), status === "running");
    show(byId("resume"), status === "paused");
    show(byId("rate"), (status === "running" || status === "paused") && run.phases.some((phase) => phase.kind === "open"));
    show(byId("stop"), status !== "held");
    say(byId("stop"), status === "draining" ? "Cut off now" : "Stop");
    const factor = byId("factor");
    if (document.activeElement !== factor && run.status.rate) factor.value = Math.round(run.status.rate * 100);
  }

  // Tells a screen reader what has changed: thresholds that begin to hold or to fail, and what somebody did.
  function announce() {
    const news = [], now = new Map();
    for (const one of parts.standings(run)) {
      now.set(one.key, one.state);
      const before = heldBefore.get(one.key);
      if (one.state === "false" && before !== "false") news.push(`${one.text} fails now: ${one.observed}.`);
      if (one.state === "true" && before === "false") news.push(`${one.text} holds again: ${one.observed}.`);
    }
    const seen = heldBefore.get("interventions") ?? (run.interventions || []).length;
    for (const one of (run.interventions || []).slice(seen)) news.push(`${parts.told(one)} at ${clock(one.at_s)} by ${one.by}.`);
    now.set("interventions", (run.interventions || []).length);
    heldBefore = now;
    if (news.length) say(byId("told"), news.join(" "));
  }

  function conclude() {
    const told = run.over, word = state(), banner = byId("verdict");
    if (told.report) LoadkitModel.conclude(run, told.report);
    const colour = { pass: "good", fail: "bad", regression: "bad", lost: "bad" }[word] || "warn";
    banner.className = `card verdict ${colour}`;
    banner.replaceChildren(
      element("p", { className: "line" }, element("strong", { className: `chip word ${colour}`, textContent: parts.STATES[word] }), ...links(told)),
      element("p", { className: "why", textContent: why(told.report) }),
    );
    show(banner, true);
    show(byId("lost"), false);
    say(byId("told"), `The run is over: ${parts.STATES[word]}. ${why(told.report)}`);
  }

  function why(report) {
    if (!report) return "The run broke off; the terminal says why.";
    const found = report.loadkit, verdicts = found.verdicts, failed = verdicts.filter((one) => one.status === "fail" && one.strict);
    if (found.measurement.status === "invalid") return found.measurement.reasons.join("; ");
    if (failed.length) return `${failed.length} of ${verdicts.length} thresholds failed: ${failed.map((one) => one.objective).slice(0, 3).join(", ")}.`;
    if (found.signal) return `It was interrupted by ${found.signal}; the figures cover the part that ran.`;
    return verdicts.length ? `${verdicts.filter((one) => one.status === "pass").length} of ${verdicts.length} thresholds held.` : "The run came to its end; no thresholds were set.";
  }

  // The server ends with the run, so what is linked is kept in this page.
  function links(told) {
    const made = [];
    if (told.report && told.whole) {
      const file = URL.createObjectURL(new Blob([JSON.stringify(told.report)], { type: "application/json" }));
      made.push(element("a", { className: "button", href: file, download: "report.json", textContent: "Save report.json" }));
    }
    if (told.files) { // the run is kept, and so is the server
      for (const name of ["report.html", "report.json"]) {
        made.push(element("a", { className: "button", href: `/${name}`, download: name, textContent: name }));
      }
    } else if (told.kept) {
      made.push(element("span", { className: "quiet" }, "Kept in ", element("code", { textContent: told.kept }), "; open it again with ", element("code", { textContent: `loadkit view ${run.run}` })));
    }
    return made;
  }

  const stream = new LoadkitStream.Stream({
    whole(found) {
      run = found;
      stale = true; // the charts are drawn anew
      announce();
      if (!run.over) draw();
    },
    second(delta) {
      LoadkitModel.add(run, delta);
      announce();
      draw(delta);
    },
    end(told) {
      run.over = told;
      conclude();
      stale = true;
      draw();
    },
    lost(why) {
      const banner = byId("lost");
      say(banner, `${why} Trying to connect again; what is shown is what was known before.`);
      show(banner, true);
      document.body.classList.add("lost");
    },
    back() {
      show(byId("lost"), false);
      document.body.classList.remove("lost");
      say(byId("told"), "Connected again.");
    },
  });

  async function ask(action, factor) {
    try {
      const answer = await LoadkitStream.order(action, factor);
      say(byId("done"), answer.effect ? "" : "That changed nothing.");
    } catch (error) {
      say(byId("done"), error instanceof TypeError ? "The server does not answer." : error.message);
    }
  }

  function stop() {
    const cut = run.status.state === "draining", dialog = byId("confirm");
    say(byId("confirm-title"), cut ? "Cut off all virtual users?" : "Stop the run?");
    say(byId("confirm-text"), cut ? "Those at work are ended at once." : "No new virtual user is started, those at work may finish. The run is judged by what was measured so far.");
    dialog.returnValue = "no";
    dialog.showModal();
  }

  byId("confirm").addEventListener("close", () => { if (byId("confirm").returnValue === "yes") ask("stop"); });
  byId("begin").addEventListener("click", () => ask("begin"));
  byId("pause").addEventListener("click", () => ask("pause"));
  byId("resume").addEventListener("click", () => ask("resume"));
  byId("stop").addEventListener("click", stop);
  byId("rate").addEventListener("submit", (event) => {
    event.preventDefault();
    ask("rate", Number(byId("factor").value) / 100);
  });
  for (const [id, step] of [["slower", -10], ["faster", 10]]) {
    byId(id).addEventListener("click", () => {
      const factor = byId("factor");
      factor.value = Math.min(1000, Math.max(1, Number(factor.value) + step));
      ask("rate", Number(factor.value) / 100);
    });
  }
  // Painting charts is most of what this page costs: those out of sight wait.
  const inSight = new Set();
  const sight = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) inSight.add(entry.target);
      else inSight.delete(entry.target);
    }
    near = inSight.size > 0;
    if (near && behind && run && !document.hidden) drawCharts();
  }, { rootMargin: "300px" });
  for (const id of ["timings", "system"]) sight.observe(byId(id));
  document.addEventListener("visibilitychange", () => { if (!document.hidden && run && stale) draw(); });

  function theme() {
    return document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
  }

  function setTheme(name) {
    document.documentElement.dataset.theme = name;
    say(byId("theme"), name === "dark" ? "Light" : "Dark");
    byId("theme").setAttribute("aria-label", `Show this page in ${name === "dark" ? "light" : "dark"} colours`);
    if (charts) charts.theme(name);
  }

  byId("theme").addEventListener("click", () => setTheme(theme() === "dark" ? "light" : "dark"));
  dark.addEventListener("change", () => setTheme(dark.matches ? "dark" : "light"));
  setTheme(theme());
  stream.start();
})();
