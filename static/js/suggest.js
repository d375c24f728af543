// Type-ahead for a text field, by the ARIA combobox pattern. Free text always stays possible.
// data-suggest = id of a JSON script element: answers at once, and without a network.
// data-suggest-url, on the field or around it = endpoint asked with ?q= besides: what it knows is added below.
// An option is a string or {value, label, note, words}; words, in every spelling, are what typed beginnings find.

const MOST = 8;
const WAIT = 60;
const FEWEST = 2; // Letters from which on the endpoint is asked.
const boxes = new WeakMap();

function fold(text) {
  return text.normalize("NFKD").replace(/[\p{M}'’‘`´]/gu, "").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

function option(raw) {
  const { value, label = value, note = "", words = fold(label) } = typeof raw === "string" ? { value: raw } : raw;
  return { value, label, note, words: words.split(" ") };
}

function best(options, text) {
  const typed = fold(text);
  const parts = typed ? typed.split(" ") : [];
  return options.filter(({ words }) => parts.every((part) => words.some((word) => word.startsWith(part))))
    .map((entry) => [fold(entry.label).startsWith(typed) ? 0 : 1, entry])
    .sort((one, other) => one[0] - other[0]).slice(0, MOST).map(([, entry]) => entry);
}

function withMore(shown, more) {
  const told = new Set(shown.map(({ value }) => fold(value)));
  return [...shown, ...more.filter(({ value }) => !told.has(fold(value)))].slice(0, MOST);
}

class Box {
  constructor(input) {
    this.input = input;
    this.active = -1;
    this.shown = [];
    this.answered = []; // What the endpoint said last: shown on at once while it still fits what is typed.
    this.list = document.createElement("ul");
    Object.assign(this.list, { className: "suggest-list", id: `${input.id}-options`, hidden: true });
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "Suggestions");
    this.told = document.createElement("span");
    this.told.className = "visually-hidden";
    this.told.setAttribute("role", "status");
    input.after(this.list, this.told);
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", this.list.id]]) input.setAttribute(name, value);
    const source = input.dataset.suggest && document.getElementById(input.dataset.suggest);
    this.options = source ? JSON.parse(source.textContent).map(option) : [];
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const item = event.target.closest("[role=option]");
      if (item) this.take(Number(item.dataset.place));
    });
  }

  ask() {
    const typed = this.input.value;
    const found = best(this.options, typed);
    this.show(fold(typed) ? withMore(found, best(this.answered, typed)) : found);
    this.stop();
    if (fold(typed).length >= FEWEST) this.waiting = setTimeout(() => this.askFurther(typed), WAIT);
  }

  async askFurther(typed) {
    const url = this.input.closest("[data-suggest-url]")?.dataset.suggestUrl;
    if (!url) return;
    const asked = new URL(url, location.href);
    asked.searchParams.set("q", typed);
    this.asking = new AbortController();
    try {
      const response = await fetch(asked, { signal: this.asking.signal, headers: { Accept: "application/json" } });
      if (!response.ok) return;
      this.answered = (await response.json()).map(option);
      if (this.input.value === typed) this.add(withMore(this.shown, this.answered));
    } catch {
      // Offline or overtaken by a newer question: the local list stays, and free text works.
    }
  }

  stop() {
    clearTimeout(this.waiting);
    this.asking?.abort();
  }

  show(options) {
    if (document.activeElement !== this.input) return;
    this.shown = options;
    this.point(-1);
    this.list.replaceChildren(...options.map((entry, place) => this.item(entry, place)));
    this.list.scrollTop = 0;
    this.open(options.length > 0);
    this.tell();
  }

  // Below what is there: nothing moves under the finger that is about to choose.
  add(options) {
    if (document.activeElement !== this.input || options.length === this.shown.length) return;
    this.list.append(...options.slice(this.shown.length).map((entry, place) => this.item(entry, this.shown.length + place)));
    this.shown = options;
    this.open(true);
    this.tell();
  }

  tell() {
    const count = this.shown.length;
    this.told.textContent = count ? `${count} suggestion${count > 1 ? "s" : ""}, arrow down to choose` : "";
  }

  item(entry, place) {
    const item = document.createElement("li");
    item.id = `${this.list.id}-${place}`;
    item.dataset.place = place;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    const label = document.createElement("span");
    label.append(...this.marked(entry.label));
    item.append(label);
    if (entry.note) item.append(" ", Object.assign(document.createElement("span"), { className: "suggest-note", textContent: entry.note }));
    return item;
  }

  marked(label) {
    const parts = this.input.value.split(/[^\p{L}\p{N}]+/u).filter(Boolean).sort((one, other) => other.length - one.length);
    if (!parts.length) return [label];
    const begins = new RegExp(`(?<![\\p{L}\\p{N}])(${parts.join("|")})`, "giu");
    return label.split(begins).map((text, place) => (place % 2 ? Object.assign(document.createElement("mark"), { textContent: text }) : text));
  }

  open(yes) {
    this.list.hidden = !yes;
    this.input.setAttribute("aria-expanded", String(yes));
    if (!yes) this.point(-1);
  }

  point(place) {
    this.list.children[this.active]?.setAttribute("aria-selected", "false");
    this.active = place;
    const item = this.list.children[place];
    item?.setAttribute("aria-selected", "true");
    item?.scrollIntoView({ block: "nearest" });
    if (item) this.input.setAttribute("aria-activedescendant", item.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  take(place) {
    this.stop();
    this.input.value = this.shown[place].value;
    this.leave();
    this.input.dispatchEvent(new Event("input", { bubbles: true, cancelable: false }));
    this.input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  leave() {
    this.stop();
    this.open(false);
    this.told.textContent = "";
  }

  key(event) {
    const size = this.shown.length, isOpen = !this.list.hidden;
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isOpen) return this.ask();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.point(this.active < 0 ? (step > 0 ? 0 : size - 1) : (this.active + step + size) % size);
    } else if (event.key === "Enter" && isOpen && this.active >= 0) {
      event.preventDefault();
      this.take(this.active);
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      this.leave();
    } else if (event.key === "Tab") {
      this.leave();
    }
  }
}

function boxOf(target) {
  if (!target.matches?.("input[data-suggest], input[data-suggest-url]")) return null;
  if (!boxes.has(target)) boxes.set(target, new Box(target));
  return boxes.get(target);
}

document.addEventListener("focusin", (event) => boxOf(event.target));
document.addEventListener("focusout", (event) => boxes.get(event.target)?.leave());
document.addEventListener("input", (event) => { if (event.isTrusted) boxOf(event.target)?.ask(); });
document.addEventListener("keydown", (event) => boxOf(event.target)?.key(event), true);
