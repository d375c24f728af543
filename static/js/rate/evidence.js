// The words that the rationale points at: marked in the snippets, and listed with a way to take each off again.
// They are kept in the hidden field of [data-evidence] as JSON [{snippet, start, end}]; the draft saves them from there.
// Whoever else fills that field sends the event input after it.

function boxOf(root = document) {
  return root.querySelector("[data-evidence]");
}

function read(box) {
  try {
    const found = JSON.parse(box.querySelector("[name=evidence]").value || "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

function snippetOf(place) {
  return document.querySelector(`[data-snippet="${CSS.escape(place.snippet)}"]`);
}

function charactersOf(text) {
  const copy = text.cloneNode(true);
  copy.querySelectorAll(".strip-cut").forEach((cut) => cut.remove());
  return [...copy.textContent];
}

function wordsIn(place) {
  const text = snippetOf(place)?.querySelector("[data-words]");
  return text ? charactersOf(text).slice(place.start, place.end).join("").replace(/\s+/g, " ") : "";
}

function say(words) {
  const place = document.querySelector("[data-said]");
  if (place) place.textContent = words;
}

function mark(places) {
  for (const text of document.querySelectorAll("[data-snippet] [data-words]")) {
    const snippet = Number(text.closest("[data-snippet]").dataset.snippet);
    const here = places.filter((place) => place.snippet === snippet);
    if (here.length) text.dispatchEvent(new CustomEvent("consilium:words-needed", { bubbles: true }));
    for (const piece of text.querySelectorAll(".word, .gap")) {
      const start = Number(piece.dataset.start), end = Number(piece.dataset.end);
      const place = here.find((one) => start < one.end && end > one.start && (piece.matches(".word") || end <= one.end));
      piece.classList.toggle("word-evidence", Boolean(place));
      piece.classList.toggle("word-first", start <= place?.start);
      piece.classList.toggle("word-last", end >= place?.end);
    }
  }
}

function chip(place, number) {
  const snippet = snippetOf(place), words = wordsIn(place);
  const item = document.createElement("li");
  item.className = "chip";
  const link = document.createElement("a");
  link.href = `#${snippet.id}`;
  link.dataset.goTo = place.snippet;
  const quoted = document.createElement("span");
  quoted.className = "chip-words";
  quoted.textContent = `“${words}”`;
  const where = document.createElement("span");
  where.className = "chip-place";
  where.textContent = snippet.dataset.name;
  link.append(quoted, " ", where);
  const off = document.createElement("button");
  off.type = "button";
  off.className = "chip-off";
  off.dataset.takeOff = number;
  off.setAttribute("aria-label", `Take off “${words}”, ${snippet.dataset.name}`);
  off.textContent = "×";
  item.append(link, off);
  return item;
}

function draw(box) {
  const places = read(box).filter(snippetOf);
  const list = box.querySelector("[data-evidence-list]");
  list.replaceChildren(...places.map(chip));
  list.hidden = !places.length;
  box.querySelector("[data-evidence-hint]").hidden = places.length > 0 || !document.querySelector("[data-snippet]");
  mark(places);
}

function write(box, places) {
  const field = box.querySelector("[name=evidence]");
  field.value = places.length ? JSON.stringify(places) : "";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

const touches = (one, other) => one.snippet === other.snippet && one.start < other.end && other.start < one.end;

function onWords(event) {
  const box = boxOf(), snippet = Number(event.target.closest("[data-snippet]")?.dataset.snippet);
  if (!box || !snippet) return;
  const { start, end, single } = event.detail;
  const places = read(box).filter(snippetOf), met = places.filter((place) => touches(place, { snippet, start, end }));
  const others = places.filter((place) => !met.includes(place));
  if (single && met.length) {
    write(box, others);
    return say(`Taken off. ${others.length} attached.`);
  }
  if (others.length >= Number(box.dataset.most)) return say(`${box.dataset.most} is the most. Take one off first.`);
  const place = { snippet, start: Math.min(start, ...met.map((other) => other.start)), end: Math.max(end, ...met.map((other) => other.end)) };
  write(box, [...others, place]);
  say(`Attached: ${wordsIn(place)}. ${others.length + 1} attached.`);
}

function takeOff(button) {
  const box = button.closest("[data-evidence]"), at = Number(button.dataset.takeOff);
  const places = read(box).filter(snippetOf);
  write(box, places.filter((_, number) => number !== at));
  const left = [...box.querySelectorAll("[data-take-off]")];
  (left[Math.min(at, left.length - 1)] ?? document.getElementById("field-rationale"))?.focus();
  say(`Taken off. ${left.length} attached.`);
}

function goTo(link, event) {
  const text = document.querySelector(`[data-snippet="${CSS.escape(link.dataset.goTo)}"] [data-words]`);
  if (!text) return;
  event.preventDefault();
  text.focus({ preventScroll: true });
  text.scrollIntoView({ block: "center" });
}

document.addEventListener("consilium:words", onWords);
document.addEventListener("consilium:say", (event) => say(event.detail.words));
document.addEventListener("click", (event) => {
  const off = event.target.closest("[data-take-off]"), link = event.target.closest("[data-go-to]");
  if (off) takeOff(off);
  else if (link) goTo(link, event);
});

function begin() {
  const box = boxOf();
  if (box) draw(box);
}
document.addEventListener("input", (event) => { if (event.target.matches("[data-evidence] [name=evidence]")) draw(event.target.closest("[data-evidence]")); });
document.addEventListener("consilium:sheet", begin);
begin();
