// Counts the seconds in which a page is visible and its reader active, into every input[data-active-seconds] on it; a
// sheet that is swapped in begins at its own figure. She is active until a minute (data-idle-after, seconds) has passed
// without a key, a pointer or a scroll. Who leaves a form that names its draft and comes back to it in the same window goes
// on counting where she was, whether she had entered anything or not; the figure goes with her session.

import { owner } from "./device/vault.js";

const TICK = 1000;
const IDLE_AFTER = 60;
const STORE = "consilium.seconds";
let lastSign = performance.now();
let lastTick = performance.now();
const counted = new WeakMap(); // field -> {shown, total}: what it says, and the milliseconds behind that

function signOfLife() {
  lastSign = performance.now();
}

export function isActive(idleAfter = IDLE_AFTER) {
  return document.visibilityState === "visible" && performance.now() - lastSign <= 1000 * idleAfter;
}

// A figure that somebody else wrote, as when a draft is filled in, is where counting goes on.
function before(field) {
  const known = counted.get(field);
  return known?.shown === field.value ? known.total : 1000 * Number(field.value || 0);
}

function tick() {
  const now = performance.now();
  const passed = Math.min(now - lastTick, 2 * TICK);
  lastTick = now;
  for (const field of document.querySelectorAll("input[data-active-seconds]")) {
    if (!isActive(Number(field.dataset.idleAfter ?? IDLE_AFTER))) continue;
    const total = before(field) + passed;
    field.value = String(Math.round(total / 1000));
    counted.set(field, { shown: field.value, total });
  }
}

const nameOf = (field) => field?.form?.querySelector("[data-on-device]")?.dataset.onDevice;

function remember() {
  const field = document.querySelector("input[data-active-seconds]"), name = nameOf(field);
  try {
    if (name) sessionStorage.setItem(STORE, JSON.stringify({ name, seconds: Number(field.value) }));
    else if (!owner) sessionStorage.removeItem(STORE);
  } catch {
    // Storage is forbidden: then counting goes on from the last draft.
  }
}

function goOn() {
  const field = document.querySelector("input[data-active-seconds]");
  try {
    const { name, seconds } = JSON.parse(sessionStorage.getItem(STORE)) ?? {};
    if (name && name === nameOf(field)) field.value = String(Math.max(seconds, Number(field.value)));
  } catch {
    // As above.
  }
}

for (const sign of ["keydown", "pointerdown", "pointermove", "wheel", "touchstart", "scroll"]) {
  window.addEventListener(sign, signOfLife, { passive: true, capture: true });
}
document.addEventListener("visibilitychange", () => {
  lastTick = performance.now();
  signOfLife();
});
setInterval(tick, TICK);
window.addEventListener("pagehide", remember);
if (owner) goOn();
else remember();
