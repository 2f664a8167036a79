// One event stream for all tabs of this browser: browsers allow few connections to one host.
"use strict";
const ports = new Set();
let source = null;
let address = "";
let state = { kind: "state", open: false, at: Date.now() };

function tell(message) {
  for (const port of ports) port.postMessage(message);
}

function open() {
  source = new EventSource(address);
  source.onopen = () => {
    state = { kind: "state", open: true, at: Date.now() };
    tell(state);
  };
  source.onerror = () => {
    if (state.open) state = { kind: "state", open: false, at: Date.now() };
    tell(state);
    if (source.readyState === EventSource.CLOSED) {
      source = null;
      setTimeout(() => source || open(), 3000);
    }
  };
  const pass = (event) => tell({ kind: "message", name: event.type, id: event.lastEventId, data: event.data });
  source.onmessage = pass;
  for (const name of ["event", "events", "snapshot", "delta", "heartbeat", "ended"]) {
    source.addEventListener(name, pass);
  }
}

self.onconnect = (connection) => {
  const port = connection.ports[0];
  ports.add(port);
  port.onmessage = (event) => {
    if (event.data.kind === "open") {
      ports.add(port); // a page that comes back from the browser's memory had said goodbye
      address = address || event.data.address;
      if (!source) open();
      port.postMessage(state);
    } else if (event.data.kind === "close") {
      ports.delete(port);
      if (!ports.size && source) {
        source.close();
        source = null;
        state = { kind: "state", open: false, at: Date.now() };
      }
    }
  };
  port.start();
};
