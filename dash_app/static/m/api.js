// The server's doors that the handheld uses.
const LATE_MS = 5000;

function token() {
  const found = document.cookie.match(/(?:^|; )_csrf_token=([^;]*)/);
  return found ? decodeURIComponent(found[1]) : "";
}

async function answered(response) {
  const text = await response.text();
  let body = {};
  try {
    body = text ? JSON.parse(text) : {};
  } catch {
    body = {};
  }
  return { status: response.status, body };
}

export async function get(path) {
  return answered(await fetch(path, { headers: { accept: "application/json" }, credentials: "same-origin" }));
}

// How far the hospital's clock is ahead of this device's, milliseconds. A device whose clock is wrong must not lose its
// steps: the server rightly refuses what comes from the future.
let aheadMs = 0;
export function setClock(hospitalAt, deviceAt) {
  const found = Date.parse(hospitalAt) - deviceAt;
  if (Number.isFinite(found)) aheadMs = found;
}

// A step that waited tells when it was done, by the hospital's clock; one sent at once takes the server's own time.
export function occurredAt(entry) {
  return Date.now() - entry.at > LATE_MS ? new Date(entry.at + aheadMs).toISOString() : "";
}

export async function sendStep(entry) {
  if (entry.blob) return sendFile(entry);
  const body = { ...entry.body };
  if (entry.occurred_at) body.occurred_at = entry.occurred_at;
  const post = (content) =>
    fetch(entry.path, {
      method: "POST",
      credentials: "same-origin",
      headers: { "content-type": "application/json", "idempotency-key": entry.key, "x-csrf-token": token() },
      body: JSON.stringify(content),
    });
  return answered(await post(body));
}

async function sendFile(entry) {
  const headers = { "content-type": entry.blob.type || "image/jpeg", "idempotency-key": entry.key, "x-csrf-token": token() };
  return answered(await fetch(entry.path, { method: "POST", credentials: "same-origin", headers, body: entry.blob }));
}

// A question that changes nothing: without a key, so that the server keeps no answer for a repetition.
export async function inquire(path, content) {
  const isFile = content instanceof Blob;
  const headers = { "content-type": isFile ? content.type : "application/json", "x-csrf-token": token() };
  const body = isFile ? content : JSON.stringify(content);
  return answered(await fetch(path, { method: "POST", credentials: "same-origin", headers, body }));
}

export async function everyPage(path, field) {
  const rows = [];
  let cursor = "";
  do {
    const { status, body } = await get(`${path}?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    if (status !== 200) return rows;
    rows.push(...body[field]);
    cursor = body.next;
  } while (cursor);
  return rows;
}
