// "Not my field" drops what was entered: from this device, too, before the form goes out.

import { forget } from "../device/store.js";

document.addEventListener("submit", async (event) => {
  const form = event.target, name = document.querySelector("[data-on-device]")?.dataset.onDevice;
  if (form.id !== "decline" || !name || event.defaultPrevented) return;
  event.preventDefault();
  const rating = document.getElementById("rating");
  rating.dataset.sent = "declined"; // Nothing is saved any more.
  document.dispatchEvent(new CustomEvent("consilium:given-up", { detail: { form: rating } }));
  await forget("draft", name).catch(() => {});
  form.submit();
});
