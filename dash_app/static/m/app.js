// The handheld: tasks in order, one big scan box, pick – scan – scan – done, also without a network.
import { everyPage, get, occurredAt, sendStep, setClock } from "/m/api.js";
import { asker } from "/m/asking.js";
import { cameraDesk } from "/m/camera.js";
import { exceptionDesk } from "/m/exceptions.js";
import { isBegun, isOpen, nextStep, onScan, onShort, stepsOf, takenOf } from "/m/flow.js";
import { goodsDesk } from "/m/goods.js";
import { otherReadingOf, readLabel } from "/m/label.js";
import { openOutbox } from "/m/outbox.js";
import { ageOf, itemOf, packsOf, reasonAgainst, standInQuantity } from "/m/stops.js";
import { orderDesk } from "/m/orders.js";
import { shiftDesk } from "/m/shifts.js";
import { finderDesk } from "/m/finder.js";
import { scannerDesk } from "/m/scanner.js";
import { deviceOf } from "/m/work.js";
import { Wedge } from "/m/wedge.js";
import { chosenLanguage, keepLanguage, speaker } from "/m/words.js";

const UNDO_MS = 10000;
const REFRESH_MS = 15000;
const language = chosenLanguage();
const say = speaker(language);
const at = (id) => document.getElementById(id);
const state = { tasks: [], names: { places: {}, items: {} }, open: null, detail: {}, known: null, progress: {}, me: "", ended: false, work: { work_orders: [], devices: [] }, drafts: {}, order: null, asked: null, finder: null, scanner: null, photos: [], goods: null, exception: null };
let outbox = null;
const desk = orderDesk({ state, box: () => outbox, at, draw, toast, stop, flush, say, placeName, language });
const rota = shiftDesk({ state, at, draw, toast, stop, say, language });
const finder = finderDesk({ state, at, draw, toast, say, placeName });
const scanner = scannerDesk({ state, at, draw, say });
const ask = asker({ at, say });
const goods = goodsDesk({ state, box: () => outbox, at, draw, toast, stop, flush, say, placeName, clear, finish: finishCount });
const exceptions = exceptionDesk({ state, box: () => outbox, at, draw, toast, flush, say, taskTitle, close });
let undoing = null;
let overriding = null;

function element(tag, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}
function placeName(id) {
  return id ? state.names.places[id] || id : "";
}
const subjectName = (task) => state.names.items[task.subject_id] || placeName(task.subject_id);
function taskTitle(task) {
  return `${say(task.kind)} · ${subjectName(task)}`;
}
const time = (text) =>
  new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }).format(new Date(text));

