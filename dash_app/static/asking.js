// The second question before an act that cannot be taken back. A button with data-sure is pressed only after a yes.
(() => {
  "use strict";
  const words = () => window.ht?.settings?.words || {};
  let answered = null; // the button whose question was answered with yes, until its click has gone through

  const element = (tag, text, className = "") => {
    const made = document.createElement(tag);
    made.textContent = text;
    made.className = className;
    return made;
  };

  // What a field says, as its reader sees it: a choice shows its text, an empty one nothing.
  const shown = (id) => {
    const field = document.getElementById(id);
    return field ? (field.value ?? "").trim() : "";
  };
  const label = (id) => document.querySelector(`label[for="${CSS.escape(id)}"]`)?.textContent.trim() || "";

  function isNeeded(told) {
    if (told.field && !told.texts.includes(shown(told.field))) return false;
    return !told.about.length || shown(told.about[0]) !== "";
  }

  function ask(button, told) {
    const dialog = element("dialog", "", "sure");
    const title = element("h2", button.textContent.trim());
    const consequence = element("p", button.dataset.sure);
    title.id = "sure-title";
    consequence.id = "sure-consequence";
    dialog.setAttribute("aria-labelledby", title.id);
    dialog.setAttribute("aria-describedby", consequence.id);
    const facts = element("dl", "", "facts");
    for (const id of told.about) {
      if (shown(id)) facts.append(element("dt", label(id)), element("dd", shown(id)));
    }
    const no = element("button", words().no || "", "action");
    const yes = element("button", button.textContent.trim(), "action primary");
    yes.id = "sure-yes";
    no.id = "sure-no";
    no.type = yes.type = "button";
    no.autofocus = true; // Enter pressed too often must not be a yes
    no.addEventListener("click", () => dialog.close());
    yes.addEventListener("click", () => dialog.close("yes"));
    const acts = element("p", "", "acts");
    acts.append(no, yes);
    dialog.append(title, consequence, ...(facts.children.length ? [facts] : []), acts);
    dialog.addEventListener("close", () => {
      dialog.remove();
      // The page may have drawn the button anew while the question stood.
      const now = button.isConnected ? button : document.getElementById(button.id);
      if (!now) return;
      now.focus();
      if (dialog.returnValue !== "yes") return;
      answered = now;
      now.click();
      answered = null;
    });
    document.body.append(dialog);
    dialog.showModal();
  }

  // Before the framework hears of the click: on the document, on the way down.
  document.addEventListener(
    "click",
    (event) => {
      const button = event.target.closest?.("button[data-sure]");
      if (!button || button.disabled || button === answered) return;
      const told = JSON.parse(button.dataset.sureAbout);
      if (!isNeeded(told)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      ask(button, told);
    },
    true,
  );
})();
