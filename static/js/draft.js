// Saves a form[data-draft-url] as a draft: PUT JSON, 600 ms after the last change, one request at a time,
// again and again with growing pauses while the server cannot be reached. [data-save-state] says how it stands.
// Every field is sent by name: text as a string, checkboxes as a list, also those that are disabled for now.

const PAUSE = 600;
const FIRST_RETRY = 1000;
const LONGEST_RETRY = 30000;
const TIMEOUT = 15000;
const drafts = new WeakMap();

function draftOf(form) {
  if (!drafts.has(form)) drafts.set(form, { dirty: false, sending: null, timer: 0, retry: FIRST_RETRY, stopped: false });
  return drafts.get(form);
}

function answers(form) {
  const fields = {};
  for (const control of form.elements) {
    if (!control.name || control.name === "csrfmiddlewaretoken" || ["submit", "button", "file", "fieldset"].includes(control.type)) continue;
    if (control.type === "checkbox") (fields[control.name] ??= []).push(...(control.checked ? [control.value] : []));
    else if (control.type === "radio") fields[control.name] = control.checked ? control.value : fields[control.name] ?? null;
    else fields[control.name] = control.value;
  }
  return fields;
}

function say(form, state, words) {
  const places = form.id ? document.querySelectorAll(`[data-save-state][data-for="${CSS.escape(form.id)}"], #${CSS.escape(form.id)} [data-save-state]`) : form.querySelectorAll("[data-save-state]");
  for (const place of places) {
    place.dataset.state = state;
    place.textContent = words;
  }
}

function clock(moment) {
  return moment.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

function request(form, options) {
  const token = form.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  return fetch(form.dataset.draftUrl, {
    method: "PUT",
    credentials: "same-origin",
    redirect: "manual",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
    body: JSON.stringify(answers(form)),
    ...options,
  });
}

async function reasonOf(response) {
  try {
    const { detail } = await response.json();
    return typeof detail === "string" ? detail : "";
  } catch {
    return "";
  }
}

function later(form, draft, state, words) {
  draft.dirty = true;
  say(form, state, words);
  schedule(form, draft.retry);
  draft.retry = Math.min(LONGEST_RETRY, draft.retry * 2);
}

async function answerTo(form, draft, response) {
  if (response.ok) {
    draft.retry = FIRST_RETRY;
    const saved = await response.json().catch(() => ({}));
    if (!draft.dirty) say(form, "saved", `saved ${clock(saved.saved_at ? new Date(saved.saved_at) : new Date())}`);
  } else if (response.type === "opaqueredirect" || response.status === 401 || response.status === 403) {
    later(form, draft, "signed-out", "not saved: sign in again in another tab");
  } else if (response.status >= 500 || response.status === 429 || response.status === 408) {
    later(form, draft, "retrying", "retrying");
  } else {
    draft.stopped = true;
    say(form, "refused", (await reasonOf(response)) || "This draft cannot be saved any more.");
  }
}

async function save(form) {
  const draft = draftOf(form);
  if (draft.sending || !draft.dirty || draft.stopped || !form.isConnected) return;
  draft.dirty = false;
  draft.sending = new AbortController();
  if (draft.retry === FIRST_RETRY) say(form, "saving", "saving");
  const timeout = setTimeout(() => draft.sending?.abort(), TIMEOUT);
  try {
    await answerTo(form, draft, await request(form, { signal: draft.sending.signal }));
  } catch {
    later(form, draft, "retrying", "retrying");
  } finally {
    clearTimeout(timeout);
    draft.sending = null;
  }
  if (draft.dirty && !draft.timer) schedule(form, PAUSE);
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
  if (!form?.dataset.draftUrl) return;
  const draft = draftOf(form);
  if (draft.stopped) return;
  draft.dirty = true;
  if (draft.retry === FIRST_RETRY) say(form, "saving", "saving");
  schedule(form, PAUSE);
}

function leave() {
  for (const form of document.querySelectorAll("form[data-draft-url]")) {
    const draft = draftOf(form);
    if (form.dataset.sent || draft.stopped || !(draft.dirty || draft.sending)) continue;
    draft.sending?.abort();
    draft.dirty = true;
    request(form, { keepalive: true }).then((response) => answerTo(form, Object.assign(draft, { dirty: false }), response), () => {});
  }
}

document.addEventListener("input", changed);
document.addEventListener("change", changed);
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") leave(); });
window.addEventListener("online", () => document.querySelectorAll("form[data-draft-url]").forEach((form) => { draftOf(form).retry = FIRST_RETRY; save(form); }));
window.addEventListener("beforeunload", (event) => {
  for (const form of document.querySelectorAll("form[data-draft-url]")) {
    const draft = draftOf(form);
    if (draft.dirty && draft.retry > FIRST_RETRY && !form.dataset.sent) event.preventDefault();
  }
});
