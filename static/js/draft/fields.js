// The answers of a form as an object by name, and back. Text is a string, checkboxes a list, an unanswered choice null;
// fields that are disabled for now are among them.

const NOT_SENT = ["submit", "button", "file", "fieldset"];
const NO_ANSWER = ["ticket", "window", "draft_number", "active_seconds", "outcome", "revises"];

function fieldsOf(form) {
  return [...form.elements].filter((control) => control.name && control.name !== "csrfmiddlewaretoken" && !NOT_SENT.includes(control.type));
}

export function read(form) {
  const found = {};
  for (const control of fieldsOf(form)) {
    if (control.type === "checkbox") (found[control.name] ??= []).push(...(control.checked ? [control.value] : []));
    else if (control.type === "radio") found[control.name] = control.checked ? control.value : found[control.name] ?? null;
    else found[control.name] = control.value;
  }
  return found;
}

function written(answer) {
  if (Array.isArray(answer)) return [...answer].map(String).sort().join("\n");
  return answer === null || answer === undefined ? "" : String(answer).replaceAll("\r\n", "\n");
}

export function same(one, other) {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => NO_ANSWER.includes(name) || written(one[name]) === written(other[name]));
}

function put(control, answer) {
  if (control.type === "checkbox") control.checked = [answer ?? []].flat().map(String).includes(control.value);
  else if (control.type === "radio") control.checked = answer !== null && answer !== undefined && String(answer) === control.value;
  else control.value = answer ?? "";
}

function unfold(form) {
  for (const fold of form.querySelectorAll("details:not([open])")) {
    if ([...fold.querySelectorAll("input:not([type=hidden]), textarea")].some((control) => (["radio", "checkbox"].includes(control.type) ? control.checked : control.value))) fold.open = true;
  }
}

// Says "consilium:draft" afterwards, and a change of the ticket, which is no answer: what draws by answers draws anew.
export function fill(form, answers) {
  for (const control of fieldsOf(form)) {
    if (control.name in answers && !["ticket", "window", "draft_number", "outcome"].includes(control.name)) put(control, answers[control.name]);
  }
  unfold(form);
  for (const name of ["input", "change"]) form.elements.namedItem("ticket")?.dispatchEvent(new Event(name, { bubbles: true }));
  document.dispatchEvent(new CustomEvent("consilium:draft", { detail: { form } }));
}
