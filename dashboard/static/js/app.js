// Every page: values as they come, ages as they grow, the state of the connection in words.
import { age, clock, now, ui, valueText } from "./words.js";
import { link, on, start } from "./live.js";
import { refresh, refreshSoon } from "./refresh.js";
import "./act.js";

const find = (selector) => document.querySelector(selector);
const all = (selector) => document.querySelectorAll(selector);

function show(reading) {
  for (const element of all(`[data-point="${CSS.escape(reading.point)}"]`)) {
    if (reading.at < Number(element.dataset.at)) continue;
    element.dataset.at = reading.at;
    element.querySelector("[data-value]").textContent = valueText(reading.value, Number(element.dataset.decimals));
    for (const name of [...element.classList]) if (name.startsWith("state-")) element.classList.remove(name);
    element.classList.add(`state-${reading.state}`);
    ageOf(element);
  }
}

function ageOf(element) {
  const at = Number(element.dataset.at);
  if (!at) return;
  const limit = Number(element.dataset.staleAfter) * 1000;
  element.classList.toggle("stale", limit > 0 && now() - at > limit);
  const words = element.querySelector("[data-age-of]");
  if (words) words.textContent = age(at);
}

function tick() {
  for (const element of all("[data-point]")) ageOf(element);
  for (const element of all("[data-age]")) element.textContent = age(Number(element.dataset.age));
  const time = find("[data-link-time]");
  if (time && link.up !== false) time.textContent = clock(now());
  const face = find("[data-clock]");
  if (face && link.up !== false) face.textContent = clock(now()).slice(0, 5);
}

function showLink() {
  const cut = link.up === false;
  document.body.classList.toggle("is-cut", cut);
  const banner = find("[data-cut]");
  if (banner) banner.hidden = !cut;
  if (cut && link.last) find("[data-cut-text]").textContent = ui.cutSince.replace("{time}", clock(link.last.at));
  const word = find("[data-link-word]");
  if (word) word.textContent = cut ? ui.cut : link.up ? ui.online : ui.connecting;
  const wrong = link.last && !cut ? ["broker", "engine", "ingest"].filter((part) => !link.last[part]) : [];
  // Without the broker nothing is known of the other two.
  const said = wrong.includes("broker") ? ["broker"] : wrong;
  const bar = find("[data-degraded]");
  if (bar) { bar.hidden = said.length === 0; bar.textContent = said.map((part) => ui[part]).join(" · "); }
}

on("reading", show);
on("alert", refreshSoon);
on("node", refreshSoon);
on("link", ({ back }) => { showLink(); if (back) refresh(); });
on("heartbeat", (beat) => {
  const heart = find(".heart");
  if (heart) { heart.classList.add("beat"); setTimeout(() => heart.classList.remove("beat"), 400); }
  if (beat.resumed === false) refresh();
  showLink();
});

start();
tick();
setInterval(tick, 1000);
setInterval(() => { if (link.up && !document.hidden) refresh(); }, 60000);
document.addEventListener("visibilitychange", () => { if (!document.hidden && link.up) refresh(); });
