// Keeps the handheld's own files so that it opens without a network; data never comes from here.
const KEPT = "hospital-twin-m-9";
const FILES = ["/m/", "/m/app.css", "/m/app.js", "/m/asking.js", "/m/camera.js", "/m/exceptions.js", "/m/goods.js", "/m/api.js", "/m/flow.js", "/m/outbox.js", "/m/label.js", "/m/stops.js", "/m/wedge.js", "/m/words.js", "/m/work.js", "/m/orders.js", "/m/finder.js", "/m/scanner.js", "/m/scanner-test.svg", "/m/shifts.js", "/m/workscreen.js", "/m/icon.svg", "/m/manifest.webmanifest"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  const drop = async () => {
    for (const name of await caches.keys()) if (name !== KEPT) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(drop());
});
// The network first, so that a new release is used at once; the kept copy when there is none.
self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== location.origin || !address.pathname.startsWith("/m")) return;
  const answer = async () => {
    try {
      const fresh = await fetch(event.request);
      if (fresh.ok && !fresh.redirected) (await caches.open(KEPT)).put(event.request, fresh.clone());
      return fresh;
    } catch {
      return (await caches.match(event.request, { ignoreSearch: true })) || (await caches.match("/m/")) || Response.error();
    }
  };
  event.respondWith(answer());
});
