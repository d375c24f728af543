// "Not my field" drops what was entered: from this device, too, before the form goes out.

import { forget } from "../device/store.js";

document.addEventListener("submit", async (event) => {
  const form = event.target, name = document.querySelector("[data-on-device]")?.dataset.onDevice;
  if (form.id !== "decline" || !name || event.defaultPrevented) return;
  event.preventDefault();
  document.getElementById("rating").dataset.sent = "declined"; // Nothing is saved any more.
  await forget("draft", name).catch(() => {});
  form.submit();
});
