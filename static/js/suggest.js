// Type-ahead for a text field, by the ARIA combobox pattern. Free text always stays possible.
// Options: data-suggest = id of a JSON script element, or data-suggest-url = endpoint asked with ?q=.
// An option is a string or {value, label, note}.

const MOST = 8;
const WAIT = 120;
const boxes = new WeakMap();

function normal(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

function option(raw) {
  return typeof raw === "string" ? { value: raw, label: raw, note: "" } : { label: raw.value, note: "", ...raw };
}

function rank(label, typed) {
  const text = normal(label);
  if (text.startsWith(typed)) return 0;
  if (text.split(/[^\p{L}\p{N}]+/u).some((word) => word.startsWith(typed))) return 1;
  return text.includes(typed) ? 2 : 3;
}

function best(options, typed) {
  const wanted = normal(typed.trim());
  if (!wanted) return options.slice(0, MOST);
  return options.map((entry) => [rank(entry.label, wanted), entry]).filter(([place]) => place < 3)
    .sort((one, other) => one[0] - other[0]).slice(0, MOST).map(([, entry]) => entry);
}

class Box {
  constructor(input) {
    this.input = input;
    this.active = -1;
    this.shown = [];
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

  async ask() {
    if (!this.input.dataset.suggestUrl) return this.show(best(this.options, this.input.value));
    clearTimeout(this.waiting);
    this.waiting = setTimeout(async () => {
      this.asking?.abort();
      this.asking = new AbortController();
      const url = new URL(this.input.dataset.suggestUrl, location.href);
      url.searchParams.set("q", this.input.value);
      try {
        const response = await fetch(url, { signal: this.asking.signal, headers: { Accept: "application/json" } });
        if (response.ok) this.show((await response.json()).map(option).slice(0, MOST));
      } catch {
        // Offline or overtaken by a newer question: no suggestions, and free text works.
      }
    }, WAIT);
  }

  show(options) {
    if (document.activeElement !== this.input) return;
    this.shown = options;
    this.active = -1;
    this.list.replaceChildren(...options.map((entry, place) => this.item(entry, place)));
    this.open(options.length > 0);
    this.told.textContent = options.length ? `${options.length} suggestion${options.length > 1 ? "s" : ""}, arrow down to choose` : "";
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
    if (entry.note) item.append(Object.assign(document.createElement("span"), { className: "suggest-note", textContent: entry.note }));
    return item;
  }

  marked(label) {
    const typed = this.input.value.trim().toLowerCase(), at = typed ? label.toLowerCase().indexOf(typed) : -1;
    if (at < 0) return [label];
    const mark = document.createElement("mark");
    mark.textContent = label.slice(at, at + typed.length);
    return [label.slice(0, at), mark, label.slice(at + typed.length)];
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
    this.input.value = this.shown[place].value;
    this.open(false);
    this.told.textContent = "";
    this.input.dispatchEvent(new Event("input", { bubbles: true, cancelable: false }));
    this.input.dispatchEvent(new Event("change", { bubbles: true }));
    this.open(false);
  }

  key(event) {
    const size = this.shown.length, isOpen = !this.list.hidden;
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
      this.open(false);
    } else if (event.key === "Tab") {
      this.open(false);
    }
  }
}

function boxOf(target) {
  if (!target.matches?.("input[data-suggest], input[data-suggest-url]")) return null;
  if (!boxes.has(target)) boxes.set(target, new Box(target));
  return boxes.get(target);
}

document.addEventListener("focusin", (event) => boxOf(event.target));
document.addEventListener("focusout", (event) => boxes.get(event.target)?.open(false));
document.addEventListener("input", (event) => { if (event.isTrusted) boxOf(event.target)?.ask(); });
document.addEventListener("keydown", (event) => boxOf(event.target)?.key(event), true);
