// form[data-report] hides a snippet without leaving the page: what she has entered stays, the text goes.

const FAILED = "The report did not reach the site, and the snippet is still shown to others. Press the button again.";

function instead(snippet, words) {
  const note = document.createElement("p");
  note.className = "strip strip-silent quiet";
  note.tabIndex = -1;
  note.setAttribute("role", "status");
  note.textContent = words;
  snippet.replaceWith(note);
  note.focus();
}

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
      instead(snippet, words);
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
