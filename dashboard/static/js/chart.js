// A point's history: mean over its band of minimum and maximum; zoom, compare, alarms and lessons.
import { now, ui, zone } from "./words.js";
import { on } from "./live.js";
import { axisTimes, css, degrees, drawLessons, drawLimits, drawMark, drawAlerts, room, withGaps } from "./chart_draw.js";
import { moves } from "./chart_moves.js";

for (const box of document.querySelectorAll("[data-chart]")) {
  const chart = new Curve(box);
  for (const link of document.querySelectorAll("[data-seconds][href]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      choose(link);
      chart.seconds = Number(link.dataset.seconds);
      chart.whole();
    });
  }
}

function choose(link) {
  for (const other of document.querySelectorAll("[data-seconds][href]")) other.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  history.replaceState(null, "", link.getAttribute("href"));
}

function Curve(box) {
  const said = box.querySelector(".chart-said");
  const beside = document.querySelector("[data-compare]");
  const file = document.querySelector("[data-csv]");
  const back = document.querySelector("[data-whole]");
  let plot = null;
  let loading = 0;
  let chosen = null;
  this.seconds = Number(box.dataset.seconds || 0);

  const span = () => {
    if (chosen) return chosen;
    const to = Number(box.dataset.to) || now();
    return { from: Number(box.dataset.from) || to - this.seconds * 1000, to };
  };

  this.load = async () => {
    const turn = ++loading;
    const { from, to } = span();
    const buckets = Math.min(600, Math.floor(Math.max(280, box.clientWidth) / 2));
    const ask = (path, more) => get(`/api/v1/${path}?${new URLSearchParams({ from: Math.round(from), to: Math.round(to), ...more })}`);
    try {
      const [data, marks, other] = await Promise.all([
        ask("series", { point: box.dataset.chart, buckets }),
        ask("marks", { point: box.dataset.chart }).catch(() => ({ alerts: [], lessons: [] })),
        beside && beside.value ? ask("series", { point: beside.value, buckets }) : null,
      ]);
      if (turn !== loading) return;
      said.textContent = data.at.length ? "" : ui.noData;
      draw(data, marks, other, from, to, buckets);
    } catch (error) {
      if (turn === loading) said.textContent = error.detail ? `${ui.failed}：${error.detail}` : ui.noAnswer;
    }
    if (file) file.href = `/points/${box.dataset.chart}.csv?${new URLSearchParams({ from: Math.round(from), to: Math.round(to) })}`;
    if (back) back.hidden = !chosen;
  };

  this.zoom = (from, to) => { chosen = { from, to: Math.min(to, now()) }; this.load(); };
  this.whole = () => { chosen = null; this.load(); };

  const draw = (data, marks, other, from, to, buckets) => {
    if (plot) plot.destroy();
    plot = null;
    if (!data.at.length) return;
    const decimals = data.unit === "W" || data.unit === "ppm" ? 0 : 1;
    const step = (to - from) / buckets;
    const rows = withGaps(data, other, step);
    const axis = { stroke: css("--quiet"), grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line"), width: 1 }, font: "12px system-ui" };
    const figure = (unit) => (_, value) => (value === null || value === undefined ? "—" : `${value.toFixed(decimals)} ${degrees(unit)}`);
    const height = box.classList.contains("tall") ? Math.max(260, Math.min(420, innerHeight * 0.5)) : 240;
    const series = [
      { label: ui.time, value: "{YYYY}-{MM}-{DD} {HH}:{mm}" },
      { label: ui.max, stroke: "transparent", value: figure(data.unit), points: { show: false } },
      { label: ui.mean, stroke: css("--trace"), width: 1.6, value: figure(data.unit), points: { show: rows[0].length < 3 } },
      { label: ui.min, stroke: "transparent", value: figure(data.unit), points: { show: false } },
    ];
    if (other) series.push({ label: beside.selectedOptions[0].textContent, stroke: css("--compare"), width: 1.6, dash: [6, 4], spanGaps: true, value: figure(other.unit), points: { show: false } });
    plot = new globalThis.uPlot({
      width: box.clientWidth, height, series,
      tzDate: (at) => globalThis.uPlot.tzDate(new Date(at * 1000), zone),
      cursor: { drag: { x: true, y: false, setScale: false } },
      scales: { x: { min: from / 1000, max: to / 1000 }, y: { range: (_, low, high) => room(low, high, data.limits) } },
      bands: [{ series: [1, 3], fill: css("--spread") }],
      axes: [{ ...axis, values: axisTimes }, { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => `${tick}`.replace("-", "−")) }],
      hooks: {
        drawClear: [(u) => drawLessons(u, marks.lessons)],
        draw: [(u) => drawLimits(u, data), (u) => drawAlerts(u, marks.alerts), (u) => drawMark(u, Number(box.dataset.mark))],
        setSelect: [(u) => {
          if (u.select.width < 8) return;
          this.zoom(u.posToVal(u.select.left, "x") * 1000, u.posToVal(u.select.left + u.select.width, "x") * 1000);
        }],
      },
    }, rows, box);
  };

  new ResizeObserver(() => { if (plot && Math.abs(plot.width - box.clientWidth) > 4) plot.setSize({ width: box.clientWidth, height: plot.height }); }).observe(box);
  on("link", ({ back: again }) => { if (again) this.load(); });
  setInterval(() => { if (!box.dataset.to && !chosen && !document.hidden) this.load(); }, 60000);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.load());
  if (beside) beside.addEventListener("change", () => this.load());
  if (back) back.addEventListener("click", () => this.whole());
  moves(box, span, this);
  this.load();
}

async function get(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(15000) });
  const data = await answer.json();
  if (!answer.ok) throw data;
  return data;
}
