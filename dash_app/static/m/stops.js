// Why a scanned item must not be taken, by what this device knows. Pure: no screen, no network.
import { readLabel } from "/m/label.js";

export function itemOf(known, task) {
  return (known?.items || []).find((item) => item.id === task.subject_id) || null;
}

// Age of the list in milliseconds by this device's own clock, which may be another than the server's; endless without one.
export function ageOf(known, now) {
  return known?.got_at ? Math.max(0, now - known.got_at) : Infinity;
}

function localDay(now) {
  const day = new Date(now);
  return `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`;
}

function isLabelOf(item, label, scanned) {
  const isCode = scanned.trim().toLowerCase() === item.code.toLowerCase();
  return isCode || (label.gtin && item.packages.some((each) => each.gtin === label.gtin));
}

// The approved stand-in that a label names: {pair, item}, null if it names none.
export function standInOf(task, scanned, known) {
  const label = readLabel(scanned);
  for (const pair of known?.substitutes || []) {
    const item = pair.item === task.subject_id && (known.items || []).find((one) => one.id === pair.stand_in);
    if (item && isLabelOf(item, label, scanned)) return { pair, item };
  }
  return null;
}

// How many units of a stand-in replace what a task still needs.
export function standInQuantity(pair, missing) {
  return Math.ceil((missing * pair.numerator) / pair.denominator);
}

// Gives null, or {key, values, mayOverride} with the words' key; {standIn} beside it if the goods are an approved
// stand-in, which is taken only when a person says so.
export function reasonAgainst(task, scanned, known, now) {
  const wanted = itemOf(known, task);
  if (!wanted) return null; // nothing is known about it here: the server judges
  const label = readLabel(scanned);
  const isOther = label.gtin && wanted.packages.length && !isLabelOf(wanted, label, scanned);
  const standIn = isLabelOf(wanted, label, scanned) ? null : standInOf(task, scanned, known);
  if (isOther && !standIn) {
    const other = (known.items || []).find((one) => one.packages.some((each) => each.gtin === label.gtin));
    return { key: "wrongItem", values: { expected: wanted.name, found: other ? other.name : label.gtin } };
  }
  const item = standIn ? standIn.item : wanted;
  const against = reasonAgainstLot(item, label, known, now);
  if (against || !standIn) return against;
  const missing = Math.max(1, (task.quantity || 1) - (task.picked || 0));
  const count = standInQuantity(standIn.pair, missing);
  return { key: "takeSubstitute", values: { found: item.name, expected: wanted.name, by: standIn.pair.approved_by, count }, standIn };
}

function reasonAgainstLot(item, label, known, now) {
  if (label.expiry && label.expiry < localDay(now)) return { key: "expired", values: { item: item.name, day: label.expiry } };
  const lot = label.lot.toLowerCase();
  const stopped = (known.stopped || []).find(
    (each) => each.item === item.id && lot && each.lot === lot && (!label.expiry || !each.expires_at || sameDay(each.expires_at, label.expiry)),
  );
  if (stopped) return { key: "stoppedLot", values: { lot: label.lot, item: item.name, why: stopped.reason } };
  if (item.is_careful && ageOf(known, now) > known.lasts_s * 1000) {
    return { key: "oldList", values: { item: item.name, minutes: Math.round(ageOf(known, now) / 60000) }, mayOverride: true };
  }
  return null;
}

// The stored instant is the end of the printed day by the hospital's clock: within a day and a half of its midnight.
function sameDay(instant, day) {
  const apart = Date.parse(instant) - Date.parse(`${day}T12:00:00Z`);
  return apart > -6 * 3600e3 && apart < 30 * 3600e3;
}

// Words for a quantity: base units, and whole packages where it has them.
export function packsOf(item, quantity) {
  if (!item) return "";
  const fitting = item.packages.filter((each) => each.quantity > 1 && each.quantity <= quantity).sort((a, b) => b.quantity - a.quantity)[0];
  if (!fitting) return "";
  const rest = quantity % fitting.quantity;
  const packs = `${Math.floor(quantity / fitting.quantity)} × ${fitting.level} (${fitting.quantity})`;
  return rest ? `${packs} + ${rest}` : packs;
}
