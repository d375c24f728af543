// A form[data-check] is sent only when complete; otherwise [data-missing] in it says what is missing, with links.
// A submit button with data-requires="name name" needs only those fields. A form is sent once.

function labelOf(question) {
  return question.dataset.label ?? question.querySelector("legend, label")?.textContent.trim() ?? "";
}

function isMissing(question) {
  if (question.matches(":disabled")) return false;
  const controls = [...question.querySelectorAll("input, textarea, select")].filter((control) => !control.matches(":disabled"));
  if (question.hasAttribute("data-required-group")) return !controls.some((control) => control.checked);
  return controls.some((control) => !control.validity.valid || (control.required && control.type !== "radio" && control.type !== "checkbox" && !control.value.trim()));
}

function missingIn(form, submitter) {
  const only = submitter?.dataset.requires?.split(" ");
  const questions = [...form.querySelectorAll("[data-key-group]")].filter(isMissing);
  if (!only) return questions;
  return questions.filter((question) => [...question.querySelectorAll("[name]")].some((control) => only.includes(control.name)));
}

function linkTo(question) {
  const link = document.createElement("a");
  link.href = `#${question.id}`;
  link.textContent = labelOf(question);
  link.addEventListener("click", (event) => {
    event.preventDefault();
    question.querySelector("input, textarea, select")?.focus();
    question.scrollIntoView({ block: "center" });
  });
  return link;
}

function tell(form, missing) {
  for (const question of form.querySelectorAll("[data-key-group]")) question.toggleAttribute("data-open", missing.includes(question));
  const box = form.querySelector("[data-missing]");
  if (!box) return;
  box.replaceChildren();
  if (!missing.length) return;
  box.append("Still missing: ");
  missing.forEach((question, place) => box.append(place ? ", " : "", linkTo(question)));
}

function prepare(root) {
  for (const form of root.querySelectorAll?.("form[data-check]") ?? []) form.noValidate = true;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-check]")) return;
  const missing = missingIn(form, event.submitter);
  tell(form, missing);
  if (missing.length) {
    event.preventDefault();
    event.stopImmediatePropagation();
    document.querySelectorAll("[data-key-group][data-current]").forEach((other) => other.removeAttribute("data-current"));
    missing[0].setAttribute("data-current", "");
    missing[0].scrollIntoView({ block: "nearest" });
  } else if (form.dataset.sent) {
    event.preventDefault();
    event.stopImmediatePropagation();
  } else {
    form.dataset.sent = "yes";
  }
}, true);
function again(form) {
  delete form.dataset.sent;
}
function tellAgain(event) {
  const form = event.target.form;
  if (form?.querySelector("[data-missing] a")) tell(form, missingIn(form, null).filter((question) => question.hasAttribute("data-open")));
}
document.addEventListener("input", tellAgain);
document.addEventListener("change", tellAgain);
document.addEventListener("htmx:afterRequest", (event) => again(event.target));
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(again));
document.addEventListener("htmx:load", (event) => prepare(event.target));
document.addEventListener("consilium:sheet", (event) => prepare(event.detail.root));
prepare(document);
