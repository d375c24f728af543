// Which question of a form is the current one: the focused one, else the first without an answer.
// Choosing an answer, or leaving a text with Esc, moves on to the next open question; arrow keys within a scale do not.

const QUESTION = "[data-key-group]";
let stepping = false;

function shown(question) {
  return !question.matches(":disabled") && (question.checkVisibility?.() ?? question.offsetParent !== null);
}

function answered(question) {
  if (question.querySelector("input:checked")) return true;
  const text = question.querySelector("textarea, input:not([type=radio]):not([type=checkbox])");
  return Boolean(text?.value.trim());
}

function makeCurrent(question, { reveal = false } = {}) {
  for (const other of document.querySelectorAll(`${QUESTION}[data-current]`)) {
    if (other !== question) other.removeAttribute("data-current");
  }
  question?.setAttribute("data-current", "");
  if (reveal) question?.scrollIntoView({ block: "nearest" });
}

function moveOnFrom(question) {
  const all = [...question.form?.querySelectorAll(QUESTION) ?? document.querySelectorAll(QUESTION)].filter(shown);
  const after = all.slice(all.indexOf(question) + 1);
  makeCurrent(after.find((other) => !answered(other)) ?? question, { reveal: true });
}

function begin(root) {
  if (root.querySelector?.(`${QUESTION}[data-current]`)) return;
  const first = [...root.querySelectorAll?.(QUESTION) ?? []].find((question) => shown(question) && !answered(question));
  if (first) makeCurrent(first);
}

document.addEventListener("keydown", (event) => {
  stepping = event.key.startsWith("Arrow");
  const question = event.key === "Escape" && !event.isComposing && event.target.closest?.(QUESTION);
  const listOpen = event.target.getAttribute?.("aria-expanded") === "true";
  if (question && !listOpen && answered(question) && !event.target.matches("[type=radio], [type=checkbox]")) moveOnFrom(question);
}, true);
document.addEventListener("pointerdown", () => { stepping = false; }, true);
document.addEventListener("focusin", (event) => {
  const question = event.target.closest(QUESTION);
  if (question) makeCurrent(question);
});
document.addEventListener("change", (event) => {
  const question = event.target.closest(QUESTION);
  if (question && event.target.type === "radio" && !stepping) moveOnFrom(question);
});
document.addEventListener("htmx:load", (event) => begin(event.target));
document.addEventListener("consilium:sheet", (event) => begin(event.detail.root));
begin(document);
