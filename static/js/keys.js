// Presses controls by key. A control says its key in data-key.
// Digits answer the current question ([data-key-group][data-current]) or, if it has no such answer, the next open
// one that has; letters reach the whole page.
// Inside text, keys write text: Esc leaves it, Ctrl+Enter or Cmd+Enter submits from within.

const TEXT = "textarea, select, [contenteditable=true], input:not([type=radio]):not([type=checkbox]):not([type=button]):not([type=submit])";

function visible(control) {
  return control.checkVisibility ? control.checkVisibility() : control.offsetParent !== null;
}

function follows(question, current) {
  return !current || Boolean(current.compareDocumentPosition(question) & Node.DOCUMENT_POSITION_FOLLOWING);
}

function controlFor(key) {
  const controls = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].filter((control) => !control.matches(":disabled") && visible(control));
  const questionOf = (control) => control.matches("input[type=radio], input[type=checkbox]") && control.closest("[data-key-group]");
  if (!/^\d$/.test(key)) return controls[0];
  const current = document.querySelector("[data-key-group][data-current]");
  return controls.find((control) => !questionOf(control) || questionOf(control) === current)
    ?? controls.find((control) => follows(questionOf(control), current) && !questionOf(control).querySelector(":checked"));
}

function press(control) {
  if (control.matches("fieldset")) {
    const inside = control.querySelector("input:checked, input, button, textarea");
    const stays = Boolean(control.closest(".action-bar")); // It is in sight already; the browser would scroll to its place in the flow.
    inside?.focus({ preventScroll: stays });
    if (!stays) control.scrollIntoView({ block: "nearest" });
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
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.altKey && form) {
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
