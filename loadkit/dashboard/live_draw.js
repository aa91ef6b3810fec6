// Numbers as people read them, and tables that change in place: text is only ever set as text.
"use strict";

const LoadkitDraw = (() => {
  const NONE = "\u2013";

  function byId(id) {
    return document.getElementById(id);
  }

  function element(name, properties = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key.startsWith("data-") || key.startsWith("aria-") || key === "scope" || key === "tabindex") made.setAttribute(key, value);
      else made[key] = value;
    }
    made.append(...children);
    return made;
  }

  // Sets a text where it differs, so that a selection in it stays.
  function say(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }

  function show(node, shown) {
    if (node.hidden === shown) node.hidden = !shown;
  }

  function count(value) {
    return value === null || value === undefined ? NONE : Math.round(value).toLocaleString("en");
  }

  function precise(value) {
    if (value >= 1000) return Math.round(value).toLocaleString("en");
    if (value >= 100) return value.toFixed(0);
    if (value >= 10) return value.toFixed(1);
    return value.toFixed(2);
  }

  function ms(value) {
    if (value === null || value === undefined) return NONE;
    return value >= 10000 ? `${(value / 1000).toFixed(1)} s` : `${precise(value)} ms`;
  }

  function bareMs(value) {
    return value === null || value === undefined ? NONE : precise(value);
  }

  function perSecond(value) {
    return value === null || value === undefined ? NONE : `${value >= 1000 ? count(value) : value.toFixed(1)}/s`;
  }

  function percent(share, digits = 1) {
    if (share === null || share === undefined) return NONE;
    return `${(100 * share).toFixed(share > 0 && share < 0.001 ? 3 : digits)} %`;
  }

  function bytes(value) {
    if (value === null || value === undefined) return NONE;
    const units = ["B", "KB", "MB", "GB", "TB"];
    let size = value, unit = 0;
    while (size >= 1000 && unit < units.length - 1) { size /= 1000; unit += 1; }
    return `${unit ? size.toFixed(1) : size} ${units[unit]}`;
  }

  function bare(value) {
    return value === null || value === undefined ? NONE : value.toLocaleString("en", { maximumSignificantDigits: 4 });
  }

  function clock(seconds) {
    const whole = Math.max(0, Math.floor(seconds + 0.05));
    const parts = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
    const text = parts.map((part) => String(part).padStart(2, "0")).join(":");
    return text.replace(/^00:0?/, "");
  }

  // A table whose rows have keys. columns: {title, value(row) -> text or node, number, sort(row)}
  class Table {
    constructor(table, columns, key, { sorted = null, falling = true, caption = "" } = {}) {
      this.columns = columns;
      this.key = key;
      this.sorted = sorted;
      this.falling = falling;
      this.rows = [];
      this.drawn = new Map();
      this.heads = columns.map((column, at) => this.head(column, at));
      this.body = element("tbody");
      if (caption) table.append(element("caption", { className: "unseen", textContent: caption }));
      table.append(element("thead", {}, element("tr", {}, ...this.heads)), this.body);
      this.mark();
    }

    head(column, at) {
      const head = element("th", { scope: "col", className: column.number ? "" : "text" });
      if (!column.sort) {
        head.textContent = column.title;
        return head;
      }
      const button = element("button", { type: "button", className: "sort", textContent: column.title });
      button.addEventListener("click", () => {
        this.falling = this.sorted === at ? !this.falling : Boolean(column.number);
        this.sorted = at;
        this.mark();
        this.set(this.rows);
      });
      head.append(button);
      return head;
    }

    mark() {
      this.heads.forEach((head, at) => {
        if (this.columns[at].sort) head.setAttribute("aria-sort", at !== this.sorted ? "none" : this.falling ? "descending" : "ascending");
      });
    }

    set(rows) {
      this.rows = rows;
      const wanted = this.sorted === null ? rows : [...rows].sort((one, other) => this.compare(one, other));
      const keys = new Set(wanted.map(this.key));
      for (const [key, row] of this.drawn) {
        if (!keys.has(key)) { row.remove(); this.drawn.delete(key); }
      }
      wanted.forEach((row, at) => {
        const line = this.line(row);
        if (this.body.children[at] !== line) this.body.insertBefore(line, this.body.children[at] || null);
      });
    }

    compare(one, other) {
      const sort = this.columns[this.sorted].sort;
      const [a, b] = [sort(one), sort(other)];
      const found = typeof a === "string" ? a.localeCompare(b) : (a ?? -1) - (b ?? -1);
      return this.falling ? -found : found;
    }

    line(row) {
      const key = this.key(row);
      let line = this.drawn.get(key);
      if (!line) {
        line = element("tr");
        this.columns.forEach((column, at) => {
          line.append(element(at === 0 ? "th" : "td", at === 0 ? { scope: "row", className: "text" } : { className: column.number ? "" : "text" }));
        });
        this.drawn.set(key, line);
      }
      this.columns.forEach((column, at) => {
        const value = column.value(row), cell = line.children[at];
        if (value instanceof Node) {
          if (!cell.firstChild || !cell.firstChild.isEqualNode(value)) cell.replaceChildren(value);
        } else {
          say(cell, value);
        }
        if (column.className) cell.className = column.className(row);
      });
      return line;
    }
  }

  // The tables of the page by the names of their elements, each made when it is first needed.
  const tables = {};

  function table(name, make) {
    tables[name] = tables[name] || make(byId(`${name}-table`));
    return tables[name];
  }

  function region(name, shown) {
    show(byId(`${name}-table`).parentElement, shown);
  }

  const SVG = "http://www.w3.org/2000/svg";
  const WIDE = 120, HIGH = 32;

  // Draws the last values as a line; gaps where there is none.
  function spark(svg, values) {
    const known = values.filter((value) => value !== null && value !== undefined);
    const most = Math.max(1e-9, ...known);
    let path = "", pen = "M";
    values.forEach((value, at) => {
      if (value === null || value === undefined) { pen = "M"; return; }
      const x = values.length > 1 ? (at / (values.length - 1)) * WIDE : WIDE;
      path += `${pen}${x.toFixed(1)} ${(HIGH - 2 - (value / most) * (HIGH - 4)).toFixed(1)}`;
      pen = "L";
    });
    if (!svg.firstChild) {
      svg.setAttribute("viewBox", `0 0 ${WIDE} ${HIGH}`);
      svg.setAttribute("preserveAspectRatio", "none");
      svg.append(document.createElementNS(SVG, "path"));
    }
    svg.firstChild.setAttribute("d", path);
  }

  return { NONE, byId, element, say, show, count, ms, bareMs, perSecond, percent, bytes, bare, clock, Table, table, region, spark };
})();
