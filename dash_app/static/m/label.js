// What a GS1 label says, as far as a stop needs it. The server reads every label again, strictly; this only stops early.
const FIXED = { "00": 18, "01": 14, "02": 14, 11: 6, 12: 6, 13: 6, 15: 6, 16: 6, 17: 6, 20: 2 };
const GS = "\x1d";

function lengthOf(rest) {
  if (FIXED[rest.slice(0, 2)]) return { digits: 2, length: FIXED[rest.slice(0, 2)] };
  const two = Number(rest.slice(0, 2));
  if (two === 41) return { digits: 3, length: 13 };
  if (two >= 31 && two <= 36) return { digits: 4, length: 6 };
  const digits = two === 10 || two === 21 || two === 22 || two === 30 || two === 37 || two >= 90 ? 2 : two >= 70 && two <= 82 ? 4 : 3;
  const end = rest.indexOf(GS);
  return { digits, length: (end < 0 ? rest.length : end) - digits };
}

function elements(text) {
  const found = {};
  if (text.startsWith("(")) {
    for (const [, ai, value] of text.matchAll(/\((\d{2,4})\)([^(]*)/g)) found[ai] = value.trim();
    return found;
  }
  let rest = text.replaceAll("<GS>", GS);
  while (rest.length > 3) {
    if (rest[0] === GS) {
      rest = rest.slice(1);
      continue;
    }
    const { digits, length } = lengthOf(rest);
    found[rest.slice(0, digits)] = rest.slice(digits, digits + length);
    rest = rest.slice(digits + length);
  }
  return found;
}

// Gives {gtin, lot, expiry: "YYYY-MM-DD"}, each empty if the label does not carry it or is of another kind.
export function readLabel(scanned) {
  const text = scanned.trim().replace(/^\][A-Za-z]\d/, "");
  if (/^(\d{8}|\d{12,14})$/.test(text)) return { gtin: text.padStart(14, "0"), lot: "", expiry: "" };
  if (!/^(\x1d|\(|\d\d)/.test(text)) return { gtin: "", lot: "", expiry: "" };
  const told = elements(text);
  return { gtin: told["01"] || "", lot: told["10"] || "", expiry: dayOf(told["17"] || "") };
}

function dayOf(text) {
  if (!/^\d{6}$/.test(text)) return "";
  const [year, month, day] = [2000 + Number(text.slice(0, 2)), Number(text.slice(2, 4)), Number(text.slice(4))];
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return `${year}-${String(month).padStart(2, "0")}-${String(day || last).padStart(2, "0")}`; // day 00 is the last one
}

// Fields without a fixed length, in which a scanner that drops separators hides the field that follows.
const OPEN = { 10: "lot", 21: "serial", 240: "additional", 30: "count", 37: "count" };
const SWALLOWED = /(?<=.)(?:17|15|11)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])/g;

// Gives null, or how a label without separators can be read otherwise: {field, whole, cut, ai, day, text}; `text` is the
// label with the separator put in. The server asks the same question; this one is asked without a network.
export function otherReadingOf(scanned) {
  const text = scanned.trim().replace(/^\][A-Za-z]\d/, "").replaceAll("<GS>", GS).replace(/^\x1d+|\x1d+$/g, "");
  if (!/^\d\d/.test(text) || text.includes(GS) || /^(\d{8}|\d{12,14})$/.test(text)) return null;
  const present = new Set();
  const open = [];
  for (let at = 0; text.length - at > 3; ) {
    const { digits, length } = lengthOf(text.slice(at));
    const ai = text.slice(at, at + digits);
    present.add(ai);
    if (OPEN[ai]) open.push({ ai, start: at + digits, value: text.slice(at + digits, at + digits + length) });
    at += digits + Math.max(length, 1);
  }
  for (const { ai, start, value } of open) {
    for (const match of value.matchAll(SWALLOWED)) {
      const hidden = match[0].slice(0, 2);
      if (present.has(hidden)) continue;
      const at = start + match.index;
      return { field: OPEN[ai], whole: value, cut: value.slice(0, match.index), ai: hidden, day: dayOf(match[0].slice(2)), text: text.slice(0, at) + GS + text.slice(at) };
    }
  }
  return null;
}
