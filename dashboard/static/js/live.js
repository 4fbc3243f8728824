// The connection: one stream a page; it says when it is cut off, and comes back by itself.
import { serverSaid } from "./words.js";

const SILENCE_MS = 9000;
const PATIENT_TRIES = 2;
const url = document.body.dataset.live;
const listeners = { reading: [], alert: [], node: [], heartbeat: [], link: [] };
let source = null;
let lastId = document.body.dataset.position || "";
let heard = performance.now();
let linked = null;
let attempt = 0;
let waiting = null;

export const link = { up: null, since: Date.now(), last: null };
export function on(name, listener) { listeners[name].push(listener); }
function tell(name, data) { for (const listener of listeners[name]) listener(data); }

function setLink(up) {
  if (linked === up) return;
  const back = linked === false && up;
  linked = up;
  link.up = up;
  tell("link", { up, back });
}

function alive(event) {
  heard = performance.now();
  if (event.lastEventId) lastId = event.lastEventId;
}

function open() {
  waiting = null;
  if (source) source.close();
  source = new EventSource(lastId ? `${url}?last=${encodeURIComponent(lastId)}` : url);
  for (const name of ["reading", "alert", "node"]) {
    source.addEventListener(name, (event) => { alive(event); tell(name, JSON.parse(event.data)); });
  }
  source.addEventListener("heartbeat", (event) => {
    alive(event);
    attempt = 0;
    const beat = JSON.parse(event.data);
    serverSaid(beat.at);
    link.last = beat;
    setLink(true);
    tell("heartbeat", beat);
  });
  source.onerror = () => again();
}

function again() {
  if (waiting) return;
  if (source) source.close();
  source = null;
  attempt += 1;
  if (attempt > PATIENT_TRIES) setLink(false);
  waiting = setTimeout(open, Math.min(500 * 2 ** attempt, 5000));
}

function watch() {
  if (performance.now() - heard > SILENCE_MS) {
    setLink(false);
    if (!waiting && source) again();
  }
}

export function start() {
  if (!url) return;
  open();
  setInterval(watch, 500);
  window.addEventListener("online", () => { if (waiting) { clearTimeout(waiting); open(); } });
  window.addEventListener("pagehide", () => source && source.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) open(); });
}
