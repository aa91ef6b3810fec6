// The part of the page on the system under test: what is observed of it, and whether it grows.
"use strict";

const LoadkitSystem = (() => {
  const { NONE, byId, element, show, ms, percent, bytes, bare, clock, Table, table, region } = LoadkitDraw;
  const UNITS = { bytes, ratio: percent, count: bare, per_s: (value) => `${bare(value)}/s`, ns: (value) => ms(value / 1e6) };
  const SEVERE = { critical: ["CRITICAL", "bad"], warning: ["WARNING", "warn"] };

  function system(run) {
    const rows = run.observe ? run.observe.columns : [];
    show(byId("no-system"), !rows.length);
    region("system", rows.length > 0);
    const value = (of) => (row) => (row[of] === null ? NONE : (UNITS[row.unit] || bare)(row[of]));
    table("system", (node) => new Table(node, [
      { title: "Series", value: (row) => `${row.name} ${row.series}` },
      { title: "Now", number: true, value: value("last") }, { title: "Least", number: true, value: value("min") },
      { title: "Mean", number: true, value: value("mean") }, { title: "Most", number: true, value: value("max") },
    ], (row) => `${row.name} ${row.series}`, { caption: "What is observed of the system under test" })).set(rows);
    growth(run.observe?.verdicts || []);
    byId("notes").replaceChildren(...(run.observe?.notes || []).map((one) => element("li", {}, element("time", { textContent: clock(one.t_s) }), `${one.name}: ${one.text}`)));
  }

  // Whether what holds something grows, what matters most first: with what is advised.
  function growth(verdicts) {
    const list = byId("growth"), text = JSON.stringify(verdicts);
    if (list.dataset.drawn === text) return;
    list.dataset.drawn = text;
    list.replaceChildren(...verdicts.map((one) => {
      const [word, colour] = SEVERE[one.severity] ?? (one.course === "unknown" ? ["OPEN", "idle"] : ["OK", "good"]);
      const found = element("div", { className: "head" }, element("span", { className: `chip ${colour}`, textContent: word }), ` ${one.name} ${one.series}: ${one.text}`);
      return element("li", { className: "judged" }, found, ...(one.advice ? [element("p", { className: "observed", textContent: one.advice })] : []));
    }));
  }

  return { system };
})();
