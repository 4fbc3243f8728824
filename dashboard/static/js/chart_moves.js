// Moving in a chart by keys, by a pinch, and back to the whole by a double press.
const LEAST_MS = 60000;

export function moves(box, span, chart) {
  const to = (middle, length) => chart.zoom(middle - length / 2, middle + length / 2);

  box.addEventListener("keydown", (event) => {
    const { from, to: end } = span();
    const length = end - from;
    const middle = (from + end) / 2;
    if (event.key === "ArrowLeft") to(middle - length / 4, length);
    else if (event.key === "ArrowRight") to(middle + length / 4, length);
    else if (event.key === "+" || event.key === "=") to(middle, Math.max(LEAST_MS, length / 2));
    else if (event.key === "-") to(middle, length * 2);
    else if (event.key === "0" || event.key === "Escape") chart.whole();
    else return;
    event.preventDefault();
  });

  box.addEventListener("dblclick", () => chart.whole());

  let pinch = null;
  const apart = (touches) => Math.abs(touches[0].clientX - touches[1].clientX);
  box.addEventListener("touchstart", (event) => {
    if (event.touches.length === 2) pinch = { apart: Math.max(20, apart(event.touches)), ...span() };
  }, { passive: true });
  box.addEventListener("touchmove", (event) => {
    if (pinch && event.touches.length === 2) pinch.now = Math.max(20, apart(event.touches));
  }, { passive: true });
  box.addEventListener("touchend", () => {
    if (pinch && pinch.now) to((pinch.from + pinch.to) / 2, Math.max(LEAST_MS, (pinch.to - pinch.from) * pinch.apart / pinch.now));
    pinch = null;
  });
}
