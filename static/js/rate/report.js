// form[data-report] hides a snippet without leaving the page: what she has entered stays, the text goes.

import { hide } from "./hidden.js";

const FAILED = "The report did not reach the site, and the snippet is still shown to others. Press the button again.";

async function send(form, button) {
  const snippet = button.closest("[data-snippet]"), place = button.closest("div");
  const body = new FormData(form);
  body.set(button.name, button.value);
  button.disabled = true;
  let words = FAILED;
  try {
    const response = await fetch(form.action, { method: "POST", body, credentials: "same-origin", redirect: "manual", headers: { Accept: "application/json" } });
    const answer = await response.json();
    words = answer.message ?? answer.detail ?? FAILED;
    if (response.ok) {
      hide(snippet, words);
      return document.dispatchEvent(new CustomEvent("consilium:hidden", { detail: { snippet: button.value } }));
    }
  } catch {
    // Offline, or signed out: the sentence says that nothing was hidden.
  }
  button.disabled = false;
  const told = place.querySelector("[role=alert]") ?? place.appendChild(Object.assign(document.createElement("p"), { className: "field-error" }));
  told.setAttribute("role", "alert");
  told.textContent = words;
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-report]") || !event.submitter) return;
  event.preventDefault();
  send(event.target, event.submitter);
});
