// The guard's post: calm only when everything is proven; sound until somebody acknowledges.
import { ui } from "./words.js";
import { link, on } from "./live.js";

const PAUSE_MS = { critical: 1200, major: 2500, warning: 6000, info: 15000 };
const button = document.querySelector("[data-sound]");
let audio = null;
let next = 0;
let spoken = "";

const bodyPart = () => document.getElementById("post-body");

function whyNotCalm() {
  const beat = link.last;
  if (!link.up || !beat) return ui.notProven;
  for (const part of ["broker", "engine", "ingest"]) if (!beat[part]) return ui[part];
  if (bodyPart().dataset.nodeOnline !== "yes") return ui.nodeOff;
  const gate = bodyPart().querySelector("[data-point]");
  if (!gate || !gate.dataset.at || gate.classList.contains("stale")) return ui.gateOld;
  return "";
}

function showCalm() {
  const good = document.querySelector("[data-calm-good]");
  if (!good) return;
  const why = whyNotCalm();
  good.hidden = why !== "";
  const not = document.querySelector("[data-calm-not]");
  not.hidden = why === "";
  not.textContent = why;
}

function soundState() {
  const ready = audio && audio.state === "running";
  button.textContent = ready ? ui.soundOn : ui.soundOff;
  button.classList.toggle("off", !ready);
  return ready;
}

async function wake() {
  audio = audio || new AudioContext();
  if (audio.state !== "running") await audio.resume();
  soundState();
}

function tone(at, frequency, length) {
  const oscillator = audio.createOscillator();
  const gain = audio.createGain();
  oscillator.frequency.value = frequency;
  gain.gain.setValueAtTime(0.0001, at);
  gain.gain.exponentialRampToValueAtTime(0.4, at + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.0001, at + length);
  oscillator.connect(gain).connect(audio.destination);
  oscillator.start(at);
  oscillator.stop(at + length);
}

function ring(severity) {
  if (!soundState()) return;
  const high = severity === "critical" ? 988 : 784;
  tone(audio.currentTime, high, 0.22);
  tone(audio.currentTime + 0.26, high * 0.8, 0.3);
}

function speak(text) {
  if (!text || text === spoken || !("speechSynthesis" in window)) return;
  spoken = text;
  const words = new SpeechSynthesisUtterance(text);
  words.lang = document.documentElement.lang;
  speechSynthesis.speak(words);
}

function watch() {
  showCalm();
  const { alarm, spoken: text } = bodyPart().dataset;
  if (!alarm) { spoken = ""; return; }
  if (performance.now() < next) return;
  next = performance.now() + (PAUSE_MS[alarm] || 6000);
  ring(alarm);
  if (soundState()) speak(text);
}

button.addEventListener("click", wake);
document.querySelector("[data-sound-test]").addEventListener("click", async () => { await wake(); ring("critical"); });
document.addEventListener("pointerdown", wake, { once: true });
document.addEventListener("renewed", showCalm);
on("heartbeat", showCalm);
on("link", showCalm);
soundState();
setInterval(watch, 400);
