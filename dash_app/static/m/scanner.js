// How this device's scanner hands over what it reads: found out with a test label, kept on the device, put right ever after.
import { element } from "/m/workscreen.js";

const GS = "\x1d";
const KEPT = "scanner";
const PLAIN = { prefix: "", separator: GS, suffix: "" };
// What the test label says: a lot, which needs a separator after it, between two fields that are found again whole.
const TEST = /^(.{0,12}?)(?:\][A-Za-z]\d)?\x1d?0109506000134352(?:10)TEST-1(.{0,8}?)21SN-1(.{0,12})$/s;

// Gives what a scanner put around the test label and sends between its fields, or null for any other label.
export function learnt(text) {
  const found = TEST.exec(text);
  return found && { prefix: found[1], separator: found[2], suffix: found[3].replace(/^\x1d/, "") };
}

// Gives a label as a well set-up scanner would send it.
export function plain(text, profile) {
  let label = text;
  if (profile.prefix && label.startsWith(profile.prefix)) label = label.slice(profile.prefix.length);
  if (profile.suffix && label.endsWith(profile.suffix)) label = label.slice(0, -profile.suffix.length);
  // Only within GS1 labels: a place or an order may bear the same sign in its own name.
  const isGs1 = /^(?:\][A-Za-z]\d)?\x1d?\d{4}/.test(label);
  return isGs1 && profile.separator && profile.separator !== GS ? label.replaceAll(profile.separator, GS) : label;
}

// `app`: the handheld's state and screens, as app.js holds them. Works without a network.
export function scannerDesk({ state, at, draw, say }) {
  let profile = PLAIN;
  try {
    profile = { ...PLAIN, ...JSON.parse(localStorage.getItem(KEPT) || "{}") };
  } catch {
    // what was kept cannot be read: the scanner is tried anew
  }
  const shown = (text) => (text ? [...text].map((sign) => (sign < " " ? `ASCII ${sign.charCodeAt(0)}` : sign)).join(" ") : say("scannerNothing"));

  function keep(found) {
    profile = found;
    localStorage.setItem(KEPT, JSON.stringify(found));
  }
  function scanned(text) {
    const found = learnt(text);
    if (!found) state.scanner = { said: say("scannerOther", { text }) };
    else if (!found.separator) state.scanner = { said: say("scannerDrops"), isWrong: true };
    else {
      keep(found);
      state.scanner = { said: say("scannerKept") };
    }
    draw();
  }
  function button(text, work) {
    const made = element("button", { type: "button", textContent: text });
    made.addEventListener("click", work);
    return made;
  }
  function show() {
    const facts = [["scannerBefore", profile.prefix], ["scannerBetween", profile.separator], ["scannerAfter", profile.suffix]];
    at("main").replaceChildren(
      element("h2", { textContent: say("scannerTest") }),
      element("p", { textContent: say("scannerHow") }),
      element("p", {}, element("img", { src: "/m/scanner-test.svg", alt: say("scannerLabel"), width: 176, height: 176 })),
      element("p", { id: "scanner-said", role: "status", className: state.scanner.isWrong ? "late" : "", textContent: state.scanner.said || "" }),
      ...facts.map(([key, text]) => element("p", { className: "secondary", textContent: say(key, { text: shown(text) }) })),
      element("div", { className: "acts" },
        button(say("scannerForget"), () => {
          keep(PLAIN);
          state.scanner = { said: say("scannerForgotten") };
          draw();
        }),
        button(say("back"), () => {
          state.scanner = null;
          draw();
        }),
      ),
    );
  }
  function entry() {
    const made = button(say("scannerTest"), () => {
      state.scanner = {};
      draw();
      at("main").focus();
    });
    made.id = "scanner-test";
    return made;
  }
  return { entry, show, scanned, plain: (text) => plain(text, profile) };
}
