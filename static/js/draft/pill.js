// [data-save-state] of a form: where its answers are. data-for="form's id" where it stands outside the form.
// It changes with every pause in typing, which nobody wants read aloud: [data-save-said] beside it is the live region, and
// says only that answers do not reach the site, and later that they have.

import { signIn } from "../device/vault.js";

const TROUBLE = ["device", "retrying", "signed-out", "refused"];

function placesOf(form) {
  return form.id ? document.querySelectorAll(`[data-save-state][data-for="${CSS.escape(form.id)}"], #${CSS.escape(form.id)} [data-save-state]`) : form.querySelectorAll("[data-save-state]");
}

export function clock(moment) {
  return moment.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

export function signInLink() {
  const link = Object.assign(document.createElement("a"), { href: signIn, target: "_blank", rel: "noopener", textContent: "Sign in again" });
  link.append(Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: " (opens in a new tab)" }));
  return link;
}

function announce(place, state, words) {
  const said = place.parentElement.querySelector("[data-save-said]");
  if (!said) return;
  const trouble = TROUBLE.includes(state);
  if (trouble && said.dataset.trouble === state) return;
  if (trouble || (state === "saved" && said.dataset.trouble)) said.textContent = words;
  if (trouble) said.dataset.trouble = state;
  else if (state === "saved") delete said.dataset.trouble;
}

// While she is signed out the way back in stays under her finger: a new try does not take it away for a moment.
export function saySaving(form) {
  if ([...placesOf(form)].some((place) => place.dataset.state === "signed-out")) return;
  say(form, "saving", "saving");
}

export function say(form, state, words, ...more) {
  for (const place of placesOf(form)) {
    if (place.dataset.state === state && place.firstChild?.textContent === words) continue;
    place.dataset.state = state;
    place.replaceChildren(words, ...more.map((part) => part.cloneNode(true)));
    announce(place, state, [words, ...more.map((part) => part.textContent)].join(""));
  }
}
