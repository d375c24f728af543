// `?` shows every key of the page, and lets single keys be switched off (they get in the way of speech input).

const STORE = "consilium.keys";

function keysOff(off) {
  document.documentElement.classList.toggle("keys-off", off);
  try {
    localStorage.setItem(STORE, off ? "off" : "on");
  } catch {
    // Storage is forbidden: the choice then lasts for this page.
  }
}

function remembered() {
  try {
    return localStorage.getItem(STORE) === "off";
  } catch {
    return false;
  }
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function nameOf(control) {
  if (control.matches("fieldset")) return `Go to: ${control.dataset.label}`;
  const option = control.closest(".option")?.querySelector(".option-label, .visually-hidden");
  if (option) return option.textContent.trim();
  if (control.labels?.length) return `Write: ${control.closest("[data-label]")?.dataset.label ?? control.labels[0].textContent.trim()}`;
  const copy = control.cloneNode(true);
  copy.querySelectorAll(".key").forEach((key) => key.remove());
  return control.getAttribute("aria-label") ?? copy.textContent.trim();
}

function rows(controls) {
  const list = element("dl");
  for (const [key, name] of controls) {
    list.append(element("dt", {}, element("kbd", { className: "key", textContent: key })), element("dd", { textContent: name }));
  }
  return list;
}

function section(title, controls) {
  return element("section", {}, element("h3", { textContent: title }), rows(controls));
}

function keyedControls() {
  const page = [], questions = new Map();
  for (const control of document.querySelectorAll("[data-key]")) {
    if (control.dataset.key === "Enter" || control.matches(":disabled") || !(control.checkVisibility?.() ?? true)) continue;
    const question = control.matches("input[type=radio], input[type=checkbox]") && control.closest("[data-key-group]");
    if (question) questions.set(question, [...(questions.get(question) ?? []), [control.dataset.key, nameOf(control)]]);
    else page.push([control.dataset.key, nameOf(control)]);
  }
  return { page, questions };
}

function writtenOut() {
  return [...document.querySelectorAll("dl[data-keys-title]")].map((list) => {
    const keys = [...list.querySelectorAll("dt")].map((key) => [key.textContent, key.nextElementSibling.textContent]);
    return section(list.dataset.keysTitle, keys);
  });
}

function dialogOf() {
  const { page, questions } = keyedControls();
  const off = element("input", { type: "checkbox", checked: !document.documentElement.classList.contains("keys-off") });
  off.addEventListener("change", () => keysOff(!off.checked));
  const always = [["Esc", "Leave a text box"], ["?", "Show this list"]];
  if (document.querySelector("form[data-enter-submits]")) always.unshift(["Enter", "Submit when complete"], ["Ctrl Enter", "Submit from inside a text box"]);
  const groups = element("div", { className: "keys-sections" }, section("Everywhere", [...page, ...always]), ...writtenOut());
  for (const [question, controls] of questions) groups.append(section(question.dataset.label, controls));
  const title = element("h2", { textContent: "Keys on this page", tabIndex: -1, autofocus: true });
  const dialog = element("dialog", { className: "keys-dialog" }, title, groups);
  dialog.setAttribute("aria-label", "Keys on this page");
  const close = element("button", { className: "button button-wide", type: "button", textContent: "Close" });
  close.addEventListener("click", () => dialog.close());
  dialog.append(element("label", {}, off, "Single keys are on"), close);
  dialog.addEventListener("close", () => dialog.remove());
  return dialog;
}

function open() {
  if (document.querySelector("dialog[open]")) return;
  const dialog = dialogOf();
  document.body.append(dialog);
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-show-keys]")) open();
});
document.addEventListener("keydown", (event) => {
  const text = event.target.closest?.("textarea, select, [contenteditable=true], input:not([type=radio]):not([type=checkbox])");
  if (event.key === "?" && !text && !event.isComposing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    open();
  }
});
if (remembered()) document.documentElement.classList.add("keys-off");
