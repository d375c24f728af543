// [data-save-state] of a form: where its answers are. data-for="form's id" where it stands outside the form.

import { signIn } from "../device/vault.js";

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

export function say(form, state, words, ...more) {
  for (const place of placesOf(form)) {
    if (place.dataset.state === state && place.firstChild?.textContent === words) continue;
    place.dataset.state = state;
    place.replaceChildren(words, ...more.map((part) => part.cloneNode(true)));
  }
}
