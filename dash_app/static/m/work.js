// A work order on the handheld: what is within limits, what is still missing, what is reported. Pure: no screen, no network.
export const EMPTY = { answers: {}, parts: [], minutes: 0, place: "", finding: "", failureCode: "" };
export const FINDINGS = ["repaired", "no_problem_found", "use_error", "not_located"];
const OPEN = new Set(["requested", "open", "in_progress", "acceptance"]);

export function isOpenOrder(order) {
  return OPEN.has(order.state);
}

// Gives the device that a scan names: by id, control number, serial number or any other mark of it.
export function deviceOf(work, scanned) {
  const wanted = scanned.trim().toLowerCase();
  return (work.devices || []).find((device) => device.marks.some((mark) => mark.toLowerCase() === wanted)) || null;
}

export function ordersOf(work, device) {
  return (work.work_orders || []).filter((order) => order.asset === device && isOpenOrder(order));
}

// The last answer of each step: this device's own before what the server knows.
export function answersOf(order, draft) {
  const known = Object.fromEntries((order.answers || []).map((answer) => [answer.step, answer.value]));
  return { ...known, ...draft.answers };
}

export function isWithin(step, value) {
  if (step.kind === "check") return value === true;
  if (step.kind !== "number") return String(value).trim() !== "";
  return Number.isFinite(value) && (step.low === null || value >= step.low) && (step.high === null || value <= step.high);
}

export function limitsOf(step) {
  if (step.kind !== "number") return "";
  const [low, high] = [step.low, step.high].map((value) => (value === null ? "" : String(value)));
  const range = low && high ? `${low}–${high}` : low ? `≥ ${low}` : high ? `≤ ${high}` : "";
  return [range, step.unit].filter(Boolean).join(" ");
}

// What keeps the order from being signed: [{step, key}] with the words' key; the server has the last word.
export function lacksOf(order, draft) {
  const answers = answersOf(order, draft);
  const lacks = [];
  for (const step of order.steps) {
    if (answers[step.id] === undefined) {
      if (step.is_required) lacks.push({ step: step.label, key: "stepMissing" });
    } else if (!isWithin(step, answers[step.id])) lacks.push({ step: step.label, key: "stepOutside" });
  }
  if (order.kind === "corrective") {
    if (!draft.acceptance) lacks.push({ step: "", key: "acceptanceMissing" });
    if (draft.mains && !draft.safetyTest) lacks.push({ step: "", key: "safetyTestMissing" });
  }
  return lacks;
}

export function reportOf(order, draft, signs) {
  const body = { begins: order.state === "open", signs, minutes: draft.minutes || 0 };
  body.answers = Object.entries(draft.answers).map(([step, value]) => ({ step, value }));
  body.parts = draft.parts.map((part) => ({ scan: part.scan, quantity: part.quantity, place: part.place }));
  if (draft.finding) body.finding = draft.finding;
  if (draft.failureCode) body.failure_code = draft.failureCode;
  if (order.kind === "corrective") {
    body.opens_mains_part = Boolean(draft.mains);
    body.acceptance_passed = Boolean(draft.acceptance);
    body.safety_test_passed = Boolean(draft.safetyTest);
  }
  return body;
}

// What a scan means while an order is open: its own device, another device, a place that parts come from, or a part.
export function meaningOf(work, order, scanned, isPlace) {
  const device = deviceOf(work, scanned);
  if (device) return device.id === order.asset ? { key: "device" } : { key: "otherDevice", device };
  if (isPlace(scanned)) return { key: "place" };
  return { key: "part" };
}
