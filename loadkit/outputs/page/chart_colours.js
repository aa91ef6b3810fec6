// The colours of page.css, which only an element knows, and how plots take them on.
"use strict";

const LoadkitColours = (() => {
  const NAMED = ["surface", "muted", "line", "band", "bad", "warn", "first", "second", "planned", "p50", "p95", "p99"];
  const HEAT = ["heat-1", "heat-2", "heat-3", "heat-4", "heat-5"];

  // What page.css says now, as #rrggbb by name; under "heat" those of a heat map, from few to many.
  function colours(root) {
    const probe = document.createElement("span");
    probe.hidden = true;
    root.append(probe);
    const of = (name) => {
      probe.style.color = `var(--${name}, var(--chart-${name}, #607080))`;
      const parts = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3);
      return `#${parts.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
    };
    const found = Object.fromEntries(NAMED.map((name) => [name, of(name)]));
    found.heat = HEAT.map(of);
    probe.remove();
    return found;
  }

  // So many colours from the first of `stops` to the last.
  function ramp(stops, steps = 64) {
    const parsed = stops.map((stop) => [1, 3, 5].map((at) => parseInt(stop.slice(at, at + 2), 16)));
    return Array.from({ length: steps }, (_, step) => {
      const place = (step / (steps - 1)) * (parsed.length - 1);
      const at = Math.min(Math.floor(place), parsed.length - 2);
      const mixed = parsed[at].map((from, index) => Math.round(from + (parsed[at + 1][index] - from) * (place - at)));
      return `#${mixed.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
    });
  }

  // Paint ground, axes and grid of a plot, and whatever has the name of a colour as its first tag.
  function paint(plot, found) {
    plot.setv({ background_fill_color: found.surface, border_fill_color: found.surface });
    for (const axis of [...plot.left, ...plot.below, ...plot.right]) paintAxis(axis, found);
    for (const one of plot.center) {
      if (one instanceof Bokeh.Grid) one.grid_line_color = one.dimension === 0 ? null : found.line;
      else if (one.tags.length) one.setv(one instanceof Bokeh.Label ? { text_color: found[one.tags[0]] } : { line_color: found[one.tags[0]] });
    }
    for (const renderer of plot.renderers) paintGlyph(renderer, found[renderer.tags[0]]);
  }

  function paintAxis(axis, found) {
    if (axis instanceof Bokeh.ColorBar) {
      axis.setv({ background_fill_color: found.surface, major_label_text_color: found.muted, bar_line_color: null, major_tick_line_color: found.line });
      return;
    }
    axis.setv({
      axis_line_color: found.line, major_tick_line_color: found.line, minor_tick_line_color: null, axis_label_text_color: found.muted,
      major_label_text_color: found.muted, axis_label_text_font_style: "normal", axis_label_text_font_size: "11px",
      major_label_text_font_size: "11px",
    });
  }

  function paintGlyph({ glyph }, value) {
    if (!value) return;
    for (const name of ["line_color", "text_color", "fill_color"]) {
      if (name in glyph.attributes) glyph[name] = { value };
    }
  }

  return { colours, ramp, paint };
})();
