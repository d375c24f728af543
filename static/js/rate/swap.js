// Puts a sheet in the place of the one on the page: from the top, the focus on its heading, and for a moment deaf to a
// second press that was meant for the one before. The address stays, so that reloading shows what is being rated and
// going back leaves the room.

const DEAF = 600;
let deafUntil = 0;

const stays = (part) => part.matches("#messages, [data-room]");

export function show(sheet) {
  const main = document.getElementById("main");
  [...main.children].filter((part) => !stays(part)).forEach((part) => part.remove());
  main.append(sheet.root);
  document.title = document.title.replace(/^[^·]*/, `${sheet.title} `);
  deafUntil = performance.now() + DEAF;
  const heading = main.querySelector("h1");
  heading.tabIndex = -1;
  window.scrollTo({ top: 0, behavior: "instant" });
  document.dispatchEvent(new CustomEvent("consilium:sheet", { detail: { root: main } }));
  heading.focus({ preventScroll: true });
}

document.addEventListener("input", () => { deafUntil = 0; }); // She is at the new one already.
window.addEventListener("submit", (event) => {
  if (performance.now() > deafUntil || !event.target.matches("form[data-outbox], #decline")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);
