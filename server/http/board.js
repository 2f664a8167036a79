// The waiting-room board: renews its numbers without loading the page anew (that would cut off the voice), and speaks
// each new call once. Browsers let a page speak only after somebody has touched it, so it is silent until asked.
"use strict";
(() => {
  const EVERY_MS = 5000;
  const KEY = "hospital-twin-board-voice";
  const button = document.getElementById("voice");
  const stale = document.getElementById("stale");
  const calls = (root) => [...root.querySelectorAll("#called li")];
  const spoken = new Set(calls(document).map((line) => line.dataset.call));
  let isOn = false;
  try { isOn = localStorage.getItem(KEY) === "on"; } catch { /* a kiosk without storage starts silent */ }

  function show() {
    button.textContent = isOn ? button.dataset.on : button.dataset.off;
    button.setAttribute("aria-pressed", String(isOn));
  }

  function say(line) {
    const told = new SpeechSynthesisUtterance(line.querySelector(".spoken").textContent);
    told.lang = document.documentElement.lang;
    window.speechSynthesis.speak(told);
  }

  function toggle() {
    isOn = !isOn;
    try { localStorage.setItem(KEY, isOn ? "on" : "off"); } catch { /* holds until the page is closed */ }
    if (!isOn) window.speechSynthesis.cancel();
    show();
  }

  async function renew() {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const id of ["called", "waiting"]) {
        const held = document.getElementById(id);
        const next = fresh.getElementById(id);
        // untouched where nothing changed: a live region that is replaced is read out again
        if (held.innerHTML !== next.innerHTML) held.replaceChildren(...next.childNodes);
      }
      stale.hidden = true;
      // The latest call stands first; people hear calls in the order they were made.
      for (const line of calls(document).reverse()) {
        if (!spoken.has(line.dataset.call)) {
          spoken.add(line.dataset.call);
          if (isOn) say(line);
        }
      }
    } catch {
      stale.hidden = false;  // old numbers that look fresh would send people nowhere
    }
    setTimeout(renew, EVERY_MS);
  }

  if ("speechSynthesis" in window) {
    button.hidden = false;
    button.addEventListener("click", toggle);
    show();
  }
  setTimeout(renew, EVERY_MS);
})();
