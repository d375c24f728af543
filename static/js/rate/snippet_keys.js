// Keys on the snippets: j and k step through them; in the one that has the focus, the letter of a control
// ([data-snippet-key]) presses it. Silent inside text, under a dialog, and where single keys are switched off.

const WRITES = "textarea, select, [contenteditable=true], input:not([type=radio]):not([type=checkbox]):not([type=button]):not([type=submit])";
const STEPS = { j: 1, k: -1 };
let last = null;

function live(event) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.target.closest?.(WRITES) || document.querySelector("dialog[open]")) return false;
  return !document.documentElement.classList.contains("keys-off");
}

function step(by) {
  const snippets = [...document.querySelectorAll("[data-snippet]")];
  if (!snippets.length) return;
  const here = document.activeElement?.closest("[data-snippet]") ?? (last?.isConnected ? last : null);
  const place = here ? snippets.indexOf(here) + by : by > 0 ? 0 : snippets.length - 1;
  const next = snippets[Math.max(0, Math.min(snippets.length - 1, place))];
  next.querySelector("[data-words]").focus({ preventScroll: true });
  next.scrollIntoView({ block: "center" });
}

document.addEventListener("focusin", (event) => { last = event.target.closest("[data-snippet]") ?? last; });
document.addEventListener("consilium:sheet", () => { last = null; });
document.addEventListener("keydown", (event) => {
  if (event.key?.length !== 1 || !live(event)) return;
  const key = event.key.toLowerCase();
  if (key in STEPS && document.querySelector("[data-snippet]")) {
    event.preventDefault();
    return step(STEPS[key]);
  }
  const control = event.target.closest?.("[data-snippet]")?.querySelector(`[data-snippet-key="${CSS.escape(key)}"]`);
  if (!control || event.repeat) return;
  event.preventDefault();
  control.click();
}, true);
