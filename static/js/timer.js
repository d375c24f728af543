// Counts the seconds in which a page is visible and its reader active, into every input[data-active-seconds].
// She is active until a minute (data-idle-after, seconds) has passed without a key, a pointer or a scroll.

const TICK = 1000;
let lastSign = performance.now();
let lastTick = performance.now();
const counted = new WeakMap();

function signOfLife() {
  lastSign = performance.now();
}

function tick() {
  const now = performance.now();
  const passed = Math.min(now - lastTick, 2 * TICK);
  lastTick = now;
  if (document.visibilityState !== "visible") return;
  for (const field of document.querySelectorAll("input[data-active-seconds]")) {
    const idleAfter = 1000 * Number(field.dataset.idleAfter ?? 60);
    if (now - lastSign > idleAfter) continue;
    const total = (counted.get(field) ?? 1000 * Number(field.value || 0)) + passed;
    counted.set(field, total);
    field.value = String(Math.round(total / 1000));
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
