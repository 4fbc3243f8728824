// Words of the page's language, and the server's time.
const body = document.body;
const words = JSON.parse(body.dataset.words || "{}");
let ahead = Number(body.dataset.now) - Date.now();

export const ui = words.ui || {};
export const stateWord = (state) => (words.states || {})[state] || state;
export const csrf = body.dataset.csrf;
export const zone = body.dataset.zone;
const locale = body.dataset.language === "en" ? "en-GB" : "zh-CN";

export function serverSaid(at) { ahead = at - Date.now(); }
export function now() { return Date.now() + ahead; }

const clockFormat = new Intl.DateTimeFormat(locale, { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const shortFormat = new Intl.DateTimeFormat(locale, { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const clock = (at) => clockFormat.format(at);
export const shortClock = (at) => shortFormat.format(at);

export function age(at) {
  const seconds = Math.floor((now() - at) / 1000);
  if (seconds < -60) return ui.ahead;
  if (seconds < 5) return ui.now;
  if (seconds < 60) return ui.seconds.replace("{n}", seconds);
  if (seconds < 3600) return ui.minutes.replace("{n}", Math.floor(seconds / 60));
  if (seconds < 172800) return ui.hours.replace("{n}", Math.floor(seconds / 3600));
  return ui.days.replace("{n}", Math.floor(seconds / 86400));
}

export function valueText(value, decimals) {
  if (value === null || value === undefined) return "—";
  if (typeof value === "number") return value.toFixed(decimals).replace("-", "−");
  return (words.values || {})[String(value)] || String(value);
}
