// Goods on the handheld: take them in, count a shelf blind, or say what a case used and what of its cart goes back. By
// scans; kept on the device until the server has them.
import { get, inquire } from "/m/api.js";
import { readLabel } from "/m/label.js";
import { element } from "/m/workscreen.js";

const EMPTY = { mode: "", place: "", lines: [], order: "", isLast: false, reason: "", isAll: false, item: "", task: "", cart: "" };
const TITLES = { receive: "receiveGoods", count: "countShelf", case: "closeCase" };
const SENDS = { receive: "putIntoStock", count: "sendCount", case: "sendCase" };

const ORDER = /^PO-\d{4}-\d{5,}$/i; // the number of an order, typed or scanned from its paper

const clock = (text) => new Date(text).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

// `app`: the handheld's state, outbox and screens, as app.js holds them; `clear` asks where a label can be read twice.
export function goodsDesk({ state, box, at, draw, toast, stop, flush, say, placeName, clear, finish }) {
  const view = { orders: [], carts: [], kept: [] };
  const heard = new Set(); // keys of what the server has answered: two senders may hear of one answer

  async function note(change) {
    if (!state.goods) return;
    state.goods = { ...state.goods, ...change };
    draw();
    await box().keep("goods", state.goods);
  }
  async function close() {
    state.goods = null;
    draw();
    await box().keep("goods", null);
  }
  async function begin() {
    state.goods = (await box().kept("goods")) || null;
    view.kept = (await box().kept("goods-refused")) || [];
    view.orders = (await box().kept("orders-open")) || [];
    view.carts = (await box().kept("carts-open")) || [];
  }
  // The number of an order opens its receipt, whatever else is on the list.
  function find(text) {
    const number = text.trim().toUpperCase();
    if (!state.known?.may_move || !ORDER.test(number)) return false;
    open("receive");
    chooseOrder(number);
    return true;
  }
  function chooseOrder(id) {
    const order = view.orders.find((one) => one.id === id);
    // The store that ordered is where the goods go, until somebody scans another shelf.
    return note({ order: id, place: state.goods.place || order?.place || "" });
  }
  function open(mode, preset = {}) {
    state.goods = { ...EMPTY, mode, ...preset };
    draw();
    at("main").focus();
    if (mode === "receive") learnOrders();
    if (mode === "case") learnCarts();
  }
  async function learnOrders() {
    try {
      const { status, body } = await get("/v1/purchase-orders?limit=200");
      if (status !== 200) return;
      view.orders = body.orders.filter((order) => (order.state === "approved" || order.state === "sent") && !order.is_bill_only);
      await box().keep("orders-open", view.orders);
      const chosen = state.goods?.mode === "receive" && state.goods.order;
      if (chosen && !view.orders.some((one) => one.id === chosen)) {
        stop(say("noSuchOrder", { order: chosen }));
        await note({ order: "" });
      } else if (chosen) await chooseOrder(chosen);
      else if (state.goods) draw();
    } catch {
      // offline: the orders kept last time
    }
  }
  async function learnCarts() {
    try {
      const [carts, kits] = await Promise.all([get("/v1/case-carts?limit=200"), get("/v1/kits?limit=200")]);
      if (carts.status !== 200) return;
      const names = Object.fromEntries((kits.body.kits || []).map((kit) => [kit.id, kit.name]));
      view.carts = carts.body.carts.map((cart) => ({ ...cart, name: names[cart.kit] || cart.kit }));
      await box().keep("carts-open", view.carts);
      if (state.goods) draw();
    } catch {
      // offline: the carts kept last time
    }
  }
  // What the label stands for here; offline the line shows what the label itself says.
  async function resolve(scan) {
    try {
      const { status, body } = await inquire("/v1/scans", { scan });
      const facts = status === 200 ? { name: body.item_name || say("unknownLabel"), size: body.package_quantity || 1 } : {};
      if (status === 422) {
        stop(body.detail || say("refused"));
        return note({ lines: state.goods.lines.filter((line) => line.scan !== scan) });
      }
      if (state.goods) await note({ lines: state.goods.lines.map((line) => (line.scan === scan ? { ...line, ...facts } : line)) });
    } catch {
      // offline: the server reads it when it is sent
    }
    return null;
  }
  function placeIdOf(scan) {
    const wanted = scan.trim().toLowerCase();
    return Object.keys(state.names.places).find((id) => id.toLowerCase() === wanted) || "";
  }
  function scanned(text) {
    const place = placeIdOf(text);
    if (place) return note({ place });
    if (state.goods.mode === "receive" && ORDER.test(text.trim())) {
      learnOrders();
      return chooseOrder(text.trim().toUpperCase());
    }
    if (state.goods.mode === "case" ? !state.goods.cart : !state.goods.place) return toast(say(state.goods.mode === "case" ? "chooseCase" : "scanShelfFirst"));
    return clear(text, (scan, asPrinted) => add(scan, asPrinted));
  }
  async function add(scan, asPrinted) {
    navigator.vibrate?.(60);
    const known = state.goods.lines.findIndex((line) => line.scan === scan);
    if (known >= 0) {
      // The same label again: one package more; a count is keyed, never guessed from scans.
      const lines = state.goods.lines.map((line, index) => (index === known && state.goods.mode !== "count" ? { ...line, count: line.count + 1 } : line));
      await note({ lines });
      document.getElementById(`goods-count-${known}`)?.focus();
      return;
    }
    const label = readLabel(scan);
    const line = { scan, asPrinted, name: "", gtin: label.gtin, lot: label.lot, expiry: label.expiry, size: 1, count: state.goods.mode === "count" ? "" : 1, isReturned: false, lotTyped: "", expiryTyped: "" };
    await note({ lines: [...state.goods.lines, line] });
    document.getElementById(`goods-count-${state.goods.lines.length - 1}`)?.focus();
    resolve(scan);
  }
  // Without drawing: a button that is pressed to end the typing must still be the same button when it is let go.
  function setLine(index, change) {
    state.goods = { ...state.goods, lines: state.goods.lines.map((line, at) => (at === index ? { ...line, ...change } : line)) };
    box().keep("goods", state.goods);
    return Object.values(change)[0];
  }

  // ---- screens -----------------------------------------------------------------------------------------------------
  function labelled(text, field, hint = "") {
    const made = element("label", { className: "field" }, element("span", { textContent: text }), field);
    if (hint) made.append(element("small", { textContent: hint }));
    return made;
  }
  function input(id, value, onPick, attributes = {}) {
    const field = element("input", { id, defaultValue: String(value ?? ""), autocomplete: "off", ...attributes });
    field.addEventListener("change", () => {
      field.defaultValue = String(onPick(field.value.trim()));
      field.value = field.defaultValue;
    });
    return field;
  }
  function choice(id, options, value, onPick) {
    const field = element("select", { id }, ...options.map(([key, name]) => element("option", { value: key, textContent: name })));
    field.value = value;
    field.addEventListener("change", () => onPick(field.value));
    return field;
  }
  function check(id, value, onPick) {
    const field = element("input", { id, type: "checkbox", checked: value });
    field.addEventListener("change", () => onPick(field.checked));
    return field;
  }
  function button(text, work, primary = false) {
    const made = element("button", { type: "button", textContent: text, className: primary ? "primary" : "" });
    made.addEventListener("click", work);
    return made;
  }
  function lineFields(line, index) {
    const isReceipt = state.goods.mode === "receive";
    const isCase = state.goods.mode === "case";
    const whole = (text) => (text === "" ? "" : Math.max(isReceipt || isCase ? 1 : 0, Math.round(Number(text)) || 0));
    const name = line.name || line.gtin || line.scan;
    const facts = [line.lot ? `${say("lotTyped")} ${line.lot}` : "", line.expiry, line.size > 1 ? say("packOf", { count: line.size }) : ""].filter(Boolean).join(" · ");
    const count = input(`goods-count-${index}`, line.count, (text) => setLine(index, { count: whole(text) }), { inputMode: "numeric" });
    const fields = [labelled(`${name} – ${say(isReceipt || isCase ? "packs" : "unitsSeen")}`, count, facts)];
    if (isReceipt && !line.lot) fields.push(labelled(say("lotTyped"), input(`goods-lot-${index}`, line.lotTyped, (text) => setLine(index, { lotTyped: text }), { maxLength: 60 })));
    if (isReceipt && !line.expiry) fields.push(labelled(say("expiryTyped"), input(`goods-expiry-${index}`, line.expiryTyped, (text) => setLine(index, { expiryTyped: text }), { type: "date" })));
    if (isCase) fields.push(labelled(say("goesBack"), check(`goods-back-${index}`, line.isReturned, (value) => note({ lines: state.goods.lines.map((one, at) => (at === index ? { ...one, isReturned: value } : one)) }))));
    const away = button(say("remove"), () => note({ lines: state.goods.lines.filter((_, at) => at !== index) }));
    away.setAttribute("aria-label", `${say("remove")}: ${name}`);
    return element("div", { className: "card goods-line" }, ...fields, away);
  }
  function orderFields() {
    const order = view.orders.find((one) => one.id === state.goods.order);
    const options = [["", say("noOrder")], ...view.orders.map((one) => [one.id, `${one.id} · ${one.supplier}`])];
    // Chosen by its number before the list has come: it stays chosen.
    if (state.goods.order && !order) options.push([state.goods.order, state.goods.order]);
    const fields = [labelled(say("forOrder"), choice("goods-order", options, state.goods.order, chooseOrder), say("orItsNumber"))];
    if (!order) return fields;
    const missing = order.lines.filter((line) => line.quantity > line.received).map((line) => `${state.names.items[line.item] || line.item} ${line.quantity - line.received}`);
    fields.push(element("p", { className: "secondary", textContent: say("expectedOf", { list: missing.join(", ") || "–" }) }));
    fields.push(labelled(say("lastDelivery"), check("goods-last", state.goods.isLast, (value) => note({ isLast: value }))));
    if (state.goods.isLast) fields.push(labelled(say("whyLast"), input("goods-reason", state.goods.reason, setReason, { maxLength: 200 }), say("whyLastHint")));
    return fields;
  }
  function setReason(reason) {
    state.goods = { ...state.goods, reason };
    box().keep("goods", state.goods);
    return reason;
  }
  // Shelves only: of beds, corridors and lifts none is chosen, and one whose name another has too bears its id.
  function shelves() {
    const named = (id) => state.names.places[id] || id;
    const known = state.known?.shelves?.length ? state.known.shelves : Object.keys(state.names.places);
    const ids = [...new Set([...known, ...(state.goods.place ? [state.goods.place] : [])])];
    const count = {};
    for (const id of ids) count[named(id)] = (count[named(id)] || 0) + 1;
    const text = (id) => (count[named(id)] > 1 ? `${named(id)} · ${id}` : named(id));
    return ids.map((id) => [id, text(id)]).sort((left, right) => left[1].localeCompare(right[1]));
  }
  function caseFields() {
    const options = [["", "–"], ...view.carts.map((cart) => [cart.id, `${cart.name} · ${placeName(cart.place)} · ${clock(cart.due_at)}`])];
    return [labelled(say("caseCart"), choice("goods-cart", options, state.goods.cart, (cart) => note({ cart })), view.carts.length ? "" : say("noCarts"))];
  }
  function hintOf(goods) {
    if (goods.mode === "case") return say(goods.cart ? "scanCase" : "chooseCase");
    return say(goods.place ? "scanGoods" : "scanShelfFirst");
  }
  function show() {
    const goods = state.goods;
    const isReceipt = goods.mode === "receive";
    const isCase = goods.mode === "case";
    // What is being typed is not in the draft yet: an answer that comes meanwhile must not wipe it out.
    const active = document.activeElement?.closest("#work-form") ? document.activeElement : null;
    const focused = active?.id || "";
    const typed = active && "defaultValue" in active && active.value !== active.defaultValue ? active.value : null;
    const places = shelves();
    const title = say(TITLES[goods.mode]);
    const form = element("form", { id: "work-form", onsubmit: (event) => event.preventDefault() },
      ...(isCase ? caseFields() : []),
      labelled(say(isCase ? "returnTo" : "goodsPlace"), choice("goods-place", [["", "–"], ...places], goods.place, (place) => note({ place }))),
      ...(isReceipt ? orderFields() : []),
      element("p", { className: "secondary", textContent: hintOf(goods) }),
      ...goods.lines.map(lineFields),
      ...(isReceipt || isCase ? [] : [labelled(say("thatIsAll"), check("goods-all", goods.isAll, (value) => note({ isAll: value })))]),
    );
    at("main").replaceChildren(
      element("h2", { textContent: goods.item ? say("countOf", { item: state.names.items[goods.item] || goods.item }) : title }),
      form,
      element("div", { className: "acts" },
        button(say(SENDS[goods.mode]), send, true),
        button(say("back"), leave),
        button(say("discard"), close),
      ),
    );
    const field = focused ? document.getElementById(focused) : null;
    if (field && typed !== null) field.value = typed;
    field?.focus();
  }
  // Back keeps what was scanned; it waits in the list until it is sent or discarded.
  async function leave() {
    const goods = state.goods;
    if (goods.lines.length) {
      view.kept = [...view.kept, { goods, detail: "" }];
      await box().keep("goods-refused", view.kept);
    }
    await close();
  }
  function entries() {
    if (!state.known?.may_move) return [];
    const receive = button(say("receiveGoods"), () => open("receive"));
    const count = button(say("countShelf"), () => open("count"));
    const closing = button(say("closeCase"), () => open("case"));
    receive.id = "goods-receive";
    count.id = "goods-count";
    closing.id = "goods-case";
    return [element("div", { className: "acts" }, receive, count, closing), ...view.kept.map(keptCard)];
  }
  function keptCard(kept) {
    const { goods, detail } = kept;
    const title = `${say(TITLES[goods.mode])} · ${placeName(goods.place)} (${goods.lines.length})`;
    const mend = button(say("correctIt"), async () => {
      await forget(kept);
      open(goods.mode, goods);
    });
    const away = button(say("discard"), async () => {
      await forget(kept);
      draw();
    });
    const texts = [element("p", {}, element("strong", { textContent: title })), ...(detail ? [element("p", { className: "late", textContent: say("refusedGoods", { detail }) })] : [])];
    return element("div", { className: "card late goods-kept" }, ...texts, element("div", { className: "acts" }, mend, away));
  }
  async function forget(kept) {
    view.kept = view.kept.filter((one) => one !== kept);
    await box().keep("goods-refused", view.kept);
  }

  // ---- sending -----------------------------------------------------------------------------------------------------
  function bodyOf(goods) {
    if (goods.mode === "count") {
      const lines = goods.lines.map((line) => ({ scan: line.scan, quantity: line.count === "" ? 0 : line.count, is_as_printed: Boolean(line.asPrinted) }));
      return { place: goods.place, lines, is_all: goods.isAll, items: goods.item ? [goods.item] : [] };
    }
    if (goods.mode === "case") {
      const lines = goods.lines.map((line) => ({ scan: line.scan, packages: Number(line.count) || 1, is_returned: Boolean(line.isReturned), is_as_printed: Boolean(line.asPrinted) }));
      return { lines, return_to: goods.place };
    }
    const lines = goods.lines.map((line) => ({ place: goods.place, scan: line.scan, packages: Number(line.count) || 1, lot_number: line.lotTyped, expires_on: line.expiryTyped, is_as_printed: Boolean(line.asPrinted) }));
    return goods.order ? { lines, is_last: goods.isLast, reason: goods.isLast ? goods.reason || "" : "" } : { lines };
  }
  function pathOf(goods) {
    if (goods.mode === "count") return "/v1/handheld/counts";
    if (goods.mode === "case") return `/v1/handheld/case-carts/${encodeURIComponent(goods.cart)}/closing`;
    return goods.order ? `/v1/purchase-orders/${encodeURIComponent(goods.order)}:receive` : "/v1/stock/receipts";
  }
  async function send() {
    const goods = state.goods;
    document.activeElement?.blur(); // what is being typed counts
    if (goods.mode === "case") {
      if (!goods.cart) return toast(say("chooseCase"));
      if (!goods.place && state.goods.lines.some((line) => line.isReturned)) return toast(say("sayWhereTo"));
    } else if (!goods.place) return toast(say("scanShelfFirst"));
    // A case may have used nothing of its cart that has a label; an empty receipt or count says nothing.
    if (goods.mode !== "case" && !state.goods.lines.length && !goods.isAll) return toast(say("nothingScanned"));
    const sent = state.goods;
    const number = await box().add({ path: pathOf(sent), body: bodyOf(sent), goods: sent, verb: sent.mode });
    await close();
    if (sent.task) await finish(sent.task);
    toast(say(navigator.onLine ? "sent" : "queued"), () => takeBack(number, sent));
    await flush();
    return null;
  }
  async function takeBack(number, goods) {
    if (!(await box().remove(number))) return toast(say("sentAlready"));
    open(goods.mode, goods);
    return toast(say("undone"));
  }
  // The server's word on what was sent; a refusal keeps all that was scanned.
  async function answered(entry, answer) {
    if (heard.has(entry.key)) return;
    heard.add(entry.key);
    if (answer.status >= 300) {
      const fields = (answer.body.errors || []).map((one) => one.detail).filter(Boolean).join(", ");
      const detail = [answer.body.detail || say("refused"), fields].filter(Boolean).join(" ");
      view.kept = [...view.kept, { goods: entry.goods, detail }];
      await box().keep("goods-refused", view.kept);
      stop(detail);
    } else if (entry.verb === "count") {
      toast(say("countNoted", { waiting: answer.body.waiting, recount: answer.body.to_recount }));
    } else if (entry.verb === "case") {
      view.carts = view.carts.filter((cart) => cart.id !== answer.body.id);
      await box().keep("carts-open", view.carts);
      toast(say("caseClosed"));
    } else {
      const list = (answer.body.differences || []).map((one) => `${state.names.items[one.item] || one.item} ${one.received}/${one.ordered}`);
      toast(list.length ? say("receivedDiffers", { list: list.join(", ") }) : say("received"));
    }
    draw();
  }
  return { begin, entries, find, open, show, scanned, answered };
}
