// A point's history: mean over its band of minimum and maximum, limits drawn, gaps left open.
import { now, stateWord, ui, zone } from "./words.js";
import { on } from "./live.js";

const degrees = (unit) => (unit === "°C" ? document.body.dataset.degrees : unit);
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

for (const box of document.querySelectorAll("[data-chart]")) {
  const chart = new Curve(box);
  for (const link of document.querySelectorAll("[data-seconds][href]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      for (const other of document.querySelectorAll("[data-seconds][href]")) other.removeAttribute("aria-current");
      link.setAttribute("aria-current", "true");
      history.replaceState(null, "", link.getAttribute("href"));
      chart.seconds = Number(link.dataset.seconds);
      chart.load();
    });
  }
}

function Curve(box) {
  const said = box.querySelector(".chart-said");
  let plot = null;
  let loading = 0;
  this.seconds = Number(box.dataset.seconds || 0);

  this.load = async () => {
    const turn = ++loading;
    const width = Math.max(280, box.clientWidth);
    const to = Number(box.dataset.to) || now();
    const from = Number(box.dataset.from) || to - this.seconds * 1000;
    const query = new URLSearchParams({ point: box.dataset.chart, from, to, buckets: Math.min(600, Math.floor(width / 2)) });
    try {
      const answer = await fetch(`/api/v1/series?${query}`, { signal: AbortSignal.timeout(15000) });
      const data = await answer.json();
      if (turn !== loading) return;
      if (!answer.ok) { said.textContent = `${ui.failed}：${data.detail}`; return; }
      said.textContent = data.at.length ? "" : ui.noData;
      draw(data, from, to, Number(query.get("buckets")));
    } catch (error) {
      if (turn === loading) said.textContent = ui.noAnswer;
    }
  };

  function draw(data, from, to, buckets) {
    if (plot) plot.destroy();
    if (!data.at.length) return;
    const decimals = data.unit === "W" || data.unit === "ppm" ? 0 : 1;
    const rows = withGaps(data, (to - from) / buckets);
    const stroke = css("--trace");
    const band = css("--spread");
    const axis = { stroke: css("--quiet"), grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line"), width: 1 }, font: "12px system-ui" };
    const figure = (_, value) => (value === null || value === undefined ? "—" : `${value.toFixed(decimals)} ${degrees(data.unit)}`);
    const height = box.classList.contains("tall") ? Math.max(260, Math.min(420, innerHeight * 0.5)) : 240;
    plot = new globalThis.uPlot({
      width: box.clientWidth, height,
      tzDate: (at) => globalThis.uPlot.tzDate(new Date(at * 1000), zone),
      scales: { x: { min: from / 1000, max: to / 1000 }, y: { range: (_, low, high) => room(low, high, data.limits) } },
      series: [
        { label: ui.time, value: "{YYYY}-{MM}-{DD} {HH}:{mm}" },
        { label: ui.max, stroke: "transparent", value: figure, points: { show: false } },
        { label: ui.mean, stroke, width: 1.6, value: figure, points: { show: rows[0].length < 3 } },
        { label: ui.min, stroke: "transparent", value: figure, points: { show: false } },
      ],
      bands: [{ series: [1, 3], fill: band }],
      axes: [{ ...axis, values: times }, { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => `${tick}`.replace("-", "−")) }],
      hooks: { draw: [(u) => drawLimits(u, data), (u) => drawMark(u, Number(box.dataset.mark))] },
    }, rows, box);
  }

  const times = [
    [31536000, "{YYYY}", null, null, null, null, null, null, 1],
    [2419200, "{M}/{D}", "\n{YYYY}", null, null, null, null, null, 1],
    [86400, "{M}/{D}", "\n{YYYY}", null, null, null, null, null, 1],
    [3600, "{HH}:{mm}", "\n{M}/{D}", null, "\n{M}/{D}", null, null, null, 1],
    [60, "{HH}:{mm}", "\n{M}/{D}", null, "\n{M}/{D}", null, null, null, 1],
    [1, "{HH}:{mm}:{ss}", "\n{M}/{D}", null, "\n{M}/{D}", null, null, null, 1],
  ];

  new ResizeObserver(() => { if (plot && Math.abs(plot.width - box.clientWidth) > 4) plot.setSize({ width: box.clientWidth, height: plot.height }); }).observe(box);
  on("link", ({ back }) => { if (back) this.load(); });
  setInterval(() => { if (!box.dataset.to && !document.hidden) this.load(); }, 60000);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.load());
  this.load();
}

// A null where buckets are missing, so that a gap stays a gap.
function withGaps(data, step) {
  const rows = [[], [], [], []];
  const normal = Math.max(step, median(data.at)) * 2.5;
  data.at.forEach((at, i) => {
    if (i && at - data.at[i - 1] > normal) {
      rows[0].push((data.at[i - 1] + at) / 2000);
      for (const row of rows.slice(1)) row.push(null);
    }
    [at / 1000, data.max[i], data.mean[i], data.min[i]].forEach((value, k) => rows[k].push(value));
  });
  return rows;
}

function median(at) {
  const steps = at.slice(1).map((each, i) => each - at[i]).sort((a, b) => a - b);
  return steps.length ? steps[Math.floor(steps.length / 2)] : 0;
}

function room(low, high, limits) {
  const values = limits.map((limit) => limit.value);
  const least = Math.min(low ?? 0, ...values);
  const most = Math.max(high ?? 1, ...values);
  const margin = Math.max((most - least) * 0.08, 0.5);
  return [least - margin, most + margin];
}

function drawLimits(u, data) {
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

function drawMark(u, at) {
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
