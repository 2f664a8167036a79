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

// Gives null, or {key, values, mayOverride} with the words' key.
export function reasonAgainst(task, scanned, known, now) {
  const item = itemOf(known, task);
  if (!item) return null; // nothing is known about it here: the server judges
  const label = readLabel(scanned);
  const isCode = scanned.trim().toLowerCase() === item.code.toLowerCase();
  const own = item.packages.map((each) => each.gtin);
  if (label.gtin && own.length && !own.includes(label.gtin) && !isCode) {
    const other = (known.items || []).find((one) => one.packages.some((each) => each.gtin === label.gtin));
    return { key: "wrongItem", values: { expected: item.name, found: other ? other.name : label.gtin } };
  }
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
