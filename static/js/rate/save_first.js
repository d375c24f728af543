// form[data-save-first] goes out as a page's form does once the site has it as a draft: whatever becomes of the answer, what
// she wrote is there. Until then she stays on the page and reads why.

import { settle } from "../draft.js";

const STAYS = {
  away: "The site cannot be reached. What you wrote is here: submit it again in a moment.",
  busy: "The site does not answer. What you wrote is here: submit it again in a moment.",
  "signed-out": "You are signed out. Sign in again in another tab, then submit it here.",
  newer: "Another window has other answers. Choose which ones count, then submit.",
};

function submitter(form, button) {
  if (!button?.name) return;
  form.append(Object.assign(document.createElement("input"), { type: "hidden", name: button.name, value: button.value }));
}

async function send(form, button) {
  form.inert = true;
  delete form.dataset.sent; // Or nothing would be saved any more.
  const stays = STAYS[await settle(form)];
  form.inert = false;
  if (stays) {
    form.querySelector("[data-missing]").textContent = stays;
    return;
  }
  form.dataset.sent = "yes";
  submitter(form, button);
  form.submit();
}

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !event.target.matches("form[data-save-first]")) return;
  event.preventDefault();
  send(event.target, event.submitter);
});
