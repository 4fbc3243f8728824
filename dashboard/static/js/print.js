// A button that prints the page; it shows only where scripts run.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => globalThis.print());
}
// Who printed what is kept by the school.
addEventListener("beforeprint", () => {
  const body = new URLSearchParams({ path: location.pathname, csrf_token: document.body.dataset.csrf });
  fetch("/printed", { method: "POST", body, keepalive: true }).catch(() => {});
});
