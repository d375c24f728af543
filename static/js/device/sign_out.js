// Signing out wipes what this device keeps of her. What has not reached the site yet is sent first, and if that fails
// she is asked. A sign-out that was cut short leaves a cookie, and the next page does the rest. Her other tabs stop writing
// at once, and leave what they show when she is out.

import { close, count, tidy, wipe } from "./store.js";
import { hear, tell } from "./tabs.js";
import { owner, signIn } from "./vault.js";

const COOKIE = "device_wipe";
const WAIT = 3000, LOOK = 100;

const shown = (number) => (number === 1 ? "One thing that you wrote has" : `${number} things that you wrote have`);

async function left() {
  return count().catch(() => 0);
}

async function sent() {
  document.dispatchEvent(new CustomEvent("consilium:send-now"));
  const until = Date.now() + WAIT;
  while (await left() && Date.now() < until) await new Promise((resolve) => { setTimeout(resolve, LOOK); });
  return left();
}

function button(words, kind, value) {
  return Object.assign(document.createElement("button"), { className: `button ${kind}`, textContent: words, value });
}

function asked(number) {
  const dialog = Object.assign(document.createElement("dialog"), { className: "keys-dialog" });
  const form = Object.assign(document.createElement("form"), { method: "dialog", className: "stack" });
  const title = Object.assign(document.createElement("h2"), { textContent: "Not everything is on the site yet", id: "leaving" });
  const words = `${shown(number)} not reached the site. Signing out deletes it from this device for good.`;
  const choices = Object.assign(document.createElement("div"), { className: "cluster" });
  choices.append(button("Stay signed in", "button-primary", "stay"), button("Sign out and delete it", "button-danger", "go"));
  form.append(title, Object.assign(document.createElement("p"), { textContent: words }), choices);
  dialog.append(form);
  dialog.setAttribute("aria-labelledby", title.id);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "go");
    });
  });
}

async function leave(form) {
  const number = await left() && await sent();
  if (number && !await asked(number)) return;
  close();
  tell("signing-out");
  await wipe(owner).catch(() => {});
  form.submit();
}

async function finish() {
  const whose = document.cookie.match(new RegExp(`(?:^|; )${COOKIE}=([0-9a-f]+)`))?.[1];
  if (!whose) return;
  await wipe(whose);
  document.cookie = `${COOKIE}=; path=/; max-age=0; samesite=lax`;
  tell("signed-out", whose);
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-sign-out]")) return;
  event.preventDefault();
  leave(event.target);
});
hear("signing-out", close);
hear("signed-out", () => {
  close();
  location.replace(signIn);
});
if (globalThis.indexedDB) finish().then(tidy).catch(() => {});
