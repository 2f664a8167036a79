// The frame's own behaviour: language, colours, sign-out, keyboard, page title. No framework, no words of its own.
(() => {
  "use strict";
  const meta = document.querySelector('meta[name="ht-settings"]');
  const settings = meta ? JSON.parse(meta.content) : { words: {} };
  window.ht = Object.assign(window.ht || {}, { settings });

  const keep = (name, value) => {
    document.cookie = `${name}=${value}; path=/; max-age=31536000; SameSite=Lax`;
  };

  // Any table can be taken along as a sheet: what it shows, with instants in place of ages, since a file has no present.
  document.documentElement.classList.toggle("may-export", Boolean(settings.mayExport));
  const instant = (us) =>
    new Date(us / 1000).toLocaleString("sv-SE", settings.timeZone ? { timeZone: settings.timeZone } : {});
  function sheetCell(cell) {
    let text = cell.innerText.trim().replace(/\s+/g, " ");
    for (const age of cell.querySelectorAll("[data-since]")) {
      const at = Number(age.dataset.since);
      if (at) text = text.replace(age.innerText.trim(), instant(at));
    }
    // A spreadsheet would run what begins like a formula; a number with a sign is none.
    if (/^[=+\-@]/.test(text) && !/^[+-][\d.,\s]+%?$/.test(text)) text = `'${text}`;
    return `"${text.replaceAll('"', '""')}"`;
  }
  function saveTable(button) {
    const rows = [...button.closest(".table-foot").parentElement.querySelectorAll("tr")];
    const text = rows.map((row) => [...row.cells].map(sheetCell).join(",")).join("\r\n");
    const link = document.createElement("a");
    // The byte order mark lets spreadsheets read Chinese.
    link.href = URL.createObjectURL(new Blob(["\ufeff", text, "\r\n"], { type: "text/csv;charset=utf-8" }));
    link.download = `${button.dataset.csv.replace(/[\\/:*?"<>|]+/g, " ").trim()}.csv`;
    link.click();
    window.setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  // A grid draws only the rows in sight: for paper it draws them all, and goes back afterwards. One that gets its rows
  // page by page asks for a long page; below it then stands how many rows there are in all.
  const PAPER_ROWS = 500;
  const grids = () => [...document.querySelectorAll(".grid[id]")].map((grid) => window.ht.gridApi(grid.id)).filter(Boolean);
  function layGrids(isPaper) {
    // Printed by the browser's own key, a grid stays as it is on the screen: better some rows than none.
    document.documentElement.classList.toggle("laid-out", isPaper);
    for (const api of grids()) {
      api.setGridOption("domLayout", isPaper ? "print" : "normal");
      if (api.getGridOption("rowModelType") === "infinite") {
        api.htRows ??= api.getGridOption("cacheBlockSize");
        const rows = isPaper ? PAPER_ROWS : api.htRows;
        api.setGridOption("cacheBlockSize", rows);
        api.setGridOption("paginationPageSize", rows);
        continue;
      }
      if (api.htPages === undefined) api.htPages = api.getGridOption("pagination");
      if (api.htPages) api.setGridOption("pagination", !isPaper);
    }
  }
  function printPage() {
    layGrids(true);
    // The rows come with the next frames, or from the server: a print begun at once would miss them.
    const until = performance.now() + 8000;
    const whenDrawn = () => {
      const isWaiting = document.querySelector(".grid .ag-row-loading") && performance.now() < until;
      if (isWaiting) window.setTimeout(whenDrawn, 200);
      else window.print();
    };
    window.setTimeout(whenDrawn, grids().length ? 600 : 0);
  }
  window.addEventListener("beforeprint", () => {
    const head = document.querySelector(".print-head");
    const seen = document.getElementById("frame-as-of")?.textContent || "";
    const at = new Intl.DateTimeFormat("sv-SE", { timeZone: settings.timeZone, dateStyle: "short", timeStyle: "short" });
    const printed = settings.words.printed.replace("{time}", at.format(new Date(window.ht.now())));
    const told = [settings.site, document.title.split(" · ")[0], printed, seen];
    if (head) head.textContent = told.filter(Boolean).join(" · ");
  });
  window.addEventListener("afterprint", () => layGrids(false));

  async function signOut(address, after) {
    const token = document.cookie.match(/(?:^|; )(?:__Host-)?_csrf_token=([^;]*)/);
    const headers = token ? { "X-CSRFToken": decodeURIComponent(token[1]) } : {};
    await fetch(address, { method: "POST", headers, credentials: "same-origin" });
    location.assign(after);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.language) {
      keep("ht_language", button.dataset.language);
      location.reload();
    } else if (button.dataset.chosenTheme) {
      keep("ht_theme", button.dataset.chosenTheme);
      location.reload();
    } else if (button.dataset.signOut) {
      signOut(button.dataset.signOut, button.dataset.after || "/");
    } else if (button.dataset.print !== undefined) {
      printPage();
    } else if (button.dataset.csv !== undefined) {
      saveTable(button);
    }
  });

  // Within a part that says so, keys press the buttons that are named after them: a bar is moved by its arrows.
  document.addEventListener("keydown", (event) => {
    const part = event.target.closest?.("[data-arrow-keys]");
    if (!part || event.ctrlKey || event.metaKey || event.altKey) return;
    const button = part.querySelector(`button[data-key="${CSS.escape(event.key)}"]`);
    if (!button) return;
    event.preventDefault();
    window.ht.arrowKey = event.key; // the buttons are drawn anew: the same one gets the focus back
    button.click();
  });

  let chord = "";
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName || "");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") {
      event.preventDefault();
      document.getElementById("frame-search")?.focus();
    } else if (chord === "g") {
      const target = { m: "map", a: "alarms", t: "tasks", d: "devices", s: "stock", o: "" }[event.key];
      if (target !== undefined) {
        document.querySelector(`a.rail-link[href$="/ui/${target}"]`)?.click();
      }
    }
    chord = event.key;
  });

  // A notice goes away by itself, but stays long enough to be read aloud.
  let noticeTimer = 0;
  new MutationObserver(() => {
    if (window.ht.arrowKey && !document.activeElement?.closest("[data-arrow-keys]")) {
      const again = document.querySelector(`[data-arrow-keys] button[data-key="${CSS.escape(window.ht.arrowKey)}"]`);
      if (again && document.activeElement === document.body) again.focus();
    }
    // A component's hidden file input takes no label of its own; readers aloud and axe need one.
    for (const wrapper of document.querySelectorAll("[data-file-label]")) {
      const input = wrapper.querySelector('input[type="file"]');
      if (input && !input.ariaLabel) input.ariaLabel = wrapper.dataset.fileLabel;
    }
    const heading = document.querySelector("#page h1");
    if (heading) {
      const title = `${heading.textContent} · ${settings.site || ""}`;
      if (document.title !== title) document.title = title;
    }
    const notice = document.getElementById("frame-notice");
    if (notice && notice.textContent && !noticeTimer) {
      noticeTimer = window.setTimeout(() => {
        noticeTimer = 0;
        window.dash_clientside?.set_props("frame-notice", { children: "" });
      }, 10000);
    }
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
})();
