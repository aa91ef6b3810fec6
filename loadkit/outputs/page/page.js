// What a page about runs does by itself: it draws its charts, switches between light and dark, sorts its tables, and unfolds for paper.
"use strict";

(() => {
  const root = document.documentElement;
  const data = JSON.parse(document.getElementById("data").textContent);
  const charts = LoadkitCharts.draw(document.getElementById("main"), data);
  charts.ready.then(() => { root.dataset.ready = "charts"; });

  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  const button = document.querySelector("[data-theme-switch]");
  button.hidden = false;
  button.addEventListener("click", () => charts.theme(dark() ? "light" : "dark"));

  // A click on the head of a column sorts by it; the first one by the largest, names from A to Z.
  const FACTORS = { ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, m: 60, min: 60, h: 3600 };
  const number = (text) => {
    let sum = -1; // of what is no number: it stands below all others
    for (const [, digits, unit] of text.replaceAll(",", "").matchAll(/([\d.]+)\s*(ns|us|ms|min|s|m|h)?/g)) {
      sum = Math.max(sum, 0) + Number(digits) * (FACTORS[unit] ?? 1);
    }
    return sum;
  };
  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.tagName === "TH" ? cell.textContent : number(cell.textContent);
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    heads.forEach((head, column) => {
      const sort = document.createElement("button");
      sort.type = "button";
      sort.className = "sort";
      sort.append(...head.childNodes);
      head.append(sort);
      sort.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") === "descending" || (column === 0 && !head.hasAttribute("aria-sort"));
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const rows = [...table.tBodies[0].rows];
        const order = (one, two) => (column ? one - two : one.localeCompare(two));
        rows.sort((one, two) => (up ? 1 : -1) * order(value(one, column), value(two, column)));
        table.tBodies[0].append(...rows);
      });
    });
  }

  // Paper shows what is folded, too.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const one of folded) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of folded) one.open = false;
  });
})();
