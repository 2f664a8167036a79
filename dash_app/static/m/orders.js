// Work orders on the handheld: the list, one order, and what waits to be sent of it.
import { get } from "/m/api.js";
import { EMPTY, isOpenOrder, lacksOf, meaningOf, ordersOf, reportOf } from "/m/work.js";
import { element, workScreen } from "/m/workscreen.js";

const FIELDS = "#work-form input, #work-form select, #work-form button";

// `app`: the handheld's state, outbox and screens, as app.js holds them.
export function orderDesk({ state, box, at, draw, toast, stop, flush, say, placeName, language }) {
  function deviceById(id) {
    return (state.work.devices || []).find((device) => device.id === id) || null;
  }
  function orderCard(order) {
    const late = order.due_at && Date.parse(order.due_at) < Date.now();
    const device = deviceById(order.asset);
    const title = `${device?.name || order.asset} · ${order.title || say(`work.${order.kind}`)}`;
    const facts = [device?.control_no, device?.place ? placeName(device.place) : "", say(`state.${order.state}`)].filter(Boolean).join(" · ");
    const button = element("button", { type: "button", className: late ? "card late" : "card" });
    button.append(element("p", {}, element("strong", { textContent: title })), element("p", { className: "secondary", textContent: facts }));
    if (late) button.append(element("p", { className: "late", textContent: say("late") }));
    button.addEventListener("click", () => openOrder(order.id));
    return button;
  }
  function cardsShown() {
    const orders = (state.work.work_orders || []).filter((order) => isOpenOrder(order) && !state.drafts[order.id]?.signed);
    const asked = state.asked ? orders.filter((order) => order.asset === state.asked) : orders;
    const all = state.asked ? [element("button", { type: "button", id: "all-orders", textContent: say("allOrders") })] : [];
    all[0]?.addEventListener("click", () => {
      state.asked = null;
      draw();
    });
    return asked.length ? [element("h2", { textContent: say("workOrders") }), ...all, ...asked.map(orderCard)] : [];
  }
  const draftOf = (order) => state.drafts[order.id] || EMPTY;
  const day = (text) => new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(new Date(text));

  function openOrder(id) {
    state.order = id;
    state.open = null;
    history.replaceState(null, "", id ? `#work:${encodeURIComponent(id)}` : location.pathname);
    draw();
    at("main").focus();
  }
  // What is typed is kept on the device at once: a flat battery must not cost a checklist.
  async function note(order, change) {
    const before = draftOf(order);
    const answers = { ...before.answers, ...(change.answers || {}) };
    for (const [step, value] of Object.entries(answers)) if (value === undefined) delete answers[step];
    state.drafts[order.id] = { ...before, ...change, answers };
    draw();
    await box().keep("drafts", state.drafts);
  }
  function drawOrder(order) {
    const focused = document.activeElement?.closest("#work-form") ? [...document.querySelectorAll(FIELDS)].indexOf(document.activeElement) : -1;
    const tools = {
      say,
      day,
      placeName,
      set: (change) => note(order, change),
      photo: (step, file) => takePhoto(order, step, file),
      accept: () => accept(order),
      save: () => sendReport(order, false),
      sign: () => sendReport(order, true),
      back: () => openOrder(null),
    };
    at("main").replaceChildren(...workScreen(order, deviceById(order.asset), draftOf(order), tools), ...paperCards(order), ...photoCards(order));
    if (focused >= 0) document.querySelectorAll(FIELDS)[focused]?.focus();
  }
  async function accept(order) {
    await note(order, { accepted: true });
    const body = { ...reportOf(order, { ...EMPTY, accepted: true }, false), answers: [] };
    await queueReport(order, body, "accepted", EMPTY);
  }
  async function takePhoto(order, step, file) {
    const name = `${step.id}-${new Date().toISOString().replaceAll(":", "-")}.${file.type === "image/png" ? "png" : "jpg"}`;
    const path = `/v1/documents?subject=${encodeURIComponent(order.id)}&name=${encodeURIComponent(name)}`;
    await box().add({ path, blob: file, work: order.id, verb: "photo" });
    await note(order, { answers: { [step.id]: name } });
    await flush();
  }
  // A photo that the server refused (too large, no picture, a closed order) may be the only one there will ever be of a
  // fault: it stays on this device until somebody sends it again or throws it away.
  async function keepPhoto(entry, answer) {
    const detail = answer.body.detail || say("refused");
    state.photos = [...state.photos, { path: entry.path, blob: entry.blob, work: entry.work || entry.task, detail, at: Date.now() }];
    await box().keep("photos", state.photos);
    stop(say("photoRefused", { detail }));
    draw();
  }
  async function dropPhoto(photo) {
    state.photos = state.photos.filter((one) => one !== photo);
    await box().keep("photos", state.photos);
    draw();
  }
  async function sendAgain(photo) {
    await box().add({ path: photo.path, blob: photo.blob, work: photo.work, verb: "photo" });
    await dropPhoto(photo);
    await flush();
  }
  // What is kept about the order, such as the plot of a drift: opened from the hospital, so that it needs the network.
  function paperCards(order) {
    const papers = (state.work.papers || {})[order.id] || [];
    if (!papers.length) return [];
    const links = papers.map((paper) => element("a", { href: `/v1/documents/${encodeURIComponent(paper.id)}`, target: "_blank", rel: "noopener", textContent: paper.name }));
    return [element("div", { className: "card papers" }, element("p", { textContent: say("papers") }), ...links)];
  }
  function photoCards(order) {
    return state.photos.filter((photo) => photo.work === order.id).map((photo) => {
      const again = element("button", { type: "button", textContent: say("photoRetry") });
      again.addEventListener("click", () => sendAgain(photo));
      const away = element("button", { type: "button", textContent: say("photoDrop") });
      away.addEventListener("click", () => dropPhoto(photo));
      return element("div", { className: "card late photo-kept" }, element("p", { textContent: say("photoRefused", { detail: photo.detail }) }), element("div", { className: "acts" }, again, away));
    });
  }
  async function sendReport(order, signs) {
    const draft = draftOf(order);
    if (signs && lacksOf(order, draft).length) return;
    const rest = signs ? { ...draft, signed: true } : { ...EMPTY, accepted: true, confirmed: draft.confirmed, place: draft.place, acceptance: draft.acceptance, mains: draft.mains, safetyTest: draft.safetyTest };
    await queueReport(order, reportOf(order, draft, signs), signs ? "signed" : "saved", draft, rest);
  }
  async function queueReport(order, body, said, before, rest = null) {
    const path = `/v1/handheld/work-orders/${encodeURIComponent(order.id)}/report`;
    const number = await box().add({ path, body, work: order.id, verb: "report", before });
    if (rest) {
      state.drafts[order.id] = rest;
      // Until the server has answered, what was sent stands on the screen as found.
      order.answers = [...order.answers, ...body.answers];
      if (rest.signed) state.order = null;
      await box().keep("drafts", state.drafts);
    }
    if (order.state === "open") order.state = "in_progress";
    draw();
    toast(say(navigator.onLine ? said : "queued"), () => takeBack(order, number, before));
    await flush();
  }
  async function takeBack(order, number, before) {
    if (!(await box().remove(number))) return toast(say("sentAlready"));
    state.drafts[order.id] = before;
    await box().keep("drafts", state.drafts);
    state.order = order.id;
    draw();
    toast(say("undone"));
  }
  function scannedAtOrder(order, text) {
    const meaning = meaningOf(state.work, order, text, (scan) => Boolean(placeIdOf(scan)));
    if (meaning.key === "otherDevice") return stop(say("otherDevice", { found: meaning.device.name, expected: deviceById(order.asset)?.name || order.asset }));
    navigator.vibrate?.(60);
    if (meaning.key === "device") {
      note(order, { confirmed: true });
      if (order.state === "open" && !draftOf(order).accepted) accept(order);
      return;
    }
    if (meaning.key === "place") return note(order, { place: placeIdOf(text) });
    const place = draftOf(order).place || "";
    note(order, { parts: [...draftOf(order).parts, { scan: text.trim(), quantity: 1, place, placeName: placeName(place) }] });
  }
  function placeIdOf(scan) {
    const wanted = scan.trim().toLowerCase();
    return Object.keys(state.names.places).find((id) => id.toLowerCase() === wanted) || "";
  }
  async function learnWork() {
    try {
      const { status, body } = await get("/v1/handheld/work-orders");
      if (status === 200) {
        state.work = body;
        const open = new Set(body.work_orders.map((order) => order.id));
        for (const id of Object.keys(state.drafts)) if (!open.has(id)) delete state.drafts[id];
        await box().keep("work", body);
      } else if (status === 403) state.work = { work_orders: [], devices: [] }; // this person does no work orders
    } catch {
      state.work = state.work.work_orders.length ? state.work : (await box().kept("work")) || state.work;
    }
  }

  function scannedDevice(device) {
    const orders = ordersOf(state.work, device.id);
    navigator.vibrate?.(60);
    if (orders.length === 1) {
      openOrder(orders[0].id);
      scannedAtOrder(orders[0], device.id);
      return;
    }
    if (!orders.length) return toast(say("noWork", { device: device.name }));
    state.asked = device.id;
    draw();
  }
  function putBack(entry) {
    state.drafts[entry.work] = entry.before || state.drafts[entry.work] || EMPTY;
    state.order = entry.work;
  }
  return { cards: cardsShown, show: drawOrder, scanned: scannedAtOrder, find: scannedDevice, learn: learnWork, putBack, keepPhoto, photos: photoCards };
}
