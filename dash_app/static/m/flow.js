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
    const picked = progress.picked || progress.short || (task.picked > 0 && task.picked >= task.quantity);
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

// What is taken already: what the server knows and what this device has noted since.
export function takenOf(task, progress = {}) {
  return (task.picked || 0) + (progress.taken || 0);
}

// How much a scanned lot gives: all that is missing, or as much as is to be taken of this lot. `portions` as the server
// proposed them; a lot that is not among them is taken for all of it, the server counts.
function givenBy(portions, lot, missing) {
  const own = portions.filter((portion) => lot && portion.lot_number.toLowerCase() === lot.toLowerCase());
  const given = own.reduce((sum, portion) => sum + portion.quantity, 0);
  return given && given < missing ? given : missing;
}

// Gives what to do: {send: [{verb, body}], progress, said} or {stop: {expected, found}}.
// `pick`: what else the pick tells, and which lots are to be taken: {body, portions, lot}.
export function onScan(task, progress, scanned, pick = {}) {
  const step = nextStep(task, progress);
  if (!step) return null;
  const begin = isBegun(task, progress) ? [] : [{ verb: "start", body: {} }];
  if (step.key === "scanSource" || (step.key === "scanTarget" && task.kind !== "restock")) {
    if (!samePlace(scanned, step.place)) return { stop: { expected: step.place, found: scanned } };
    const mark = step.key === "scanSource" ? { atSource: true } : { atTarget: true };
    return { send: begin, progress: { ...progress, started: true, ...mark }, said: "started" };
  }
  if (step.key === "scanItem") {
    const body = { scan: scanned, place: task.from_place, ...pick.body };
    const missing = Math.max(0, task.quantity - takenOf(task, progress));
    const given = pick.body?.is_substitute ? missing : givenBy(pick.portions || [], pick.lot || "", missing);
    const taken = (progress.taken || 0) + given;
    return { send: [...begin, { verb: "pick", body }], progress: { ...progress, started: true, taken, picked: given >= missing }, said: "picked" };
  }
  if (step.key === "scanTarget") {
    if (!samePlace(scanned, step.place)) return { stop: { expected: step.place, found: scanned } };
    const body = { place: task.to_place, ...(progress.short ? { is_last: true } : {}) };
    return { send: [{ verb: "deliver", body }], progress: { ...progress, delivered: true }, said: "delivered" };
  }
  return null;
}

// The shelf has no more: what was taken is brought and the rest is owed; with nothing taken the task ends here.
export function onShort(task, progress) {
  if (takenOf(task, progress) > 0) return { send: [], progress: { ...progress, short: true } };
  const begin = isBegun(task, progress) ? [] : [{ verb: "start", body: {} }];
  const complete = { verb: "complete", body: { outcome: "short" } };
  return { send: [...begin, complete], progress: { ...progress, started: true, completed: true } };
}
