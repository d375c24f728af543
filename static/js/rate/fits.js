// Whether a snippet fits is never required: the answer that is chosen, pressed once more, is taken back.

let chosen = null;

function remember(event) {
  const answer = event.target.closest?.(".fit")?.querySelector("input");
  chosen = answer?.checked ? answer : null;
}

function takeBack(answer) {
  answer.checked = false;
  chosen = null;
  for (const name of ["input", "change"]) answer.dispatchEvent(new Event(name, { bubbles: true }));
}

// On the window, to be ahead of the keys that press it.
window.addEventListener("pointerdown", remember, true);
window.addEventListener("keydown", (event) => {
  const snippet = event.target.closest?.("[data-snippet]");
  const answer = event.key === " " ? event.target : snippet?.querySelector(`.fit [data-snippet-key="${CSS.escape(event.key?.toLowerCase() ?? "")}"]`);
  chosen = answer?.matches?.(".fit input") && answer.checked ? answer : null;
}, true);
document.addEventListener("click", (event) => {
  if (event.target.matches(".fit input") && event.target === chosen) takeBack(event.target);
});