// ---- screens -------------------------------------------------------------------------------------------------------
function card(task) {
  const late = task.due_at && Date.parse(task.due_at) < Date.now();
  const button = element("button", { type: "button", className: late ? "card late" : "card" });
  button.append(
    element("p", {}, element("strong", { textContent: `${say(task.kind)} · ${subjectName(task)}` })),
    element("p", { textContent: [placeName(task.from_place), placeName(task.to_place)].filter(Boolean).join(" → ") }),
  );
  const facts = [task.quantity ? say("quantity", { count: task.quantity }) : "", task.assignee ? say("mine") : say("free")];
  const line = element("p", { className: "secondary", textContent: facts.filter(Boolean).join(" · ") });
  if (task.due_at) line.append(" · ", element("span", { className: late ? "late" : "", textContent: late ? say("late") : say("due", { time: time(task.due_at) }) }));
  button.append(line);
  button.addEventListener("click", () => openTask(task.id));
  return button;
}
function drawList() {
  if (state.ended) {
    at("main").replaceChildren(element("p", {}, element("a", { href: "/sign-in?next=/m/", textContent: say("signIn") })));
    return;
  }
  const open = state.tasks.filter((task) => isOpen(task) && !state.progress[task.id]?.delivered && !state.progress[task.id]?.completed);
  const orders = desk.cards();
  // Whoever takes goods in finds that first, whatever else is overdue.
  at("main").replaceChildren(
    ...goods.entries(),
    ...(open.length || orders.length ? open.map(card) : [element("p", { textContent: say("noTasks") })]),
    ...orders,
    ...rota.card(),
    finder.entry(),
    scanner.entry(),
  );
}
function drawTask(task) {
  const progress = state.progress[task.id] || {};
  const now = nextStep(task, progress);
  const steps = element("ol", { className: "steps" });
  for (const step of stepsOf(task, progress)) {
    const words = say(step.key, { place: placeName(step.place), item: step.item ? state.names.items[step.item] || step.item : "" });
    steps.append(element("li", { className: step.done ? "step done" : step === now || step.key === now?.key ? "step now" : "step", textContent: words }));
  }
  const taken = takenOf(task, progress);
  const packs = packsOf(itemOf(state.known, task), task.quantity - taken);
  const asked = task.quantity ? say("quantity", { count: task.quantity }) + (packs ? ` = ${packs}` : "") : "";
  const quantity = task.kind === "restock" && taken ? say("takenSoFar", { taken, count: task.quantity }) : asked;
  const facts = element("p", { className: "secondary", id: "facts", textContent: quantity });
  // Of what is taken already nobody needs to be told which lot to take, or what would stand in for it.
  const isMissing = taken < task.quantity;
  const lots = (isMissing ? portionsOf(task) : []).map((portion) =>
    element("p", { className: "secondary", textContent: say("lots", { lot: portion.lot_number || portion.lot, count: portion.quantity }) }),
  );
  const acts = element("div", { className: "acts" });
  const act = (key, work, primary) => {
    const button = element("button", { type: "button", textContent: say(key), className: primary ? "primary" : "" });
    button.addEventListener("click", work);
    acts.append(button);
  };
  if (now?.key === "confirmDone") act("done", () => finish(task), true);
  if (task.kind === "count" && state.known?.may_move) act("countShelf", () => goods.open("count", { place: task.to_place, item: task.subject_id === task.to_place ? "" : task.subject_id, task: task.id }), true);
  if (task.kind === "restock" && (now?.key === "scanItem" || now?.key === "scanSource")) act("shelfEmpty", () => comeShort(task));
  if (task.kind === "restock") act("nearest", () => findNearest(task));
  for (const reason of ["notFound", "damaged", "noAccess"]) act(reason, () => exceptions.open(task, reason));
  act("back", () => openTask(null));
  at("main").replaceChildren(element("h2", { textContent: taskTitle(task) }), facts, steps, ...lots, ...(isMissing ? standIns(task, taken) : []), listAge(task), acts, ...desk.photos(task));
}
function portionsOf(task) {
  return state.detail[task.id]?.portions || state.known?.portions?.[task.id]?.portions || [];
}
function standIns(task, taken) {
  const pairs = task.kind === "restock" ? (state.known?.substitutes || []).filter((pair) => pair.item === task.subject_id) : [];
  if (!pairs.length) return [];
  const missing = Math.max(1, task.quantity - taken);
  const lines = pairs.map((pair) => say("standIn", { name: state.names.items[pair.stand_in] || pair.stand_in, count: standInQuantity(pair, missing), by: pair.approved_by }));
  return [element("h3", { textContent: say("standIns") }), element("ul", { id: "stand-ins", className: "secondary" }, ...lines.map((text) => element("li", { textContent: text })))];
}
function listAge(task) {
  const minutes = Math.round(ageOf(state.known, Date.now()) / 60000);
  const text = task.kind !== "restock" ? "" : Number.isFinite(minutes) ? say("listAge", { minutes }) : say("noList");
  return element("p", { className: "secondary", id: "list-age", textContent: text });
}
async function findNearest(task) {
  try {
    const asked = `item=${encodeURIComponent(task.subject_id)}&place=${encodeURIComponent(task.from_place)}`;
    const { status, body } = await get(`/v1/handheld/nearest?${asked}`);
    if (status !== 200) return toast(say("refused"));
    const lines = body.places.map((one) =>
      say(one.seconds === null ? "placeWithout" : "placeWith", { place: placeName(one.place), count: one.free, seconds: one.seconds }),
    );
    document.getElementById("nearest")?.remove();
    at("main").append(element("ul", { id: "nearest" }, ...(lines.length ? lines : [say("nowhere")]).map((text) => element("li", { textContent: text }))));
  } catch {
    toast(say("needsNetwork"));
  }
}
function draw() {
  if (state.goods && !state.ended) {
    goods.show();
    return;
  }
  if (state.scanner && !state.ended) return scanner.show();
  if (state.finder && !state.ended) {
    finder.show();
    return;
  }
  const order = state.order && state.work.work_orders.find((one) => one.id === state.order);
  if (order && !state.ended) {
    desk.show(order);
    return;
  }
  const task = state.open && state.tasks.find((one) => one.id === state.open);
  if (state.shiftsOpen && !task && !state.ended) rota.show();
  else if (task && state.exception?.task === task.id && !state.ended) exceptions.show(task);
  else if (task && !state.ended) drawTask(task);
  else drawList();
}
async function drawBanner() {
  const count = await outbox.waiting();
  const banner = at("offline");
  banner.hidden = !count && navigator.onLine;
  banner.textContent = navigator.onLine ? say("sending", { count }) : say("offline", { count });
}
function toast(text, onUndo) {
  at("toast-text").textContent = text;
  at("undo").hidden = !onUndo;
  at("toast").hidden = false;
  undoing = onUndo || null;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => {
    at("toast").hidden = true;
    undoing = null;
  }, UNDO_MS);
}
function stop(text, onOverride) {
  at("stop-text").textContent = text;
  at("override").hidden = !onOverride;
  at("override-name").value = "";
  overriding = onOverride || null;
  at("stop").hidden = false;
  at("stop-close").focus();
  navigator.vibrate?.([300, 100, 300]);
}

