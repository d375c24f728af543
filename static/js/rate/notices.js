// What is said on the rating page of ratings that are in, that wait on this device, or that came back.

import { signInLink } from "../draft/pill.js";

const ratings = (number) => (number === 1 ? "1 rating is" : `${number} ratings are`);

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function message(level, words) {
  const made = document.querySelector(`template[data-message="${level}"]`).content.firstElementChild.cloneNode(true);
  made.querySelector("p").append(words);
  return made;
}

export function say(level, words) {
  document.getElementById("messages").replaceChildren(...(words ? [message(level, words)] : []));
}

export function tellWaiting(kind, entries) {
  const place = document.querySelector("[data-waiting]");
  if (!place) return;
  const shown = `${kind} ${entries.length}`;
  if (place.dataset.shown === shown) return;
  place.dataset.shown = shown;
  place.replaceChildren();
  if (!entries.length) return;
  const where = entries.every((entry) => entry.kept) ? "kept on this device" : "kept in this page: leave it open";
  const words = element("span", {}, `${ratings(entries.length)} ${where}, and sent `);
  if (kind === "signed-out") words.append("as soon as you are signed in. ", signInLink());
  else words.append("as soon as the site can be reached.");
  place.append(message("warning", words));
}

function wordsOf(entry) {
  const list = element("dl", { className: "facts" });
  const left = ["ticket", "window", "draft_number", "active_seconds", "evidence", "outcome"];
  for (const [name, value] of entry.fields) {
    if (left.includes(name) || name.startsWith("fit-") || !value.trim()) continue;
    list.append(element("dt", { textContent: name.replaceAll("_", " ") }), element("dd", { textContent: value }));
  }
  return list;
}

const reasonOf = ({ detail, problems }) => detail ?? Object.values(problems ?? {}).join(" ");

// What the site did not take: why, what she wrote, a way to open it where that helps, and a way to let it go.
// entry: {id, title, fields: [[name, text]], returned: {detail or problems}}.
export function tellReturned(entry, { open = null, letGo }) {
  const place = document.querySelector("[data-returned]");
  if (!place || place.querySelector(`[data-entry="${CSS.escape(entry.id)}"]`)) return;
  const box = element("div", { className: "message message-warning returned" });
  box.dataset.entry = entry.id;
  const away = (act) => async () => { if (await act(entry) !== false) box.remove(); };
  const button = (words, kind, act) => {
    const made = element("button", { type: "button", className: `button button-small ${kind}`, textContent: words });
    made.addEventListener("click", act);
    return made;
  };
  const why = element("p", {}, element("strong", { textContent: `${entry.title}: not taken. ` }), reasonOf(entry.returned));
  why.setAttribute("role", "alert");
  const written = element("details", { className: "disclosure" }, element("summary", { textContent: "What you wrote" }), wordsOf(entry));
  const choices = element("div", { className: "cluster" });
  if (open && entry.returned.problems) choices.append(button("Open it", "button-primary", away(open)));
  choices.append(button("Delete it from this device", "", away(letGo)));
  box.append(element("div", { className: "stack-tight" }, why, written, choices));
  place.append(box);
}
