// A question that stands in the way of a scan: nothing moves before it is answered.
import { element } from "/m/workscreen.js";

export function asker({ at, say }) {
  // `choices`: [{text, work, primary}]; each closes the question before it works.
  return function ask(text, choices) {
    at("ask-title").textContent = say("question");
    at("ask-text").textContent = text;
    const buttons = choices.map(({ text: words, work, primary }) => {
      const button = element("button", { type: "button", textContent: words, className: primary ? "primary" : "" });
      button.addEventListener("click", () => {
        at("ask").hidden = true;
        work?.();
      });
      return button;
    });
    at("ask-choices").replaceChildren(...buttons);
    at("ask").hidden = false;
    buttons[0].focus();
    navigator.vibrate?.([120, 80, 120]);
  };
}