// What this device has noted goes to its disk with the outbox: a handheld that is switched off and on again must not ask
// for steps that are done and wait to be sent.
function note(task, progress) {
  state.progress[task] = progress;
  return outbox.keep("progress", state.progress);
}
function close() {
  state.open = null;
  history.replaceState(null, "", location.pathname);
}

// ---- work ----------------------------------------------------------------------------------------------------------
async function openTask(id) {
  state.open = id;
  state.order = null;
  history.replaceState(null, "", id ? `#${encodeURIComponent(id)}` : location.pathname);
  draw();
  at("main").focus();
  if (!id) return;
  try {
    const { status, body } = await get(`/v1/tasks/${encodeURIComponent(id)}`);
    if (status === 200) {
      state.detail[id] = body;
      if (state.open === id) draw();
    }
  } catch {
    // offline: the list's own facts will do
  }
}
async function perform(task, sends, progress, said) {
  const before = state.progress[task.id];
  const orders = [];
  for (const { verb, body } of sends) {
    const path = `/v1/tasks/${encodeURIComponent(task.id)}:${verb}`;
    orders.push({ verb, order: await outbox.add({ path, body, task: task.id, verb, before }) });
  }
  await note(task.id, progress);
  if (progress.delivered || progress.completed) close();
  draw();
  toast(say(said), () => undo(task, before, orders));
  await flush();
}
async function undo(task, before, orders) {
  for (const { verb, order } of orders.toReversed()) {
    const wasHere = await outbox.remove(order);
    if (!wasHere && verb === "pick") {
      await outbox.add({ path: `/v1/tasks/${encodeURIComponent(task.id)}:return`, body: { place: task.from_place }, task: task.id, verb: "return" });
    } else if (!wasHere && verb !== "start") return; // the server has it: it stays done
  }
  await note(task.id, before || {});
  state.open = task.id;
  draw();
  toast(say("undone"));
  await flush();
}
const finish = (task) => {
  const progress = state.progress[task.id] || {};
  const begin = isBegun(task, progress) ? [] : [{ verb: "start", body: {} }];
  return perform(task, [...begin, { verb: "complete", body: {} }], { ...progress, started: true, completed: true }, "completed");
};
async function comeShort(task) {
  const { send, progress } = onShort(task, state.progress[task.id] || {});
  if (send.length) return perform(task, send, progress, "shortNoted");
  await note(task.id, progress);
  draw();
  return toast(say("shortNoted"));
}
// A shelf that a task asked to count is counted: the task ends with it.
async function finishCount(id) {
  const task = state.tasks.find((one) => one.id === id);
  if (task) await finish(task);
}
function refused({ entry, answer }) {
  if (entry.verb === "photo") {
    desk.keepPhoto(entry, answer);
    return;
  }
  if (entry.goods) {
    goods.answered(entry, answer);
    return;
  }
  if (entry.work) {
    desk.putBack(entry);
    const told = answer.body.errors?.length ? answer.body.errors.map((one) => one.detail).join(", ") : answer.body.code || "";
    stop(`${answer.body.detail || say("refused")} (${told})`);
    return;
  }
  note(entry.task, entry.before || {});
  state.open = entry.task;
  const code = answer.body.code || "";
  const own = say(`refusal.${code}`); // in the reader's language; the server's words, which are English, where there is none
  const detail = answer.body.detail || say(answer.status === 409 ? "conflict" : "refused");
  const told = own.startsWith("refusal.") ? detail : own;
  stop(code ? `${told} (${code})` : told);
}
async function flush() {
  const answers = await outbox.flush();
  await drawBanner();
  for (const one of answers) {
    if (one.answer.status === 401) state.ended = true;
    else if (one.answer.status >= 400 && one.answer.status < 500 && one.answer.status !== 429) refused(one);
    else if (one.entry.work && one.entry.verb === "report") {
      const index = state.work.work_orders.findIndex((order) => order.id === one.answer.body.id);
      if (index >= 0) state.work.work_orders[index] = one.answer.body;
    } else if (one.answer.status < 300 && one.entry.goods) await goods.answered(one.entry, one.answer);
    else if (one.answer.status < 300 && one.answer.body.id) {
      const index = state.tasks.findIndex((task) => task.id === one.answer.body.id);
      if (index >= 0) state.tasks[index] = one.answer.body;
      if (one.entry.verb === "pick") await learnPicked(one.answer.body);
    }
  }
  if (answers.length) draw();
}
// The server has counted what the shelf gave: with less than asked the shelf is asked again, unless it was said to be empty.
async function learnPicked(task) {
  const progress = state.progress[task.id];
  if (!progress || progress.delivered || progress.completed) return;
  const isAll = task.picked >= task.quantity;
  await note(task.id, { ...progress, taken: 0, picked: isAll });
  if (!isAll && !progress.short) toast(say("takenSoFar", { taken: task.picked, count: task.quantity }));
}
// Gives the label on, at once or, where the scanner may have lost a separator, once a person has looked at the package.
function clear(text, then) {
  const other = otherReadingOf(text);
  if (!other) return then(text, false);
  const field = say(`doubt.${other.field}`);
  return ask(say("labelDoubt"), [
    { text: say("readCut", { field, value: other.cut, date: say(`doubt.${other.ai}`), day: other.day }), work: () => then(other.text, false) },
    { text: say("readWhole", { field, value: other.whole }), work: () => then(text, true) },
  ]);
}
function scanned(raw) {
  if (!at("stop").hidden || !at("ask").hidden) return;
  if (state.scanner) return scanner.scanned(raw);
  const text = scanner.plain(raw);
  if (state.goods) return goods.scanned(text);
  if (state.finder) return finder.scanned(text);
  const order = state.order && state.work.work_orders.find((one) => one.id === state.order);
  if (order) {
    desk.scanned(order, text);
    return;
  }
  const task = state.tasks.find((one) => one.id === state.open);
  if (!task) {
    if (goods.find(text)) return;
    const device = deviceOf(state.work, text);
    if (device) {
      desk.find(device);
      return;
    }
    const wanted = text.trim().toLowerCase();
    const found = state.tasks.find((one) => [one.id, one.from_place, one.subject_id].some((key) => String(key).toLowerCase() === wanted));
    if (found) openTask(found.id);
    return;
  }
  if (nextStep(task, state.progress[task.id] || {})?.key !== "scanItem") take(task, text);
  else clear(text, (label, asPrinted) => judge(task, label, asPrinted ? { is_as_printed: true } : {}));
}
// What is against a scanned item: a stop, a question, or nothing.
function judge(task, text, told) {
  const progress = state.progress[task.id] || {};
  const against = reasonAgainst({ ...task, picked: takenOf(task, progress) }, text, state.known, Date.now());
  if (!against) return take(task, text, told);
  if (against.standIn) {
    return ask(say(against.key, against.values), [
      { text: say("takeIt"), work: () => take(task, text, { ...told, is_substitute: true }), primary: true },
      { text: say("leaveIt") },
    ]);
  }
  const values = { ...against.values, why: say(against.values.why || "") };
  return stop(say(against.key, values), against.mayOverride ? (name) => take(task, text, { ...told, reason: `stale_list:${name}` }) : null);
}
function take(task, text, told = {}) {
  const pick = { body: told, portions: portionsOf(task), lot: readLabel(text).lot };
  const result = onScan(task, state.progress[task.id] || {}, text, pick);
  if (!result) return;
  if (result.stop) {
    stop(say("wrongPlace", { expected: placeName(result.stop.expected), found: placeName(result.stop.found) }));
    return;
  }
  navigator.vibrate?.(60);
  perform(task, result.send, result.progress, navigator.onLine ? result.said : "queued");
}
async function learnKnown() {
  try {
    const { status, body } = await get("/v1/handheld/knowledge");
    if (status === 200) {
      state.known = { ...body, got_at: Date.now() };
      setClock(state.known.at, state.known.got_at);
      await outbox.keep("known", state.known);
    }
  } catch {
    // offline: the list kept last time, with its age
  }
}
async function refresh() {
  if (await outbox.waiting()) await flush();
  try {
    const { status, body } = await get("/v1/tasks/mine");
    state.ended = status === 401;
    if (status === 200) {
      state.tasks = body.tasks;
      await outbox.keep("tasks", body.tasks);
      await forgetDone();
    }
  } catch {
    state.tasks = state.tasks.length ? state.tasks : (await outbox.kept("tasks")) || [];
  }
  await learnKnown();
  await desk.learn();
  await rota.learn();
  await drawBanner();
  // A form that somebody is filling in is drawn again only by what they do.
  if (at("stop").hidden && !state.exception && !document.activeElement?.closest("#work-form")) draw();
}
async function forgetDone() {
  const listed = new Set(state.tasks.map((task) => task.id));
  if (await outbox.waiting()) return;
  for (const id of Object.keys(state.progress)) if (!listed.has(id)) delete state.progress[id];
  await outbox.keep("progress", state.progress);
}
async function learnNames() {
  state.names = (await outbox.kept(`names-${language}`)) || state.names;
  try {
    const places = await everyPage("/v1/state/places", "places");
    const items = await everyPage("/v1/items", "items");
    if (places.length) {
      for (const place of places) state.names.places[place.id] = (language === "zh-CN" && place.name_zh) || place.name;
      for (const item of items) state.names.items[item.id] = item.name;
      await outbox.keep(`names-${language}`, state.names);
      draw();
    }
  } catch {
    // offline: the names kept last time
  }
}

