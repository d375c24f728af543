// Saves the form[data-rubric-editor] by itself, two seconds after the last change, and says how it stands. Its buttons
// work without this. Where somebody else has saved meanwhile nothing is sent any more: the page is asked to compare.

import { clock } from "./draft/pill.js";

const PAUSE = 2000;
const RETRY = 5000;
const OPEN = "consilium.rubric.open";
const form = document.querySelector("form[data-rubric-editor]");
const place = form?.querySelector("[data-rubric-saved]");
const draft = { dirty: false, sending: null, timer: 0, stopped: form?.hasAttribute("data-by-hand") ?? true };

function say(state, words) {
  place.dataset.state = state;
  place.textContent = words;
}

function rename(names) {
  for (const [name, value] of Object.entries(names)) {
    const control = form.elements.namedItem(name);
    if (control instanceof HTMLInputElement && control !== document.activeElement) control.value = value;
  }
}

function send() {
  const fields = new FormData(form);
  fields.set("do", "save");
  return fetch(form.action, { method: "POST", body: fields, credentials: "same-origin", redirect: "manual", headers: { Accept: "application/json" } });
}

async function take(response) {
  if (response.ok) {
    const saved = await response.json();
    form.elements.seen.value = saved.seen;
    rename(saved.names);
    say("saved", `saved ${clock(new Date(saved.saved_at))}`);
  } else if (response.status === 409) {
    draft.stopped = true;
    say("refused", "Somebody else saved this draft: press Save to compare.");
  } else if (response.status === 422) {
    say("refused", (await response.json()).detail);
  } else {
    later(response.type === "opaqueredirect" || response.status === 403 ? "not saved: sign in again in another tab" : "retrying");
  }
}

function later(words) {
  draft.dirty = true;
  say("retrying", words);
  schedule(RETRY);
}

async function save() {
  if (draft.sending || !draft.dirty || draft.stopped) return draft.sending;
  draft.dirty = false;
  say("saving", "saving");
  draft.sending = send().then(take, () => later("retrying")).finally(() => { draft.sending = null; });
  return draft.sending;
}

function schedule(pause) {
  clearTimeout(draft.timer);
  draft.timer = setTimeout(save, pause);
}

function changed() {
  draft.dirty = true;
  if (!draft.stopped) {
    say("saving", "not saved yet");
    schedule(PAUSE);
  }
}

// A button sends the whole form: not while a save is on its way, whose edition it would not know.
async function pressed(event) {
  clearTimeout(draft.timer);
  if (draft.sending) {
    event.preventDefault();
    const button = event.submitter;
    await draft.sending;
    form.requestSubmit(button);
    return;
  }
  draft.dirty = false;
  draft.stopped = true;
  remember();
}

function remember() {
  const open = [...form.querySelectorAll("[data-rubric-item][open]")].map((item) => item.dataset.rubricItem);
  try {
    sessionStorage.setItem(OPEN, JSON.stringify(open));
  } catch {
    // Storage is forbidden: the cards then come closed.
  }
}

function reopen() {
  try {
    const open = JSON.parse(sessionStorage.getItem(OPEN) ?? "[]");
    sessionStorage.removeItem(OPEN);
    for (const item of form.querySelectorAll("[data-rubric-item]")) item.open ||= open.includes(item.dataset.rubricItem);
  } catch {
    // As above.
  }
  document.querySelector("[autofocus]")?.scrollIntoView({ block: "center" });
}

if (form) {
  reopen();
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("submit", pressed);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save(); });
  window.addEventListener("online", save);
  window.addEventListener("beforeunload", (event) => { if (draft.dirty) event.preventDefault(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}
