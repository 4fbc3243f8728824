// Renews the parts of the page that the server draws, without losing what is shown or typed.
let timer = null;
let running = false;
let once = false;

export function refreshSoon() {
  if (timer) return;
  timer = setTimeout(() => { timer = null; refresh(); }, 150 + Math.random() * 250);
}

export async function refresh() {
  if (running) { once = true; return; }
  running = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(8000) });
    if (answer.redirected && new URL(answer.url).pathname === "/login") { location.assign(answer.url); return; }
    // An error page never takes the place of a screen that can still be read.
    if (!answer.ok) return;
    renew(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch (error) {
    // The connection's own watch says that we are cut off.
  } finally {
    running = false;
    if (once) { once = false; refreshSoon(); }
  }
}

function renew(fresh) {
  for (const part of document.querySelectorAll("[data-part]")) {
    const next = fresh.getElementById(part.id);
    if (!next || part.contains(document.querySelector(".act [disabled]"))) continue;
    const kept = part.contains(document.activeElement) ? pathTo(document.activeElement) : null;
    part.replaceWith(document.adoptNode(next));
    if (kept) { const again = document.querySelector(kept); if (again) again.focus(); }
  }
  document.dispatchEvent(new CustomEvent("renewed"));
}

function pathTo(element) {
  const form = element.closest("form[action]");
  if (form) return `form[action="${CSS.escape(form.getAttribute("action"))}"] ${element.localName}`;
  const href = element.getAttribute("href");
  return href ? `a[href="${CSS.escape(href)}"]` : null;
}
