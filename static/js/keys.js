// Presses controls by key. A control says its key in data-key.
// Digits answer the current question ([data-key-group][data-current]); letters reach the whole page.
// Inside text, keys write text: Esc leaves it, Ctrl+Enter or Cmd+Enter submits from within.

const TEXT = "textarea, select, [contenteditable=true], input:not([type=radio]):not([type=checkbox]):not([type=button]):not([type=submit])";

function visible(control) {
  return control.checkVisibility ? control.checkVisibility() : control.offsetParent !== null;
}

function reachable(control) {
  if (control.matches(":disabled") || !visible(control)) return false;
  const digitOfAnAnswer = /^\d$/.test(control.dataset.key) && control.matches("input[type=radio], input[type=checkbox]");
  const question = control.closest("[data-key-group]");
  return !digitOfAnAnswer || !question || question.hasAttribute("data-current");
}

function controlFor(key) {
  return [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find(reachable);
}

function press(control) {
  if (control.matches("fieldset")) {
    const inside = control.querySelector("input:checked, input, button, textarea");
    inside?.focus();
    control.scrollIntoView({ block: "nearest" });
  } else if (control.matches(TEXT)) {
    control.focus();
  } else {
    control.click();
  }
}

function submitWhere(form) {
  const button = form.querySelector("button[type=submit]:not([data-requires]):not(:disabled)");
  form.requestSubmit(button ?? undefined);
}

function onEnter(event) {
  if (event.target.closest("a, button, summary, input, label")) return;
  const form = document.querySelector("form[data-enter-submits]");
  if (!form) return;
  event.preventDefault();
  submitWhere(form);
}

function onText(event) {
  if (event.key === "Escape") event.target.blur();
  const form = event.target.form;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form) {
    event.preventDefault();
    submitWhere(form);
  }
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
  if (event.target.closest?.(TEXT)) return onText(event);
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (document.documentElement.classList.contains("keys-off")) return;
  if (event.key === "Enter") return onEnter(event);
  const control = event.key.length === 1 && controlFor(event.key.toLowerCase());
  if (!control) return;
  event.preventDefault();
  press(control);
});
