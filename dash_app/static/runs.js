// Following a long computation: one question at a time, and no late answer about an earlier run ends the watch of a later one.
(() => {
  "use strict";
  const PATIENCE_MS = 20000; // after this an answer is taken to be lost on its way

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    runs: {
      // Dash drops the answer to a question as soon as the next one is put: a server that needs longer than the timer
      // would never be heard.
      ask(_ticks, asked, answered) {
        const waits = asked.count !== answered && Date.now() - asked.at < PATIENCE_MS;
        return waits ? window.dash_clientside.no_update : { count: asked.count + 1, at: Date.now() };
      },
      isOver(over, search) {
        const run = new URLSearchParams(search || "").get("run");
        return !run || run === over;
      },
    },
  });
})();
