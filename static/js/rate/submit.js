// Submitting a rating: it goes to the outbox with its ticket, and the next sheet is there at once if it was fetched ahead;
// otherwise as soon as the site has answered. What the site did not take comes back to her.

import { forget } from "../device/store.js";
import { fill } from "../draft/fields.js";
import { say as pill } from "../draft/pill.js";
import { drop, post, ready, returned, waiting } from "../outbox.js";
import { isActive } from "../timer.js";
import { again, dropAll, lookAgain, refill, runsOut, take } from "./ahead.js";
import { hide } from "./hidden.js";
import { say, tellReturned, tellWaiting } from "./notices.js";
import { show } from "./swap.js";

const LOOK = 60000; // Milliseconds between looks at whether the sheets still hold: hers, and those ahead.
const HIDDEN = "Hidden meanwhile: somebody reported that it may show a person. Judge by the others.";
const SAID = "consilium.said"; // A sentence on its way over a page load.
const room = document.querySelector("[data-room]");
let held = null; // The draft's name of the sheet that waits for the site's answer.
let turning = Promise.resolve(); // Until it is clear whether the next sheet is there.
let unsure = false; // The sheet on the page was shown before the site could be asked whether it still holds.

const formOf = () => document.querySelector("form[data-outbox]");
const markOf = (form) => form?.querySelector("[data-on-device]");
const slotOnPage = () => markOf(formOf())?.dataset.onDevice;

function entryOf(form, submitter) {
  const data = new FormData(form, submitter);
  data.delete("csrfmiddlewaretoken");
  const { onDevice: name } = markOf(form).dataset;
  const title = document.title.split(" ·")[0];
  return { id: crypto.randomUUID(), name, url: form.action, ticket: data.get("ticket"), title, fields: [...data.entries()] };
}

function hold(form, name) {
  held = name;
  form.inert = true;
  pill(form, "saving", "saving");
}

function letGo(form) {
  held = null;
  form.inert = false;
  delete form.dataset.sent;
}

async function turn(form, name) {
  form.inert = true;
  pill(form, "saving", "saving");
  const next = await take(room);
  if (!next) return hold(form, name);
  unsure = !next.sure;
  show(next);
  say("info", "Saving.");
}

async function submit(form, submitter) {
  const entry = entryOf(form, submitter);
  turning = turn(form, entry.name);
  await post(entry);
  await forget("draft", entry.name).catch(() => {});
}

async function look() {
  const form = formOf(), ticket = form?.elements.namedItem("ticket").value;
  if (!ticket) return;
  const said = await lookAgain(room, ticket);
  if (!said || !form.isConnected) return;
  for (const snippet of document.querySelectorAll("[data-snippet]")) {
    if (!said.shown.includes(Number(snippet.dataset.snippet))) hide(snippet, HIDDEN);
  }
  if (unsure || said.dropped || runsOut() < 2 * LOOK) refill(room, slotOnPage());
  unsure = false;
}

function goOn(address, words) {
  try {
    if (words) sessionStorage.setItem(SAID, JSON.stringify(words));
  } catch {
    // Storage is forbidden: then the page says it by the next latent alone.
  }
  location.replace(address);
}

function onSent({ entry, answer }) {
  const level = answer.surplus ? "warning" : "success";
  if (held === entry.name) return goOn(answer.next, [level, answer.message]);
  say(level, answer.message);
  tellWaiting("", waiting());
  if (unsure) look();
  else if (!waiting().length) refill(room, slotOnPage());
}

function problemsOn(form, problems) {
  const list = Object.values(problems).map((sentence) => Object.assign(document.createElement("li"), { textContent: sentence }));
  const box = Object.assign(document.createElement("div"), { className: "missing" });
  box.setAttribute("role", "alert");
  const words = Object.assign(document.createElement("strong"), { textContent: "Not submitted yet." });
  const all = document.createElement("ul");
  all.append(...list);
  box.append(words, " Everything that you entered is still here.", all);
  form.prepend(box);
}

function answersOf(form, entry) {
  const found = {};
  for (const control of form.elements) if (control.name) found[control.name] = control.type === "checkbox" ? [] : null;
  for (const [name, value] of entry.fields) {
    if (Array.isArray(found[name])) found[name].push(value);
    else found[name] = value;
  }
  return found;
}

async function mend(form, entry) {
  fill(form, answersOf(form, entry));
  problemsOn(form, entry.returned.problems);
  form.elements.namedItem("rationale").dispatchEvent(new Event("input", { bubbles: true })); // A draft again.
  await drop(entry.id);
}

async function open(entry) {
  const sheet = await again(room, entry.ticket);
  if (!sheet) return false;
  show(sheet);
  await mend(formOf(), entry);
  dropAll();
  refill(room, slotOnPage()); // The sheet that was on the page comes first again.
  return true;
}

function onReturned({ entry }) {
  const form = formOf(), isHere = markOf(form)?.dataset.onDevice === entry.name;
  tellWaiting("", waiting());
  say("", "");
  if (isHere && entry.returned.problems) {
    letGo(form);
    return mend(form, entry);
  }
  if (held === entry.name) return goOn(form.action, null); // The page says there what became of it.
  return tellReturned(entry, { open, letGo: ({ id }) => drop(id) });
}

function onWaiting({ kind, entries }) {
  if (held) pill(formOf(), kind === "busy" ? "retrying" : "device", kind === "busy" ? "retrying" : "saved on this device");
  else say("", "");
  tellWaiting(kind, entries);
}

function sayAfterLoad() {
  try {
    const words = JSON.parse(sessionStorage.getItem(SAID));
    sessionStorage.removeItem(SAID);
    if (words) say(...words);
  } catch {
    // Nothing was said, or storage is forbidden.
  }
}

// A sheet that she has sent already is shown until the site has answered for it, then the next one.
async function begin() {
  sayAfterLoad();
  await ready;
  returned().forEach((entry) => onReturned({ entry }));
  const form = formOf(), name = markOf(form)?.dataset.onDevice;
  if (waiting().some((entry) => entry.name === name)) hold(form, name);
  if (!waiting().length) refill(room, slotOnPage());
}

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !markOf(event.target) || !event.target.matches("form[data-outbox]")) return;
  event.preventDefault();
  submit(event.target, event.submitter);
});
for (const [name, act] of [["sent", onSent], ["returned", onReturned], ["waiting", onWaiting]]) {
  document.addEventListener(`consilium:${name}`, async (event) => {
    await turning;
    act(event.detail);
  });
}
document.addEventListener("consilium:hidden", () => { dropAll(); refill(room, slotOnPage()); });
setInterval(() => { if (room && isActive() && !waiting().length) look(); }, LOOK);
if (room) begin();
