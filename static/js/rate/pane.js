// [data-pane] is a column that scrolls by itself and sticks to the window's top. Until it sticks, it begins further down:
// --pane-top says how far, so that its own end is never below the window's.

let waiting = false;

function measure() {
  waiting = false;
  for (const pane of document.querySelectorAll("[data-pane]")) {
    pane.style.setProperty("--pane-top", `${Math.max(0, Math.round(pane.getBoundingClientRect().top))}px`);
  }
}

function soon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(measure);
}

window.addEventListener("scroll", soon, { passive: true });
window.addEventListener("resize", soon);
document.addEventListener("consilium:sheet", measure);
const above = new ResizeObserver(soon); // Notices come and go above it.
document.querySelectorAll("#messages, [data-room]").forEach((part) => above.observe(part));
measure();
