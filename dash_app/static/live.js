// Live data: one event stream, ages that go on counting, alarms read aloud, the floor map moved without the server.
(() => {
  "use strict";
  const settings = window.ht?.settings || JSON.parse(document.querySelector('meta[name="ht-settings"]').content);
  const words = settings.words;
  const clock = { serverMs: settings.now / 1000, at: performance.now() };
  const live = { open: false, since: Date.now(), tick: 0, pending: false, alarms: 0, lastSpoken: 0, lastTick: -1000 };
  const map = { model: null, dirty: false, notBefore: 0, recent: [], alarms: [] };
  window.ht = Object.assign(window.ht || {}, { settings, live, map });

  const nowMs = () => clock.serverMs + (performance.now() - clock.at);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  const timeOfDay = new Intl.DateTimeFormat("en-GB", { timeZone: settings.timeZone, timeStyle: "medium" });

  function duration(seconds) {
    const whole = Math.max(0, Math.floor(seconds));
    if (whole < 60) return fill(words.seconds, { seconds: whole });
    if (whole < 3600) return fill(words.minutes, { minutes: Math.floor(whole / 60) });
    if (whole < 86400 && whole % 3600 < 60) return fill(words.fullHours, { hours: Math.floor(whole / 3600) });
    if (whole < 86400)
      return fill(words.hours, { hours: Math.floor(whole / 3600), minutes: Math.floor((whole % 3600) / 60) });
    return fill(words.days, { days: Math.floor(whole / 86400), hours: Math.floor((whole % 86400) / 3600) });
  }
  function age(atUs) {
    if (!atUs) return words.never;
    return fill(words.ago, { duration: duration((nowMs() - atUs / 1000) / 1000) });
  }
  window.ht.age = age;
  window.ht.now = nowMs; // the hospital's present, which in a demo is not the browser's

  function showClock() {
    const badge = document.getElementById("frame-as-of");
    if (badge) {
      badge.classList.toggle("stale", !live.open);
      const time = timeOfDay.format(new Date(live.open ? nowMs() : nowMs() - (Date.now() - live.since)));
      const text = fill(live.open ? words.live : words.stale, { time });
      if (badge.textContent !== text) badge.textContent = text;
    }
  }
  function showAges() {
    for (const place of document.querySelectorAll("[data-since]")) {
      const text = age(Number(place.dataset.since));
      if (place.textContent !== text) place.textContent = text;
    }
  }

  // ---- floor map -------------------------------------------------------------------------------------------------
  const RANK = { P1: 1, P2: 2, P3: 3 };
  const FACES = 4;

  // Marks by face, and behind them the rooms whose calm marks are gathered into a number; alarms are never gathered.
  function positions(model) {
    const faces = Array.from({ length: FACES + 1 }, () => ({ x: [], y: [], text: [], hovertext: [], customdata: [] }));
    const calm = new Map();
    const shown = [];
    for (const [id, asset] of Object.entries(model.assets)) {
      const place = model.places[asset.place];
      if (!place || place.floor !== model.floor) continue;
      if (model.category && asset.category !== model.category) continue;
      const rank = RANK[model.alarms[id]] || 0;
      if (!rank) calm.set(asset.place, (calm.get(asset.place) || 0) + 1);
      shown.push({ id, asset, place, rank });
    }
    const isCrowded = (key) => key !== model.opened && (calm.get(key) || 0) >= model.gatherFrom;
    for (const { id, asset, place, rank } of shown) {
      if (!rank && isCrowded(asset.place)) continue;
      const face = faces[rank];
      const text = `${asset.name}<br>${place.name}<br>${words.seen}: ${age(asset.seen)}`;
      face.x.push(place.x + asset.u * place.width);
      face.y.push(place.y + asset.v * place.depth);
      face.text.push(text);
      face.hovertext.push(text);
      face.customdata.push(id);
    }
    const rooms = faces[FACES];
    for (const [key, count] of calm) {
      if (!isCrowded(key)) continue;
      const place = model.places[key];
      rooms.x.push(place.x);
      rooms.y.push(place.y);
      rooms.text.push(String(count));
      rooms.hovertext.push(fill(words.crowded, { place: place.name, count }));
      rooms.customdata.push(`room:${key}`);
    }
    return faces;
  }
  // Asked for by what changes the map, so that a lone move is drawn at once and a map at rest costs nothing.
  function drawSoon(afterMs = 0) {
    map.dirty = true;
    if (map.timer) return;
    map.timer = window.setTimeout(drawMap, Math.max(afterMs, map.notBefore - performance.now()));
  }
  function drawMap() {
    map.timer = 0;
    if (!map.dirty || !map.model) return;
    const graph = document.querySelector("#map-graph .js-plotly-plot");
    if (!graph || !window.Plotly) {
      // The model may be there before the plot is; on another page nothing waits for it.
      if (document.getElementById("map-graph")) drawSoon(200);
      return;
    }
    map.dirty = false;
    const began = performance.now();
    const faces = positions(map.model);
    // As a frame of an animation: to restyle draws the rooms and their names anew too, five times the work.
    const still = { mode: "immediate", frame: { duration: 0, redraw: false }, transition: { duration: 0 } };
    const drawn = window.Plotly.animate(graph, { data: faces, traces: faces.map((_, index) => index) }, still);
    // A crowded map on a slow computer takes long to draw: it may take a fifth of the time, whatever comes in.
    const rest = () => (map.notBefore = performance.now() + 4 * (performance.now() - began));
    rest();
    drawn.then(rest, () => {}); // one that a newer drawing overtook is refused, and nothing is lost
    map.drawn = (map.drawn || 0) + 1;
  }
  function move(assetId, placeId, atUs) {
    const asset = map.model?.assets[assetId];
    if (!asset || atUs < (asset.seen || 0)) return;
    if (placeId) asset.place = placeId;
    asset.seen = Math.max(asset.seen || 0, atUs);
    drawSoon();
  }

  function mark(alarm) {
    const model = map.model;
    if (!model?.assets[alarm.subject_id]) return;
    model.alarms[alarm.subject_id] = alarm.priority;
    model.alarmSubjects[alarm.thing] = alarm.subject_id;
    drawSoon();
  }

  // Rows of [asset, place, confidence, age in s, basis]; kept a while for a map that is still loading.
  function place(body) {
    for (const [asset, placeId, , ageSeconds, basis] of body.items || []) {
      const seen = basis === "observed" || basis === "assigned" ? body.now - ageSeconds * 1e6 : 0;
      map.recent.push({ asset, placeId, seen, heard: Date.now() });
      move(asset, placeId, seen);
    }
    const oldest = Date.now() - 30000;
    while (map.recent.length && (map.recent[0].heard < oldest || map.recent.length > 5000)) map.recent.shift();
  }

  // ---- events ----------------------------------------------------------------------------------------------------
  const QUIET = new Set(["ZoneConfirmed"]);
  const FREQUENT = new Set(["ZoneChanged", "AssetMoved", "PortalCrossed", "StockMoved", "StageReached"]);
  const FREQUENT_EVERY_MS = 5000;

  function handle(event) {
    if (event.recorded_at) {
      clock.serverMs = Math.max(nowMs(), event.recorded_at / 1000);
      clock.at = performance.now();
    }
    const model = map.model;
    if (event.type === "ZoneChanged" || event.type === "ZoneConfirmed") {
      if (model?.tags[event.thing]) move(model.tags[event.thing], event.zone, event.occurred_at);
    } else if (event.type === "PortalCrossed") {
      if (model?.tags[event.thing]) move(model.tags[event.thing], event.to_zone, event.occurred_at);
    } else if (event.type === "AssetMoved") {
      move(event.thing, event.to_place, event.occurred_at);
    } else if (event.type === "AlarmRaised") {
      live.alarms += 1;
      map.alarms.push(event);
      if (map.alarms.length > 500) map.alarms.shift();
      mark(event);
    } else if (event.type === "AlarmCleared") {
      map.alarms = map.alarms.filter((alarm) => alarm.thing !== event.thing);
      if (model?.alarmSubjects[event.thing]) {
        delete model.alarms[model.alarmSubjects[event.thing]];
        drawSoon();
      }
    }
    if (FREQUENT.has(event.type)) live.frequent = true;
    else if (!QUIET.has(event.type)) {
      live.pending = true;
      tickSoon();
    }
  }
  function receive(message) {
    if (message.kind === "state") {
      if (live.open !== message.open) live.since = message.at;
      live.open = message.open;
      showClock();
      return;
    }
    let body;
    try {
      body = JSON.parse(message.data);
    } catch {
      return; // a heartbeat without a body
    }
    if (message.name === "ended") {
      location.reload();
      return;
    }
    if (typeof body.now === "number") {
      clock.serverMs = body.now / 1000;
      clock.at = performance.now();
    }
    if (body.topic === "positions") place(body);
    if (body.topic === "kpi") live.frequent = true;
    const events = Array.isArray(body) ? body : body.events || (body.event ? [body.event] : [body]);
    for (const event of events) if (event && event.type) handle(event);
    if (message.name === "snapshot") live.frequent = true;
  }
  function connect() {
    if (!settings.stream) return;
    if (window.SharedWorker) {
      const prefix = document.querySelector('link[rel="icon"]').getAttribute("href").replace("icon.svg", "");
      const worker = new SharedWorker(`${prefix}worker/stream.js`, "hospital-stream");
      worker.port.onmessage = (event) => receive(event.data);
      worker.port.start();
      const open = () => worker.port.postMessage({ kind: "open", address: new URL(settings.stream, location.href).href });
      open();
      window.addEventListener("pagehide", () => worker.port.postMessage({ kind: "close" }));
      // Gone back to, a page is shown as it was left: without this it would call itself live and hear nothing. What has
      // happened meanwhile is asked for as after any break.
      window.addEventListener("pageshow", (event) => {
        if (!event.persisted) return;
        live.pending = true;
        open();
      });
      return;
    }
    const source = new EventSource(settings.stream);
    const pass = (event) => receive({ kind: "message", name: event.type, id: event.lastEventId, data: event.data });
    source.onopen = () => receive({ kind: "state", open: true, at: Date.now() });
    source.onerror = () => receive({ kind: "state", open: false, at: Date.now() });
    source.onmessage = pass;
    for (const name of ["event", "events", "snapshot", "delta", "heartbeat", "ended"]) {
      source.addEventListener(name, pass);
    }
  }

  function announce() {
    if (!live.alarms || Date.now() - live.lastSpoken < 5000) return;
    const place = document.getElementById("frame-announcer");
    if (!place) return;
    place.textContent = live.alarms === 1 ? words.newAlarm : fill(words.newAlarms, { count: live.alarms });
    live.alarms = 0;
    live.lastSpoken = Date.now();
  }
  // What comes after a rest is asked for at once, such as the first alarm; in a flood once a second.
  const TICK_EVERY_MS = 1000;
  function tickSoon() {
    if (live.timer) return;
    live.timer = window.setTimeout(tick, Math.max(0, live.lastTick + TICK_EVERY_MS - performance.now()));
  }
  function tick() {
    window.clearTimeout(live.timer);
    live.timer = 0;
    announce();
    const rested = performance.now() - live.lastTick;
    if (live.frequent && rested > FREQUENT_EVERY_MS) live.pending = true;
    if (!live.pending) return;
    if (rested < TICK_EVERY_MS) {
      tickSoon();
    } else if (window.dash_clientside?.set_props && document.getElementById("page")) {
      live.pending = live.frequent = false;
      live.lastTick = performance.now();
      live.tick += 1;
      window.dash_clientside.set_props("live-tick", { data: live.tick });
    }
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    ht: {
      ...window.dash_clientside?.ht,
      keepModel(model) {
        map.model = model || null;
        if (model) drawSoon();
        // What happened while the model was on its way is not in it yet.
        if (model) for (const row of map.recent) move(row.asset, row.placeId, row.seen);
        if (model) map.alarms.forEach(mark);
        return window.dash_clientside.no_update;
      },
    },
  });
  window.setInterval(showClock, 1000);
  window.setInterval(showAges, 5000);
  window.setInterval(tick, TICK_EVERY_MS);
  connect();
})();
