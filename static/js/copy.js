// button[data-copy] puts its text on the clipboard and says so for a moment.

const MOMENT = 2000;

async function copy(button) {
  const label = button.querySelector("[data-copy-label]") ?? button;
  const before = (button.dataset.copyBefore ??= label.textContent);
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    label.textContent = "Copied";
  } catch {
    label.textContent = "Copying is not allowed here";
  }
  setTimeout(() => { label.textContent = before; }, MOMENT);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button) copy(button);
});
