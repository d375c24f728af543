// Counts the seconds in which a page is visible and its reader active, into every input[data-active-seconds] on it; a
// sheet that is swapped in begins at its own figure. She is active until a minute (data-idle-after, seconds) has passed
// without a key, a pointer or a scroll.

const TICK = 1000;
const IDLE_AFTER = 60;
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

for (const sign of ["keydown", "pointerdown", "pointermove", "wheel", "touchstart", "scroll"]) {
  window.addEventListener(sign, signOfLife, { passive: true, capture: true });
}
document.addEventListener("visibilitychange", () => {
  lastTick = performance.now();
  signOfLife();
});
setInterval(tick, TICK);
