// What a task asks for next, and what a scan means for it. Pure: no screen, no network.
const OVER = new Set(["completed", "cancelled"]);
const BEGUN = new Set(["started", "picked"]);

export function isOpen(task) {
  return !OVER.has(task.status);
}

export function isBegun(task, progress) {
  return BEGUN.has(task.status) || Boolean(progress.started);
}

// Steps of a task with which of them are done; `progress` is what this device has noted since the server's answer.
export function stepsOf(task, progress = {}) {
  if (task.kind === "restock") {
    const picked = progress.picked || (task.picked > 0 && task.picked >= task.quantity);
    return [
      { key: "scanSource", place: task.from_place, done: Boolean(picked || progress.atSource || !task.from_place) },
      { key: "scanItem", item: task.subject_id, done: Boolean(picked) },
      { key: "scanTarget", place: task.to_place, done: Boolean(progress.delivered) },
    ];
  }
  const steps = [];
  if (task.to_place || task.from_place) {
    const place = task.kind === "retrieve" || task.kind === "transport" ? task.from_place || task.to_place : task.to_place;
    steps.push({ key: "scanTarget", place: place || task.from_place, done: Boolean(progress.atTarget) });
  }
  steps.push({ key: "confirmDone", done: Boolean(progress.completed) });
  return steps;
}

export function nextStep(task, progress) {
  return stepsOf(task, progress).find((step) => !step.done) || null;
}

function samePlace(scanned, place) {
  return scanned.trim().toLowerCase() === String(place || "").toLowerCase();
}

// Gives what to do: {send: [{verb, body}], progress, said} or {stop: {expected, found}}.
export function onScan(task, progress, scanned) {
  const step = nextStep(task, progress);
  if (!step) return null;
  const begin = isBegun(task, progress) ? [] : [{ verb: "start", body: {} }];
  if (step.key === "scanSource" || (step.key === "scanTarget" && task.kind !== "restock")) {
    if (!samePlace(scanned, step.place)) return { stop: { expected: step.place, found: scanned } };
    const mark = step.key === "scanSource" ? { atSource: true } : { atTarget: true };
    return { send: begin, progress: { ...progress, started: true, ...mark }, said: "started" };
  }
  if (step.key === "scanItem") {
    const body = { scan: scanned, place: task.from_place };
    return { send: [...begin, { verb: "pick", body }], progress: { ...progress, started: true, picked: true }, said: "picked" };
  }
  if (step.key === "scanTarget") {
    if (!samePlace(scanned, step.place)) return { stop: { expected: step.place, found: scanned } };
    return { send: [{ verb: "deliver", body: { place: task.to_place } }], progress: { ...progress, delivered: true }, said: "delivered" };
  }
  return null;
}
