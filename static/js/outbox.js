// Ratings on their way to the site. Each is kept on this device until the site has answered for it, and is sent again
// with growing pauses, when the network is back, when she has signed in again, and whenever a page of the site is opened.
// Its ticket makes sure that it is taken once. Says on the document: "consilium:sent" {entry, answer}, "consilium:returned"
// {entry} (the site's last word, in entry.returned, was no), "consilium:waiting" {kind, entries}.

import { hear } from "./device/tabs.js";
import { all, forget, keep } from "./device/store.js";
import { owner } from "./device/vault.js";
import { Pauses } from "./pauses.js";
import { ask } from "./site.js";

const KIND = "rating", LOCK = "consilium outbox";
const entries = new Map();
const pauses = new Pauses();
let timer = 0, sending = false;

export const ready = all(KIND).catch(() => []).then((kept) => kept.forEach((entry) => entries.set(entry.id, { ...entry, kept: true })));

export const waiting = () => [...entries.values()].filter((entry) => !entry.returned);
export const returned = () => [...entries.values()].filter((entry) => entry.returned);

function say(name, detail) {
  document.dispatchEvent(new CustomEvent(`consilium:${name}`, { detail }));
}

// Resolves with whether the device holds it; it is sent either way.
export async function post(entry) {
  entries.set(entry.id, entry);
  entry.kept = await keep(KIND, entry.id, entry).then(() => true, () => false);
  send();
  return entry.kept;
}

export async function drop(id) {
  entries.delete(id);
  await forget(KIND, id).catch(() => {});
}

function send() {
  pauses.reset();
  clearTimeout(timer);
  return flush();
}

async function deliver(entry) {
  const answer = await ask(entry.url, { method: "POST", body: new URLSearchParams(entry.fields) });
  const { kind, content } = answer;
  if (kind === "ok" && !content.differs) {
    await drop(entry.id);
    say("sent", { entry, answer: content });
  } else if (kind === "ok" || kind === "refused") {
    entry.returned = { detail: content.detail ?? content.message, problems: content.problems ?? null };
    await keep(KIND, entry.id, entry).catch(() => {});
    say("returned", { entry });
  } else {
    return kind;
  }
  return "";
}

async function deliverAll() {
  for (const entry of waiting()) {
    const trouble = await deliver(entry);
    if (trouble) return trouble;
  }
  return "";
}

// One tab at a time, where the browser can see to that; where it cannot, the ticket does.
function alone(act) {
  if (!navigator.locks) return act();
  return navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => (lock ? act() : "busy"));
}

async function flush() {
  await ready;
  if (sending || !waiting().length) return;
  sending = true;
  const trouble = await alone(deliverAll);
  sending = false;
  if (trouble) {
    say("waiting", { kind: trouble, entries: waiting() });
    clearTimeout(timer);
    timer = setTimeout(flush, pauses.next());
  } else if (waiting().length) {
    flush(); // Posted while the last one was on its way.
  }
}

window.addEventListener("online", send);
window.addEventListener("pageshow", send);
document.addEventListener("consilium:send-now", send);
hear("here", send);
window.addEventListener("beforeunload", (event) => {
  if (waiting().some((entry) => !entry.kept)) event.preventDefault();
});
if (owner) send();
