// What a chart draws: its axis, gaps left open, limits, alarms, lessons.
import { stateWord } from "./words.js";

export const degrees = (unit) => (unit === "°C" ? document.body.dataset.degrees : unit);
export const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const axisTimes = [
  [31536000, "{YYYY}", null, null, null, null, null, null, 1],
  [2419200, "{M}/{D}", "\n{YYYY}", null, null, null, null, null, 1],
  [86400, "{M}/{D}", "\n{YYYY}", null, null, null, null, null, 1],
  [3600, "{HH}:{mm}", "\n{M}/{D}", null, "\n{M}/{D}", null, null, null, 1],
  [60, "{HH}:{mm}", "\n{M}/{D}", null, "\n{M}/{D}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{M}/{D}", null, "\n{M}/{D}", null, null, null, 1],
];

// A null where buckets are missing, so that a gap stays a gap.
export function withGaps(data, other, step) {
  const own = gapped(data, step, ["max", "mean", "min"]);
  return other ? globalThis.uPlot.join([own, gapped(other, step, ["mean"])]) : own;
}

function gapped(data, step, names) {
  const rows = [[], ...names.map(() => [])];
  const normal = Math.max(step, median(data.at)) * 2.5;
  data.at.forEach((at, i) => {
    if (i && at - data.at[i - 1] > normal) {
      rows[0].push((data.at[i - 1] + at) / 2000);
      for (const row of rows.slice(1)) row.push(null);
    }
    [at / 1000, ...names.map((name) => data[name][i])].forEach((value, k) => rows[k].push(value));
  });
  return rows;
}

function median(at) {
  const steps = at.slice(1).map((each, i) => each - at[i]).sort((a, b) => a - b);
  return steps.length ? steps[Math.floor(steps.length / 2)] : 0;
}

export function room(low, high, limits) {
  const values = limits.map((limit) => limit.value);
  const least = Math.min(low ?? 0, ...values);
  const most = Math.max(high ?? 1, ...values);
  const margin = Math.max((most - least) * 0.08, 0.5);
  return [least - margin, most + margin];
}

export function drawLimits(u, data) {
  const { ctx, bbox } = u;
  ctx.save();
  for (const limit of data.limits) {
    const y = Math.round(u.valToPos(limit.value, "y", true));
    ctx.strokeStyle = ctx.fillStyle = css("--quiet");
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.setLineDash([8 * devicePixelRatio, 5 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = `${12 * devicePixelRatio}px system-ui`;
    ctx.textAlign = "right";
    const above = limit.side === "above" ? -6 : 14;
    ctx.fillText(`${limit.value}`.replace("-", "−") + ` ${degrees(data.unit)} ${stateWord(limit.severity)}`, bbox.left + bbox.width - 6, y + above * devicePixelRatio);
  }
  ctx.restore();
}

export function drawMark(u, at) {
  if (!at) return;
  const { ctx, bbox } = u;
  const x = Math.round(u.valToPos(at / 1000, "x", true));
  ctx.save();
  ctx.strokeStyle = css("--ink");
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

// Lessons as quiet bands behind everything.
export function drawLessons(u, lessons) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.fillStyle = css("--lesson");
  for (const lesson of lessons) {
    const left = Math.max(bbox.left, u.valToPos(lesson.from / 1000, "x", true));
    const right = Math.min(bbox.left + bbox.width, u.valToPos(lesson.to / 1000, "x", true));
    if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
  }
  ctx.restore();
}

// Alarms as bars along the foot, in the colour of their severity and with its word where there is room.
export function drawAlerts(u, alerts) {
  const { ctx, bbox } = u;
  const high = 7 * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const alert of alerts) {
    const left = u.valToPos(alert.from / 1000, "x", true);
    const width = Math.max(3 * devicePixelRatio, u.valToPos(alert.to / 1000, "x", true) - left);
    ctx.fillStyle = css(`--${alert.severity}`) || css("--neutral");
    ctx.fillRect(left, bbox.top + bbox.height - high, width, high);
    const word = stateWord(alert.severity);
    ctx.font = `${12 * devicePixelRatio}px system-ui`;
    if (ctx.measureText(word).width + 4 < width) {
      ctx.fillStyle = css("--ink");
      ctx.textAlign = "left";
      ctx.fillText(word, Math.max(left, bbox.left) + 2, bbox.top + bbox.height - high - 4 * devicePixelRatio);
    }
  }
  ctx.restore();
}
