// Days and instants: typed in the usual ways of writing them, or chosen from a calendar. What is kept is ISO 8601.
// The names of months and days are the browser's own, in the language of the page: nothing has to be loaded for them.
(() => {
  "use strict";
  const settings = () => window.ht?.settings || {};
  const words = () => settings().words?.calendar || {};
  const two = (number) => String(number).padStart(2, "0");
  const put = (field, value) => {
    // Dash writes the id of one of several like fields as JSON.
    const id = field.id.startsWith("{") ? JSON.parse(field.id) : field.id;
    window.dash_clientside.set_props(id, { value });
  };

  // Days are reckoned as midnights of UTC: no clock that goes forward by night can shift them.
  const dayOf = (year, month, day) => {
    const made = new Date(Date.UTC(year, month - 1, day));
    return made.getUTCMonth() === month - 1 && made.getUTCDate() === day ? made : null;
  };
  const iso = (day) => `${day.getUTCFullYear()}-${two(day.getUTCMonth() + 1)}-${two(day.getUTCDate())}`;
  const later = (day, days) => new Date(day.getTime() + days * 86400000);
  function monthsLater(day, months) {
    const first = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + months, 1));
    const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
    return later(first, Math.min(day.getUTCDate(), last) - 1); // the 31st of a short month is its last day
  }
  // "2026-11-27 14:05" by the hospital's clock, whichever zone the browser is in.
  const present = () =>
    new Date(window.ht?.now ? window.ht.now() : Date.now()).toLocaleString(
      "sv-SE",
      settings().timeZone ? { timeZone: settings().timeZone } : {},
    );

  // 2026-12-24, 2026/12/24, 2026.12.24, 20261224, 2026年12月24日, 24.12.2026, each with a time of day or without.
  // 12/24/2026 and 24/12/2026 are told apart by nobody: they stay as they were typed, and the server refuses them.
  const YEAR_FIRST = /^(\d{4})(?:\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?|(\d{2})(\d{2}))/;
  const DAY_FIRST = /^(\d{1,2})\.\s*(\d{1,2})\.\s*(\d{4})/;
  const TIME = /^[T,\s]*(\d{1,2})\s*[:：时点]\s*(\d{2})(?:[:：]\d{2})?\s*分?$/;
  function read(typed) {
    const text = typed.trim();
    const found = text.match(YEAR_FIRST);
    const turned = found ? null : text.match(DAY_FIRST);
    if (!found && !turned) return null;
    const parts = found ? [found[1], found[2] || found[4], found[3] || found[5]] : [turned[3], turned[2], turned[1]];
    const day = dayOf(...parts.map(Number));
    if (!day) return null;
    const rest = text.slice((found || turned)[0].length);
    if (!rest.trim()) return { day, time: "" };
    const clock = rest.match(TIME);
    if (!clock || Number(clock[1]) > 23 || Number(clock[2]) > 59) return null;
    return { day, time: `${two(clock[1])}:${clock[2]}` };
  }
  const written = (told, isInstant) => (isInstant && told.time ? `${iso(told.day)} ${told.time}` : iso(told.day));

  // Whoever leaves a field sees at once how it was understood; what was not understood stays for them to mend.
  document.addEventListener("change", (event) => {
    const kind = event.target.closest?.("[data-days]")?.dataset.days;
    if (!kind || event.target.tagName !== "INPUT" || !event.target.id) return;
    const told = read(event.target.value);
    if (!told || (kind === "day" && told.time)) return;
    const text = written(told, kind === "instant");
    if (text !== event.target.value) put(event.target, text);
  });

  const element = (tag, told = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(told)) {
      if (name in made) made[name] = value;
      else made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  };
  const named = (options) => new Intl.DateTimeFormat(settings().locale, { timeZone: "UTC", ...options });
  const button = (text, label, act) => {
    const made = element("button", { type: "button", className: "action", textContent: text, "aria-label": label });
    made.addEventListener("click", act);
    return made;
  };

  class Calendar {
    constructor(field, kind) {
      this.field = field;
      this.isInstant = kind === "instant";
      const told = read(field.value);
      const now = read(present());
      this.today = now.day;
      this.chosen = told?.day || null;
      this.day = this.chosen || this.today; // where the keyboard stands
      this.time = element("input", { value: told?.time || now.time, inputMode: "numeric", maxLength: 5, id: "days-time" });
      this.build();
      this.draw();
    }

    build() {
      const label = document.querySelector(`label[for="${CSS.escape(this.field.id)}"]`)?.textContent.trim() || "";
      this.title = element("h2", { id: "days-title", "aria-live": "polite" });
      this.rows = element("tbody");
      const weekdays = Array.from({ length: 7 }, (_, at) => dayOf(2024, 1, 1 + at)); // 1 January 2024 was a Monday
      const head = weekdays.map((day) =>
        element("th", { scope: "col", abbr: named({ weekday: "long" }).format(day) }, named({ weekday: "narrow" }).format(day)),
      );
      const table = element("table", { role: "grid", "aria-labelledby": "days-title" }, element("thead", {}, element("tr", {}, ...head)), this.rows);
      table.addEventListener("keydown", (event) => this.press(event));
      const turn = (months) => () => this.go(monthsLater(this.day, months), false);
      const bar = element(
        "p",
        { className: "days-bar" },
        button("«", words().previousYear, turn(-12)),
        button("‹", words().previousMonth, turn(-1)),
        this.title,
        button("›", words().nextMonth, turn(1)),
        button("»", words().nextYear, turn(12)),
      );
      const acts = element("p", { className: "acts" }, button(words().empty, words().empty, () => this.close("")));
      if (this.isInstant) {
        acts.append(button(words().now, words().now, () => this.close(present().slice(0, 16))));
        const take = button(words().take, words().take, () => this.take());
        take.classList.add("primary");
        acts.append(take);
      } else {
        acts.append(button(words().today, words().today, () => this.close(iso(this.today))));
      }
      const clock = element("p", { className: "days-time" }, element("label", { htmlFor: "days-time" }, words().time), this.time);
      this.time.addEventListener("keydown", (event) => {
        if (event.key !== "Enter") return;
        // closing gives the focus back to the button that opened it, which the same key would press again
        event.preventDefault();
        this.take();
      });
      this.dialog = element("dialog", { className: "days", "aria-label": label }, bar, table, ...(this.isInstant ? [clock] : []), acts);
      this.dialog.addEventListener("close", () => {
        this.dialog.remove();
        this.field.focus();
      });
      // A press beside the calendar closes it, as every reader expects of what opens over a page.
      this.dialog.addEventListener("click", (event) => {
        if (event.target === this.dialog) this.dialog.close();
      });
    }

    open() {
      document.body.append(this.dialog);
      this.dialog.showModal();
      const at = this.field.getBoundingClientRect();
      const size = this.dialog.getBoundingClientRect();
      const left = Math.max(8, Math.min(at.left, innerWidth - size.width - 8));
      const below = at.bottom + 4;
      const top = below + size.height > innerHeight ? Math.max(8, at.top - size.height - 4) : below;
      Object.assign(this.dialog.style, { left: `${left}px`, top: `${top}px` });
      this.rows.querySelector('[tabindex="0"]').focus();
    }

    draw() {
      this.title.textContent = named({ year: "numeric", month: "long" }).format(this.day);
      const first = later(this.day, 1 - this.day.getUTCDate());
      const start = later(first, -((first.getUTCDay() + 6) % 7)); // weeks begin on Monday, ISO 8601
      const weeks = Array.from({ length: 6 }, (_, week) => Array.from({ length: 7 }, (_, at) => later(start, 7 * week + at)));
      const shown = weeks.filter((week) => week.some((day) => day.getUTCMonth() === this.day.getUTCMonth()));
      this.rows.replaceChildren(...shown.map((week) => element("tr", {}, ...week.map((day) => this.cell(day)))));
    }

    cell(day) {
      const is = (other) => other && iso(other) === iso(day);
      const made = element("td", {
        role: "gridcell",
        tabIndex: is(this.day) ? 0 : -1, // one stop of the tabulator for the whole grid, arrows within (ARIA APG, grid)
        textContent: String(day.getUTCDate()),
        "aria-label": named({ dateStyle: "full" }).format(day),
        "aria-selected": String(Boolean(is(this.chosen))),
      });
      if (is(this.today)) made.setAttribute("aria-current", "date");
      made.classList.toggle("beside", day.getUTCMonth() !== this.day.getUTCMonth());
      made.dataset.day = iso(day);
      made.addEventListener("click", () => this.choose(day));
      return made;
    }

    go(day, isFocused = true) {
      if (day.getUTCFullYear() < 1900 || day.getUTCFullYear() > 2199) return;
      this.day = day;
      this.draw();
      if (isFocused) this.rows.querySelector('[tabindex="0"]').focus();
    }

    choose(day) {
      if (!this.isInstant) {
        this.close(iso(day));
        return;
      }
      this.chosen = day;
      this.go(day);
    }

    take() {
      const told = read(`${iso(this.chosen || this.day)} ${this.time.value}`);
      this.time.setAttribute("aria-invalid", String(!told?.time));
      if (told?.time) this.close(written(told, true));
      else this.time.focus();
    }

    close(text) {
      put(this.field, text);
      this.dialog.close();
    }

    press(event) {
      const weekday = (this.day.getUTCDay() + 6) % 7;
      const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7, Home: -weekday, End: 6 - weekday }[event.key];
      const months = { PageUp: -1, PageDown: 1 }[event.key];
      if (by !== undefined) this.go(later(this.day, by));
      else if (months) this.go(monthsLater(this.day, event.shiftKey ? 12 * months : months));
      else if (event.key === "Enter" || event.key === " ") this.choose(this.day);
      else return;
      event.preventDefault();
    }
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest?.("[data-calendar]");
    if (!opener) return;
    const field = document.getElementById(opener.dataset.calendar);
    if (field && !field.disabled) new Calendar(field, opener.closest("[data-days]").dataset.days).open();
  });
})();
