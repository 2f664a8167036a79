// Find me one on the handheld: choose a kind, say where you are, see the nearest free devices, reserve and give back.
import { get, sendStep } from "/m/api.js";
import { uuid7 } from "/m/outbox.js";
import { element } from "/m/workscreen.js";

// `app`: the handheld's state and screens, as app.js holds them. Needs the network: what is free changes by the minute.
export function finderDesk({ state, at, draw, toast, say, placeName }) {
  const view = { kinds: [], kept: [], found: null };

  const kindName = (kind) => {
    const known = say(`kind.${kind}`);
    return known === `kind.${kind}` ? kind.replaceAll("_", " ") : known;
  };
  async function ask(path) {
    try {
      const { status, body } = await get(path);
      if (status === 200) return body;
      toast(body.detail || say("refused"));
    } catch {
      toast(say("needsNetwork"));
    }
    return null;
  }
  async function learn() {
    const body = await ask("/v1/devices/finder");
    if (body) Object.assign(view, body);
    if (state.finder) draw();
  }
  async function search() {
    view.found = null;
    if (state.finder.kind && state.finder.place) {
      const asked = `category=${encodeURIComponent(state.finder.kind)}&start=${encodeURIComponent(state.finder.place)}`;
      const body = await ask(`/v1/assets/find?${asked}`);
      view.found = body ? body.devices : null;
    }
    if (state.finder) draw();
  }
  async function act(asset, verb, said) {
    try {
      const { status, body } = await sendStep({ path: `/v1/assets/${encodeURIComponent(asset)}/${verb}`, body: {}, key: uuid7() });
      toast(status < 300 ? say(said) : body.detail || say("refused"));
    } catch {
      toast(say("needsNetwork"));
      return;
    }
    await learn();
    await search();
  }
  function open() {
    state.finder = { kind: "", place: "" };
    view.found = null;
    draw();
    at("main").focus();
    learn();
  }
  function close() {
    state.finder = null;
    draw();
  }
  function choice(id, text, options, value, onPick) {
    const field = element("select", { id }, element("option", { value: "", textContent: "–" }), ...options.map(([key, name]) => element("option", { value: key, textContent: name })));
    field.value = value;
    field.addEventListener("change", () => onPick(field.value));
    return element("label", { className: "field" }, element("span", { textContent: text }), field);
  }
  function button(text, work, primary = false) {
    const made = element("button", { type: "button", textContent: text, className: primary ? "primary" : "" });
    made.addEventListener("click", work);
    return made;
  }
  function foundCard(device) {
    const where = say("walk", { place: placeName(device.place) || say("placeUnknown"), seconds: Math.round(device.seconds) });
    const seen = say("seenAgo", { minutes: Math.round(device.age_s / 60), confidence: Math.round(device.confidence * 100) });
    const reserve = button(say("reserve"), () => act(device.asset, "reservation", "reserved"), true);
    reserve.setAttribute("aria-label", `${say("reserve")}: ${device.name}`);
    return element("div", { className: "card" },
      element("p", {}, element("strong", { textContent: device.name })),
      element("p", { textContent: where }),
      element("p", { className: "secondary", textContent: seen }),
      reserve,
    );
  }
  function keptCard(one) {
    const back = button(say("giveBack"), () => act(one.asset, "return", "givenBack"));
    back.setAttribute("aria-label", `${say("giveBack")}: ${one.name}`);
    const how = say(one.is_reservation ? "reserved" : "held");
    return element("div", { className: "card" }, element("p", {}, element("strong", { textContent: one.name }), ` · ${how}`), back);
  }
  function show() {
    const kinds = view.kinds.map((kind) => [kind.category, `${kindName(kind.category)} · ${say("freeCount", { count: kind.free })}`]);
    const places = Object.entries(state.names.places).sort((left, right) => left[1].localeCompare(right[1]));
    const pick = (change) => {
      state.finder = { ...state.finder, ...change };
      search();
    };
    const found = view.found === null ? [] : view.found.length ? view.found.map(foundCard) : [element("p", { id: "find-none", textContent: say("noneFree") })];
    const kept = view.kept.length ? [element("h2", { textContent: say("keptByMe") }), ...view.kept.map(keptCard)] : [];
    at("main").replaceChildren(
      element("h2", { textContent: say("findDevice") }),
      element("form", { id: "work-form", onsubmit: (event) => event.preventDefault() },
        choice("find-kind", say("whatNeeded"), kinds, state.finder.kind, (kind) => pick({ kind })),
        choice("find-place", say("whereAreYou"), places, state.finder.place, (place) => pick({ place })),
      ),
      ...found,
      ...kept,
      element("div", { className: "acts" }, button(say("back"), close)),
    );
  }
  // A place's mark, scanned, says where one stands.
  function scanned(text) {
    const wanted = text.trim().toLowerCase();
    const place = Object.keys(state.names.places).find((id) => id.toLowerCase() === wanted);
    if (!place) return toast(say("noSuchPlace", { text }));
    state.finder.place = place;
    return search();
  }
  function entry() {
    const made = button(say("findDevice"), open);
    made.id = "find-device";
    return made;
  }
  return { entry, show, scanned };
}