// ---- beginning -----------------------------------------------------------------------------------------------------
async function begin() {
  document.documentElement.lang = language;
  document.title = say("title");
  at("title").textContent = say("title");
  at("language").textContent = say("otherLanguage");
  at("language").lang = language === "en" ? "zh-CN" : "en";
  at("scan-label").textContent = say("scanLabel");
  at("scan-go").textContent = say("ok");
  at("stop-title").textContent = say("wrong");
  at("stop-close").textContent = say("understood");
  at("undo").textContent = say("undo");
  at("main").replaceChildren(element("p", { textContent: say("loading") }));

  outbox = await openOutbox(sendStep, occurredAt);
  outbox.onChange = drawBanner;
  state.progress = (await outbox.kept("progress")) || {};
  state.known = (await outbox.kept("known")) || null; // its clock is needed before the first step is sent
  if (state.known) setClock(state.known.at, state.known.got_at);
  // A scanner types into whatever field has the focus: what stood there before the scan is put back.
  let typedInto = null;
  const wedge = new Wedge((text) => {
    const field = typedInto && document.getElementById(typedInto.id);
    if (field) field.value = typedInto.before;
    typedInto = null;
    scanned(text);
  });
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest?.("#work-form") ? event.target : null;
    if (event.target === at("scan") || (field && !state.goods)) return; // typed there, not scanned
    if (wedge.isFresh()) typedInto = field && "value" in field ? { id: field.id, before: field.value } : null;
    if (wedge.key(event.key)) event.preventDefault();
  });
  at("scan-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = at("scan").value;
    at("scan").value = "";
    if (text) scanned(text);
  });
  at("stop-close").addEventListener("click", () => {
    at("stop").hidden = true;
    draw();
  });
  at("override-label").textContent = say("overrideName");
  at("override-go").textContent = say("override");
  at("override").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = at("override-name").value.trim();
    if (!name || !overriding) return;
    at("stop").hidden = true;
    overriding(name);
  });
  at("undo").addEventListener("click", () => undoing?.());
  at("language").addEventListener("click", () => {
    keepLanguage(language === "en" ? "zh-CN" : "en");
    location.reload();
  });
  cameraDesk({ at, say, toast, scanned }).begin();
  window.addEventListener("online", refresh);
  window.addEventListener("offline", drawBanner);
  navigator.serviceWorker?.register("/m/sw.js", { scope: "/m/" });
  const opened = decodeURIComponent(location.hash.slice(1));
  if (opened === "shifts:") state.shiftsOpen = true;
  else if (opened.startsWith("work:")) state.order = opened.slice(5);
  else state.open = opened || null;
  state.drafts = (await outbox.kept("drafts")) || {};
  state.photos = (await outbox.kept("photos")) || [];
  await goods.begin();
  await refresh();
  learnNames();
  setInterval(refresh, REFRESH_MS);
}
begin();
