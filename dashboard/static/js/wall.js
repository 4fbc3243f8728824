// The wall: its pages in turn; while somebody has to look at an alert, that page stays.
import { on } from "./live.js";

const STAY_MS = 15000;
const box = document.querySelector("[data-wall]");
const names = [...box.querySelectorAll(".wall-page")].map((page) => page.id);
let at = 0;

function show() {
  for (const [place, name] of names.entries()) document.getElementById(name).classList.toggle("shown", place === at);
}

function turn() {
  const waiting = Number(document.getElementById("wall-wrong").dataset.waiting) > 0;
  at = waiting ? 0 : (at + 1) % names.length;
  show();
}

box.classList.add("turning");
show();
setInterval(turn, STAY_MS);
document.addEventListener("renewed", () => {
  if (Number(document.getElementById("wall-wrong").dataset.waiting) > 0) at = 0;
  show();
});
on("link", ({ up }) => { if (!up) show(); });
