// details[data-fold]: opened by a person, the focus goes to the first thing in it; Esc closes it and gives the focus back.
// Of those that only ask once more, one is open at a time; one that holds a field stays open.

const FOLD = "details[data-fold]";
const INSIDE = "input:not([type=hidden]), textarea, select, button, a[href]";

function closeOthers(fold) {
  for (const other of document.querySelectorAll(`${FOLD}[open]`)) {
    if (other !== fold && !other.querySelector("input, textarea")) other.open = false;
  }
}

// Opened here rather than by the browser, which does it a moment later: a key that follows at once must find the focus moved.
document.addEventListener("click", (event) => {
  const fold = event.target.closest("summary")?.parentElement;
  if (!fold?.matches(FOLD) || event.defaultPrevented) return;
  event.preventDefault();
  fold.open = !fold.open;
  if (!fold.open) return;
  closeOthers(fold);
  fold.querySelector(`:scope > :not(summary) :is(${INSIDE})`)?.focus();
});
document.addEventListener("keydown", (event) => {
  const fold = event.key === "Escape" && !event.isComposing && !event.defaultPrevented && event.target.closest?.(`${FOLD}[open]`);
  if (!fold || event.target.getAttribute("aria-expanded") === "true") return;
  if (event.target.matches("input, textarea") && event.target.value.trim()) return;
  event.preventDefault();
  fold.open = false;
  fold.querySelector("summary").focus();
}, true);
