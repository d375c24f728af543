// Adds up the shares of a fieldset[data-shares] while they are typed; [data-shares-total] in it says how they stand.

function numberIn(field) {
  const value = Number.parseFloat(field.value.replace(",", "."));
  return Number.isFinite(value) ? value : 0;
}

function tell(fieldset) {
  const place = fieldset.querySelector("[data-shares-total]");
  const total = [...fieldset.querySelectorAll(".reference-share input")].reduce((sum, field) => sum + numberIn(field), 0);
  const rounded = Math.round(total * 10) / 10;
  const complete = Math.abs(total - 100) <= 0.5;
  place.dataset.state = complete ? "complete" : total ? "open" : "empty";
  if (!total) place.textContent = "The shares add to 100.";
  else if (complete) place.textContent = "100 of 100: complete.";
  else place.textContent = total < 100 ? `${rounded} of 100: ${Math.round((100 - total) * 10) / 10} left.` : `${rounded} of 100: ${Math.round((total - 100) * 10) / 10} too much.`;
}

document.addEventListener("input", (event) => {
  const fieldset = event.target.closest("[data-shares]");
  if (fieldset) tell(fieldset);
});
for (const fieldset of document.querySelectorAll("[data-shares]")) tell(fieldset);
