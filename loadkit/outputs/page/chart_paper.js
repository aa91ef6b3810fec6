// Charts on paper: drawings in the colours and of the width of a page, which stand beside the plots while a browser prints.
//
//   const drawings = LoadkitPaper.lay(board)       in "beforeprint", once the page has light colours
//   LoadkitPaper.clear(board, drawings)            in "afterprint"
//
// A browser takes what is there when the last listener returns, and nothing that is drawn later; so all of Bokeh that waits for
// its turn (colours, sizes) is told to do it at once. Vectors, since a canvas that has just been drawn anew is printed empty.
"use strict";

const LoadkitPaper = (() => {
  const WIDTH = "680px"; // of A4 and Letter alike, between the margins of page.css

  // Make all plots so wide, and return the views of those that are shown.
  function fit(board, width) {
    const views = [];
    for (const { plot, inside } of board.figures) {
      inside.style.width = width;
      const view = Bokeh.index[plot.id];
      if (view) views.push(view);
    }
    board.name();
    for (const view of views) {
      for (const one of view.renderer_views.values()) one.glyph?.set_visuals(one.model.data_source, one.all_indices);
      view.after_resize();
      view.repaint();
    }
    return views.filter((view) => view.is_displayed);
  }

  function lay(board) {
    return fit(board, WIDTH).map((view) => {
      const drawing = view.export("svg").canvas;
      drawing.setAttribute("class", "paper");
      view.el.parentElement.after(drawing);
      return drawing;
    });
  }

  function clear(board, drawings) {
    for (const one of drawings) one.remove();
    fit(board, "");
  }

  return { lay, clear };
})();
