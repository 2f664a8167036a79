// Shifts on the handheld: one's own, what one could take, and what waits for one's word. It needs a network throughout:
// whether a swap keeps the rules only the hospital can say.
import { get, sendStep } from "/m/api.js";
import { uuid7 } from "/m/outbox.js";
import { element } from "/m/workscreen.js";

const OPEN = new Set(["offered", "asked", "agreed"]);

// `app`: the handheld's state and screens, as app.js holds them.
export function shiftDesk({ state, at, draw, toast, stop, say, language }) {
  state.shifts = { is_rostered: false, news: 0, names: {}, places: [], place_names: {}, shifts: [], offers: [], requests: [], staff: "" };
  state.leave = { has_terms: false };
  state.packed = new Set(); // starts of the shifts that are ticked for one swap
  const day = new Intl.DateTimeFormat(language, { weekday: "short", day: "numeric", month: "short" });
  const time = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
  const span = (from, to) => `${day.format(new Date(from))} ${time.format(new Date(from))}–${time.format(new Date(to))}`;
  // Leave is from midnight or noon to midnight or noon of the hospital's clock.
  const hour = new Intl.DateTimeFormat("en-GB", { hour: "numeric", hourCycle: "h23" });
  const days = (from, to) => {
    const begins = new Date(from), ends = new Date(Date.parse(to) - 1000);
    const isLate = Number(hour.format(begins)) >= 12, isEarly = Number(hour.format(ends)) < 12;
    const first = isLate ? `${day.format(begins)}, ${say("afternoon")}` : day.format(begins);
    const last = isEarly ? `${day.format(ends)}, ${say("morning")}` : day.format(ends);
    if (day.format(begins) === day.format(ends)) return isLate ? first : last;
    return `${first} – ${last}`;
  };
  // Who stands on one ward knows which it is.
  const placeOf = (one) => (state.shifts.places.length > 1 ? ` · ${state.shifts.place_names[one.place] || one.place || say("wholeHospital")}` : "");
  const spans = (first, also) => [first, ...(also || [])].map((one) => span(one.starts, one.ends)).join(", ");
  const inDays = (halves) => (halves / 2).toLocaleString(language);

  const nameOf = (staff) => state.shifts.names[staff] || state.swaps?.names?.[staff] || staff;

  async function learn() {
    try {
      const { status, body } = await get("/v1/roster/mine");
      if (status === 200) state.shifts = body;
      const own = await get("/v1/leave/mine");
      if (own.status === 200) state.leave = own.body;
    } catch {
      // offline: what was read last
    }
  }
  async function send(path, body, said) {
    try {
      const { status, body: answer } = await sendStep({ path, body, key: uuid7() });
      if (status >= 400) return stop(`${answer.detail || say("refused")} (${answer.code || status})`);
      toast(say(said));
      state.packed.clear();
      state.swaps = null;
      await learn();
      draw();
    } catch {
      toast(say("needsNetwork"));
    }
  }
  const ask = (body) => send("/v1/roster/requests", body, "asked");
  const act = (request, kind, said) =>
    send(`/v1/roster/requests/${encodeURIComponent(request.id)}/acts`, { kind, version: request.version }, said);

  function button(key, work, what) {
    const made = element("button", { type: "button", textContent: say(key) });
    if (what) made.setAttribute("aria-label", `${say(key)}: ${what}`);
    made.addEventListener("click", work);
    return made;
  }
  // The one card on the first screen; it says when there is something to look at.
  function card() {
    const mine = state.shifts;
    if (!mine.is_rostered && !mine.requests.length) return [];
    const next = mine.shifts[0];
    const made = element("button", { type: "button", id: "my-shifts", className: mine.news ? "card late" : "card" });
    made.append(element("p", {}, element("strong", { textContent: say("myShifts") })));
    made.append(element("p", { className: "secondary", textContent: next ? `${span(next.starts, next.ends)} · ${next.shift}${placeOf(next)}` : say("noShifts") }));
    if (mine.news) made.append(element("p", { className: "late", textContent: say("shiftNews", { count: mine.news }) }));
    made.addEventListener("click", () => open(true));
    return [made];
  }
  function open(isOpen) {
    state.shiftsOpen = isOpen;
    state.swaps = null;
    history.replaceState(null, "", isOpen ? "#shifts:" : location.pathname);
    draw();
    at("main").focus();
  }
  function requestLine(request) {
    const what = request.kind === "leave" ? days(request.starts, request.ends) : spans(request, request.also);
    const wanted = { starts: request.partner_starts, ends: request.partner_ends };
    const other = request.partner_starts ? ` ↔ ${spans(wanted, request.partner_also)}` : "";
    const who = [request.staff, request.partner].filter(Boolean).map(nameOf).join(" ↔ ");
    const line = element("li", { className: request.is_news ? "step now" : "step" });
    line.append(element("p", {}, element("strong", { textContent: `${say(`request.${request.kind}`)} · ${say(`request.${request.status}`)}` })));
    line.append(element("p", { textContent: `${what}${other}` }));
    line.append(element("p", { className: "secondary", textContent: [who, request.answer || request.reason].filter(Boolean).join(" · ") }));
    const acts = element("div", { className: "acts" });
    if (request.status === "asked" && request.partner === state.shifts.staff) {
      acts.append(button("agree", () => act(request, "agree", "agreed"), what), button("refuse", () => act(request, "refuse", "said"), what));
    } else if (OPEN.has(request.status)) acts.append(button("withdraw", () => act(request, "withdraw", "said"), what));
    if (request.is_news) acts.append(button("seen", () => act(request, "seen", "said"), what));
    line.append(acts);
    return line;
  }
  function offerLine(offer) {
    const what = `${span(offer.request.starts, offer.request.ends)} · ${offer.request.shift}${placeOf(offer.request)}`;
    const line = element("li", { className: "step" }, element("p", {}, element("strong", { textContent: what })));
    line.append(element("p", { className: "secondary", textContent: offer.breaks.length ? say("needsWord") : say("keepsRules") }));
    line.append(element("div", { className: "acts" }, button("take", () => act(offer.request, "agree", "taken"), what)));
    return line;
  }
  function shiftLine(shift) {
    const what = `${span(shift.starts, shift.ends)} · ${shift.shift}${placeOf(shift)}`;
    const line = element("li", { className: "step" }, element("p", {}, element("strong", { textContent: what })));
    if (shift.request) line.append(element("p", { className: "secondary", textContent: say("askedAlready") }));
    else {
      const acts = element("div", { className: "acts" });
      acts.append(button("giveAway", () => ask({ kind: "offer", from: shift.starts }), what), button("swap", () => findSwaps([shift.starts]), what));
      const tick = element("input", { type: "checkbox", checked: state.packed.has(shift.starts) });
      tick.setAttribute("aria-label", `${say("together")}: ${what}`);
      tick.addEventListener("change", () => {
        if (tick.checked) state.packed.add(shift.starts);
        else state.packed.delete(shift.starts);
        draw();
      });
      acts.append(element("label", {}, tick, ` ${say("together")}`));
      line.append(acts);
    }
    if (state.swaps?.starts.length === 1 && state.swaps.starts[0] === shift.starts) line.append(swapList());
    return line;
  }
  async function findSwaps(starts) {
    try {
      const { status, body } = await get(`/v1/roster/mine/swaps?shift=${encodeURIComponent(starts.join(","))}`);
      if (status !== 200) return toast(say("refused"));
      state.swaps = { starts, found: body.swaps, names: body.names };
      draw();
    } catch {
      toast(say("needsNetwork"));
    }
  }
  function swapList() {
    const list = element("ul", { id: "swaps" });
    const [from, ...also] = state.swaps.starts;
    for (const one of state.swaps.found) {
      const shifts = [one.shift, ...one.also.map((more) => more.shift)].join(", ");
      const what = `${nameOf(one.partner)} · ${spans(one, one.also)} · ${shifts}`;
      const body = { kind: "swap", from, also, partner: one.partner, partner_from: one.starts, partner_also: one.also.map((more) => more.starts) };
      list.append(element("li", {}, what, " ", button("askSwap", () => ask(body), what)));
    }
    if (!state.swaps.found.length) list.append(element("li", { textContent: say("noSwaps") }));
    return list;
  }
  // Several shifts for several of one colleague's: the ticked ones, together.
  function packageOf() {
    const starts = [...state.packed].sort();
    if (starts.length < 2) return [];
    const made = element("div", { id: "package" }, button("swapTogether", () => findSwaps(starts), String(starts.length)));
    if (state.swaps && state.swaps.starts.length > 1) made.append(swapList());
    return [made];
  }
  function leaveForm() {
    const form = element("form", { id: "work-form", autocomplete: "off" });
    const field = (id, key, type) => element("label", { textContent: `${say(key)} ` }, element("input", { id, type, maxLength: 300 }));
    // A line of its own: beside the next field's label it would read as one sentence.
    const tick = (id, key) => element("p", {}, element("label", {}, element("input", { id, type: "checkbox" }), ` ${say(key)}`));
    form.append(field("leave-first", "leaveFrom", "date"), tick("leave-from-noon", "fromNoon"));
    form.append(field("leave-last", "leaveTo", "date"), tick("leave-to-noon", "toNoon"), field("leave-why", "reason", "text"));
    form.append(element("button", { type: "submit", textContent: say("askLeave") }));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const from = at("leave-first").value;
      const halves = { from_noon: at("leave-from-noon").checked, to_noon: at("leave-to-noon").checked };
      if (from) ask({ kind: "leave", from, to: at("leave-last").value || from, ...halves, reason: at("leave-why").value });
    });
    return form;
  }
  function leaveLeft() {
    const own = state.leave;
    if (!own.has_terms) return [];
    const text = say("leaveLeft", { left: inDays(own.remaining), all: inDays(own.entitled + own.corrected + own.carried), asked: inDays(own.asked), year: own.year });
    const made = [element("p", { id: "leave-left", textContent: text })];
    if (own.asked > own.remaining) made.push(element("p", { className: "late", textContent: say("leaveShort") }));
    if (own.carried_until && !own.expired) made.push(element("p", { className: "secondary", textContent: say("leaveCarried", { carried: inDays(own.carried), until: own.carried_until }) }));
    return made;
  }
  function show() {
    const mine = state.shifts;
    const parts = [element("h2", { textContent: say("myShifts") })];
    if (mine.requests.length) parts.push(element("h3", { textContent: say("requests") }), element("ul", { className: "steps", id: "requests" }, ...mine.requests.map(requestLine)));
    if (mine.offers.length) parts.push(element("h3", { textContent: say("offers") }), element("ul", { className: "steps", id: "offers" }, ...mine.offers.map(offerLine)));
    if (mine.is_rostered) {
      parts.push(element("h3", { textContent: say("shiftsToCome") }), element("ul", { className: "steps", id: "shifts" }, ...mine.shifts.map(shiftLine)), ...packageOf());
      const file = element("a", { href: "/v1/roster/mine/calendar.ics", download: "shifts.ics", textContent: say("shiftCalendar") });
      if (mine.shifts.length) parts.push(element("p", {}, file));
      parts.push(element("h3", { textContent: say("leave") }), ...leaveLeft(), leaveForm());
    }
    parts.push(element("div", { className: "acts" }, button("back", () => open(false))));
    at("main").replaceChildren(...parts);
  }
  return { card, show, learn };
}
