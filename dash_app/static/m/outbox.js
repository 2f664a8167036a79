// Steps that wait to be sent: kept in the browser's database, sent in order, each once, whatever happens in between.
const NAME = "hospital-twin-m";
const STORE = "outbox";
const CACHE = "cache";

function asked(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export function uuid7(nowMs = Date.now(), random = crypto.getRandomValues(new Uint8Array(10))) {
  const bytes = new Uint8Array(16);
  let ms = nowMs;
  for (let i = 5; i >= 0; i -= 1) {
    bytes[i] = ms % 256;
    ms = Math.floor(ms / 256);
  }
  bytes.set(random, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export async function openOutbox(send, timeOf) {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore(STORE, { keyPath: "order", autoIncrement: true });
    opening.result.createObjectStore(CACHE);
  };
  return new Outbox(await asked(opening), send, timeOf);
}

class Outbox {
  constructor(database, send, timeOf) {
    this.database = database;
    this.send = send;
    this.timeOf = timeOf;
    this.sending = null;
    this.onItsWay = null;
    this.onChange = () => {};
  }

  store(name, mode) {
    return this.database.transaction(name, mode).objectStore(name);
  }

  async add(entry) {
    const order = await asked(this.store(STORE, "readwrite").add({ ...entry, key: uuid7(), at: Date.now() }));
    this.onChange();
    return order;
  }

  // Takes a step back that has not been sent; gives whether it was still here. One that is on its way may have arrived
  // already: it counts as sent, or the server would keep what this device forgets.
  async remove(order) {
    if (this.onItsWay === order) return false;
    const here = await asked(this.store(STORE, "readonly").get(order));
    if (here) await asked(this.store(STORE, "readwrite").delete(order));
    this.onChange();
    return Boolean(here);
  }

  waiting() {
    return asked(this.store(STORE, "readonly").count());
  }

  // The oldest step that waits, undefined if none does.
  async first() {
    return (await asked(this.store(STORE, "readonly").getAll(null, 1)))[0];
  }

  keep(name, value) {
    return asked(this.store(CACHE, "readwrite").put(value, name));
  }

  kept(name) {
    return asked(this.store(CACHE, "readonly").get(name));
  }

  // Sends what waits, oldest first. An answer of the server, also a refusal, takes the step off; silence does not.
  flush() {
    this.sending = this.sending || this.sendAll().finally(() => (this.sending = null));
    return this.sending;
  }

  async sendAll() {
    const answers = [];
    // Asked anew each time: steps may be added while one is on its way.
    for (let entry = await this.first(); entry; entry = await this.first()) {
      let answer;
      if (entry.occurred_at === undefined) {
        // Decided once and kept: the same step sent again must say the same, or the server takes it for another one.
        entry.occurred_at = this.timeOf(entry);
        await asked(this.store(STORE, "readwrite").put(entry));
      }
      this.onItsWay = entry.order;
      try {
        answer = await this.send(entry);
      } catch {
        break; // offline
      } finally {
        this.onItsWay = null;
      }
      if (answer.status === 401 || answer.status === 429 || answer.status >= 500) {
        answers.push({ entry, answer });
        break; // later, in the same order
      }
      await asked(this.store(STORE, "readwrite").delete(entry.order));
      answers.push({ entry, answer });
      this.onChange();
    }
    return answers;
  }
}
