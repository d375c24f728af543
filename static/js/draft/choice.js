// Two sets of answers to one latent, from two windows or from this device and the site: she chooses, nothing is overwritten.

function button(words, act) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "button button-small", textContent: words });
  made.addEventListener("click", act);
  return made;
}

// Resolves with whether she takes the other answers. The question stands at the head of the form and takes no focus.
// first: nothing else in the form can be used before she has chosen.
export function choose(form, { words, take, keep, first = false }) {
  form.querySelector("[data-choice]")?.remove();
  const box = Object.assign(document.createElement("div"), { className: "message message-warning choice" });
  box.dataset.choice = "";
  box.id = "choice";
  box.tabIndex = -1;
  const text = Object.assign(document.createElement("p"), { textContent: words });
  text.setAttribute("role", "alert");
  const buttons = Object.assign(document.createElement("div"), { className: "cluster" });
  box.append(text, buttons);
  return new Promise((resolve) => {
    const chosen = (taken) => () => {
      box.remove();
      if (first) for (const part of form.children) part.inert = false;
      form.querySelector("input:not([type=hidden]), textarea")?.focus({ preventScroll: true });
      resolve(taken);
    };
    buttons.append(button(take, chosen(true)), button(keep, chosen(false)));
    if (first) for (const part of form.children) part.inert = true;
    form.prepend(box);
  });
}
