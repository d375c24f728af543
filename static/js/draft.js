// Saves a form[data-draft-url] as a draft: on this device at each change, where the form names its draft
// ([data-on-device]), and by PUT 600 ms after the last one, again and again with growing pauses while that fails.
// [data-save-state] says how it stands. What the site has not got yet is filled in when the form is opened again.

import { hear } from "./device/tabs.js";
import { forget, keep } from "./device/store.js";
import { adopt, withNewer } from "./draft/versions.js";
import { read } from "./draft/fields.js";
import { clock, say, saySaving, signInLink } from "./draft/pill.js";
import { Pauses } from "./pauses.js";
import { ask } from "./site.js";

const PAUSE = 600;
const drafts = new WeakMap();

const forms = (root = document) => [...root.querySelectorAll("form[data-draft-url]")];
const nameOf = (form) => form.querySelector("[data-on-device]")?.dataset.onDevice ?? "";

function draftOf(form) {
  if (!drafts.has(form)) drafts.set(form, { dirty: false, sending: null, timer: 0, pauses: new Pauses(), kept: false, ready: Promise.resolve(), choosing: false });
  return drafts.get(form);
}

function onDevice(form) {
  const fields = read(form);
  return { name: nameOf(form), url: form.dataset.draftUrl, fields, number: Number(fields.draft_number), window: fields.window };
}

async function toDevice(form, draft) {
  await draft.ready;
  if (!nameOf(form) || form.dataset.sent) return;
  try {
    await keep("draft", nameOf(form), () => onDevice(form));
    draft.kept = true;
  } catch {
    draft.kept = false;
  }
}

function put(form, options) {
  return ask(form.dataset.draftUrl, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(read(form)), ...options });
}

function later(form, draft, state, words, ...more) {
  draft.dirty = true;
  say(form, state, words, ...more);
  schedule(form, draft.pauses.next());
}

function saved(form, draft, content) {
  draft.pauses.reset();
  const number = form.elements.namedItem("draft_number");
  if (number && content.number) number.value = content.number;
  if (draft.dirty) return;
  if (nameOf(form)) forget("draft", nameOf(form)).catch(() => {});
  say(form, "saved", `saved ${clock(content.saved_at ? new Date(content.saved_at) : new Date())}`);
}

async function newer(form, draft, content) {
  draft.choosing = true;
  const asked = withNewer(form, content);
  if (form.querySelector("#choice")) say(form, "refused", "another window has other answers. ", Object.assign(document.createElement("a"), { href: "#choice", textContent: "Choose" }));
  const again = await asked;
  draft.choosing = false;
  draft.dirty = again;
  if (again) save(form);
  else saved(form, draft, content.newer);
}

function answered(form, draft, { kind, content }) {
  if (kind === "ok") return saved(form, draft, content);
  if (kind === "signed-out") return later(form, draft, "signed-out", draft.kept ? "saved on this device. " : "not saved. ", signInLink());
  if (kind === "away") return later(form, draft, draft.kept ? "device" : "retrying", draft.kept ? "saved on this device" : "retrying");
  if (kind === "busy") return later(form, draft, "retrying", "retrying");
  if (content.newer) return newer(form, draft, content);
  return say(form, "refused", typeof content.detail === "string" ? content.detail : "This draft cannot be saved any more.");
}

// Resolves with what became of it, in a word of site.js; "overtaken" where a later request went out meanwhile.
async function send(form, draft, options) {
  const sending = draft.sending = new AbortController();
  draft.dirty = false;
  const answer = await put(form, { stop: sending, ...options });
  if (draft.sending !== sending) return "overtaken";
  draft.sending = null;
  if (form.dataset.sent || !form.isConnected) return answer.kind;
  answered(form, draft, answer);
  if (draft.dirty && !draft.timer) schedule(form, PAUSE);
  return answer.kind === "refused" && answer.content.newer ? "newer" : answer.kind;
}

// Sends the form as it is now, for whoever must know that the site has it. Resolves as `send` does, or with "newer" where
// she has to choose between two windows' answers first.
export async function settle(form) {
  const draft = draftOf(form);
  await draft.ready;
  if (draft.choosing) return "newer";
  clearTimeout(draft.timer);
  draft.timer = 0;
  draft.sending?.abort();
  return send(form, draft);
}

// The form is submitted or given up: a draft that is on its way would come after it.
function halt(form) {
  const draft = draftOf(form);
  clearTimeout(draft.timer);
  draft.timer = 0;
  draft.sending?.abort();
  draft.sending = null;
}

async function save(form) {
  const draft = draftOf(form);
  await draft.ready;
  if (draft.sending || !draft.dirty || draft.choosing || form.dataset.sent || !form.isConnected) return;
  if (draft.pauses.isFirst) saySaving(form);
  send(form, draft);
}

function schedule(form, pause) {
  const draft = draftOf(form);
  clearTimeout(draft.timer);
  draft.timer = setTimeout(() => {
    draft.timer = 0;
    save(form);
  }, pause);
}

function changed(event) {
  const form = event.target.form;
  if (!form?.dataset.draftUrl || event.target.name === "ticket") return;
  const draft = draftOf(form);
  draft.dirty = true;
  toDevice(form, draft);
  if (!draft.pauses.isFirst && draft.timer) return; // The next try is set already.
  if (!draft.choosing) saySaving(form);
  schedule(form, PAUSE);
}

function now() {
  for (const form of forms()) {
    draftOf(form).pauses.reset();
    save(form);
  }
}

function leave() {
  for (const form of forms()) {
    const draft = draftOf(form);
    if (form.dataset.sent || draft.choosing || !(draft.dirty || draft.sending)) continue;
    draft.sending?.abort();
    send(form, draft, { keepalive: true });
  }
}

function begin(root) {
  for (const form of forms(root)) {
    const draft = draftOf(form);
    if (!nameOf(form)) continue;
    draft.ready = adopt(form, nameOf(form)).then((unsaved) => {
      if (!unsaved) return;
      draft.kept = draft.dirty = true;
      schedule(form, 0);
    }, () => {});
  }
}

document.addEventListener("input", changed);
document.addEventListener("change", changed);
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") leave(); });
document.addEventListener("submit", ({ target }) => { if (target.matches("form[data-outbox]")) halt(target); });
document.addEventListener("consilium:given-up", ({ detail }) => halt(detail.form));
document.addEventListener("consilium:send-now", now);
document.addEventListener("consilium:sheet", (event) => begin(event.detail.root));
window.addEventListener("online", now);
hear("here", now);
window.addEventListener("beforeunload", (event) => {
  for (const form of forms()) {
    const draft = draftOf(form);
    if (draft.dirty && !draft.kept && !draft.pauses.isFirst && !form.dataset.sent) event.preventDefault();
  }
});
begin(document);
