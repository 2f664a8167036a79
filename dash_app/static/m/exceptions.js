// What keeps a task from going on: the reason, and a photo of it if there is something to see.
import { element } from "/m/workscreen.js";

export const REASONS = { notFound: "not_found", damaged: "damaged", noAccess: "access" };

// `app`: the handheld's state, outbox and screens, as app.js holds them.
export function exceptionDesk({ state, box, at, draw, toast, flush, say, taskTitle, close }) {
  function open(task, reason) {
    state.exception = { task: task.id, reason };
    draw();
    at("main").focus();
  }
  function show(task) {
    const photo = element("input", { id: "exception-photo", type: "file", accept: "image/*", capture: "environment" });
    const button = (key, work, primary) => {
      const made = element("button", { type: "button", textContent: say(key), className: primary ? "primary" : "" });
      made.addEventListener("click", work);
      return made;
    };
    const back = () => {
      state.exception = null;
      draw();
    };
    at("main").replaceChildren(
      element("h2", { textContent: `${say("blocked")}: ${say(state.exception.reason)}` }),
      element("p", { textContent: taskTitle(task) }),
      element("form", { id: "work-form", onsubmit: (event) => event.preventDefault() },
        element("label", { className: "field" }, element("span", { textContent: say("photoOptional") }), photo),
      ),
      element("div", { className: "acts" }, button("sendIt", () => send(task, photo.files[0]), true), button("cancelIt", back)),
    );
  }
  // The reason goes first: a photo that the server does not take must not keep a blocked task looking open.
  async function send(task, photo) {
    const reason = REASONS[state.exception.reason];
    const path = `/v1/tasks/${encodeURIComponent(task.id)}:block`;
    const orders = [await box().add({ path, body: { reason }, task: task.id, verb: "block" })];
    if (photo) {
      const name = `${reason}-${new Date().toISOString().replaceAll(":", "-")}.${photo.type === "image/png" ? "png" : "jpg"}`;
      const kept = `/v1/documents?subject=${encodeURIComponent(task.id)}&name=${encodeURIComponent(name)}`;
      orders.push(await box().add({ path: kept, blob: photo, task: task.id, verb: "photo" }));
    }
    state.exception = null;
    close();
    draw();
    toast(say("blocked"), async () => {
      for (const order of orders.toReversed()) if (!(await box().remove(order))) return toast(say("sentAlready"));
      return toast(say("undone"));
    });
    await flush();
  }
  return { open, show };
}
