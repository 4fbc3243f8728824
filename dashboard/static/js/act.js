// Acknowledging in place: "acknowledged" is shown only once the engine has said so.
import { csrf, ui } from "./words.js";
import { refresh } from "./refresh.js";

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-act]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button");
  const said = form.querySelector(".act-said");
  button.disabled = true;
  said.classList.remove("failed");
  said.textContent = ui.sending;
  const failure = await send(form.dataset.act);
  button.disabled = false;
  said.textContent = failure;
  said.classList.toggle("failed", failure !== "");
  if (!failure) refresh();
});

async function send(url) {
  try {
    const answer = await fetch(url, {
      method: "POST", body: "{}", signal: AbortSignal.timeout(10000),
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
    });
    if (answer.ok) return "";
    const problem = await answer.json().catch(() => ({}));
    return `${ui.failed}：${problem.detail || answer.status}`;
  } catch (error) {
    return ui.noAnswer;
  }
}
