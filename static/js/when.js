// Shows and enables a part of a form only while another answer asks for it: data-when="name=value" or "name=a|b".
// Hidden parts are disabled: they are neither required nor sent. An answer inside a hidden part counts as not given, so
// that parts may rest on parts before them. Put it on a fieldset.

function holds(part) {
  const [name, values] = part.dataset.when.split("=");
  const wanted = values.split("|");
  const controls = [...(part.form ?? part.closest("form")).elements].filter((control) => control.name === name);
  return controls.some((control) => wanted.includes(control.value) && !control.matches(":disabled") && (control.checked || !["radio", "checkbox"].includes(control.type)));
}

function update(root) {
  for (const part of root.querySelectorAll?.("[data-when]") ?? []) {
    const yes = holds(part);
    part.hidden = !yes;
    if ("disabled" in part) part.disabled = !yes;
  }
}

document.addEventListener("change", (event) => { if (event.target.form) update(event.target.form); }, true);
document.addEventListener("htmx:load", (event) => update(event.target));
document.addEventListener("consilium:sheet", (event) => update(event.detail.root));
update(document);
