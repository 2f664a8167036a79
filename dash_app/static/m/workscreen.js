// The screen of one work order: checklist with limits, parts, time, sign.
import { FINDINGS, answersOf, isWithin, lacksOf, limitsOf } from "/m/work.js";

export function element(tag, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}

function labelled(text, field, hint = "") {
  const label = element("label", { className: "field" }, element("span", { textContent: text }), field);
  if (hint) label.append(element("small", { textContent: hint }));
  return label;
}

function choiceField(options, value, onPick) {
  const field = element("select", {}, ...options.map(([key, text]) => element("option", { value: key, textContent: text })));
  field.value = value ?? "";
  field.addEventListener("change", () => onPick(field.value));
  return field;
}

function checkField(value, onPick) {
  const field = element("input", { type: "checkbox", checked: value === true });
  field.addEventListener("change", () => onPick(field.checked));
  return field;
}

function textField(value, onPick, attributes = {}) {
  const field = element("input", { value: value ?? "", ...attributes });
  field.addEventListener("change", () => onPick(field.value.trim()));
  return field;
}

function stepField(step, value, { say, set, photo }) {
  const put = (found) => set({ answers: { [step.id]: found } });
  if (step.kind === "check") {
    const options = [["", "–"], ["yes", say("yes")], ["no", say("no")]];
    const shown = value === undefined ? "" : value ? "yes" : "no";
    return choiceField(options, shown, (picked) => put(picked === "" ? undefined : picked === "yes"));
  }
  if (step.kind === "choice") {
    return choiceField([["", "–"], ...step.choices.map((one) => [one, one])], value, (picked) => put(picked || undefined));
  }
  if (step.kind === "number") {
    const read = (text) => (text === "" ? undefined : Number(text.replace(",", ".")));
    return textField(value, (text) => put(read(text)), { inputMode: "decimal", autocomplete: "off" });
  }
  if (step.kind === "photo") {
    const field = element("input", { type: "file", accept: "image/*", capture: "environment" });
    field.addEventListener("change", () => field.files[0] && photo(step, field.files[0]));
    return field;
  }
  return textField(value, (text) => put(text || undefined), { maxLength: 200 });
}

function stepLine(step, answers, tools) {
  const value = answers[step.id];
  const isBad = value !== undefined && !isWithin(step, value);
  const hint = [limitsOf(step), isBad ? tools.say("outsideLimits") : "", step.kind === "photo" && value ? String(value) : ""];
  const line = labelled(step.label + (step.is_required ? "" : ` (${tools.say("optional")})`), stepField(step, value, tools), hint.filter(Boolean).join(" · "));
  if (isBad) line.classList.add("bad");
  return line;
}

function partLines(draft, { say, set }) {
  return draft.parts.map((part, index) => {
    const quantity = textField(part.quantity, (text) => {
      const parts = draft.parts.map((one, i) => (i === index ? { ...one, quantity: Math.max(1, Math.round(Number(text)) || 1) } : one));
      set({ parts });
    }, { inputMode: "numeric" });
    const away = element("button", { type: "button", textContent: say("remove") });
    away.addEventListener("click", () => set({ parts: draft.parts.filter((_, i) => i !== index) }));
    const from = part.place ? say("fromPlace", { place: part.placeName }) : say("noStock");
    return element("div", { className: "part" }, labelled(`${part.scan} · ${from}`, quantity), away);
  });
}

function repairFields(order, draft, { say, set }) {
  if (order.kind !== "corrective") return [];
  return [
    labelled(say("failureCode"), textField(draft.failureCode, (text) => set({ failureCode: text }), { maxLength: 60 })),
    labelled(say("mains"), checkField(draft.mains, (value) => set({ mains: value }))),
    labelled(say("safetyTest"), checkField(draft.safetyTest, (value) => set({ safetyTest: value }))),
    labelled(say("acceptance"), checkField(draft.acceptance, (value) => set({ acceptance: value }))),
  ];
}

// `tools`: say, set(change), photo(step, file), accept(), save(), sign(), back(), time(text), placeName(id).
export function workScreen(order, device, draft, tools) {
  const { say } = tools;
  const act = (key, work, primary = false) => {
    const button = element("button", { type: "button", textContent: say(key), className: primary ? "primary" : "" });
    button.addEventListener("click", work);
    return button;
  };
  const where = device?.place ? say("lastSeen", { place: tools.placeName(device.place), minutes: Math.round((device.age_s || 0) / 60) }) : say("placeUnknown");
  const due = order.due_at ? say("due", { time: tools.day(order.due_at) }) : "";
  const facts = [device?.control_no || order.asset, say(`state.${order.state}`), due].filter(Boolean).join(" · ");
  const head = [
    element("h2", { textContent: `${device?.name || order.asset} · ${order.title || say(`work.${order.kind}`)}` }),
    element("p", { className: "secondary", id: "work-facts", textContent: facts }),
    element("p", { className: "secondary", textContent: where }),
  ];
  if (order.state === "open" && !draft.accepted) {
    return [...head, element("p", { textContent: say("scanDevice") }), element("div", { className: "acts" }, act("accept", tools.accept, true), act("back", tools.back))];
  }
  const answers = answersOf(order, draft);
  const lacks = lacksOf(order, draft);
  const missing = element("ul", { id: "work-lacks", className: "secondary" }, ...lacks.map((lack) => element("li", { textContent: say(lack.key, { step: lack.step }) })));
  const sign = act("sign", tools.sign, true);
  sign.disabled = lacks.length > 0;
  return [
    ...head,
    draft.confirmed ? element("p", { className: "secondary", textContent: `✓ ${say("deviceConfirmed")}` }) : element("p", { textContent: say("scanDevice") }),
    element("form", { id: "work-form", onsubmit: (event) => event.preventDefault() },
      ...order.steps.map((step) => stepLine(step, answers, tools)),
      ...repairFields(order, draft, tools),
      labelled(say("outcome"), choiceField([["", "–"], ...FINDINGS.map((one) => [one, say(`finding.${one}`)])], draft.finding || order.finding, (value) => tools.set({ finding: value }))),
      labelled(say("minutesWorked"), textField(draft.minutes || "", (text) => tools.set({ minutes: Math.max(0, Math.round(Number(text)) || 0) }), { inputMode: "numeric" })),
      element("h3", { textContent: say("parts") }),
      element("p", { className: "secondary", textContent: draft.place ? say("partsFrom", { place: tools.placeName(draft.place) }) : say("partsHint") }),
      ...partLines(draft, tools),
    ),
    missing,
    element("div", { className: "acts" }, sign, act("save", tools.save), act("back", tools.back)),
  ];
}
