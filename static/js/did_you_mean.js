// "Did you mean …?" below a text field with a term that is close to a known one: once she pauses there without a
// suggestion in sight, or has left it. If the page has moved on by then, in the form's action bar.
// data-did-you-mean-url, around a field with suggestions = endpoint asked with ?q=: answers [] or the one option.
// It offers and never changes the field by itself; taken, the same button gives back what was typed.

const LETTERS = "mydgjuvwxz";
const PAUSE = 600;
const fields = new WeakMap();

function freeLetter() {
  const taken = new Set([...document.querySelectorAll("[data-key]")].map(({ dataset }) => dataset.key));
  return [...LETTERS].find((letter) => !taken.has(letter)) ?? "";
}

function strong(text) {
  return Object.assign(document.createElement("strong"), { textContent: text });
}

function sentence(...parts) {
  const span = document.createElement("span");
  span.append(...parts);
  return span;
}

function keyCap(letter) {
  const cap = Object.assign(document.createElement("kbd"), { className: "key", textContent: letter });
  cap.setAttribute("aria-hidden", "true");
  return cap;
}

class Offer {
  constructor(input) {
    this.input = input;
    this.place = document.createElement("div"); // There before it says anything, so that it is read aloud when it does.
    this.place.className = "did-you-mean";
    this.place.setAttribute("role", "status");
    this.goHome();
  }

  goHome() {
    (this.input.closest(".suggest") ?? this.input).after(this.place);
  }

  soon() {
    this.withdraw();
    this.waiting = setTimeout(() => {
      if (document.activeElement === this.input && this.input.getAttribute("aria-expanded") !== "true") this.ask();
    }, PAUSE);
  }

  async ask() {
    const typed = this.input.value, url = this.input.closest("[data-did-you-mean-url]")?.dataset.didYouMeanUrl;
    if (this.asked === typed) return this.stayInSight();
    this.withdraw();
    if (!url || !typed.trim()) return;
    this.asked = typed;
    const question = new URL(url, location.href);
    question.searchParams.set("q", typed);
    this.asking = new AbortController();
    try {
      const response = await fetch(question, { signal: this.asking.signal, headers: { Accept: "application/json" } });
      const [meant] = response.ok ? await response.json() : [];
      if (meant && this.input.value === typed) this.make(typed, meant);
    } catch {
      // Offline: nothing is offered, and what she typed stands.
    }
  }

  make(typed, meant) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "button button-small" });
    const letter = freeLetter();
    if (letter) {
      button.dataset.key = letter;
      button.setAttribute("aria-keyshortcuts", letter);
    }
    const offer = () => button.replaceChildren(sentence("Did you mean ", strong(meant.label), "?"), ...(letter ? [keyCap(letter)] : []));
    const undo = () => button.replaceChildren(sentence("Back to ", strong(typed)), ...(letter ? [keyCap(letter)] : []));
    button.addEventListener("click", () => {
      const taken = this.input.value === meant.value;
      this.write(taken ? typed : meant.value);
      (taken ? offer : undo)();
    });
    offer();
    this.stayInSight();
    this.place.append(button);
    if (meant.note) this.place.append(Object.assign(document.createElement("span"), { className: "suggest-note", textContent: meant.note }));
  }

  write(text) {
    this.input.value = text;
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
    this.input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  stayInSight() {
    const { left, width, bottom, height } = this.input.getBoundingClientRect();
    const seen = document.elementFromPoint(left + width / 2, bottom - height / 2);
    const bar = this.input.form?.querySelector(".action-bar");
    if (bar && !this.place.contains(document.activeElement) && !seen?.contains(this.input) && !this.input.contains(seen)) bar.prepend(this.place);
  }

  withdraw() {
    clearTimeout(this.waiting);
    this.asking?.abort();
    this.asked = null;
    this.place.replaceChildren();
    this.goHome();
  }
}

function offerOf(target) {
  if (!target.matches?.("input[data-suggest], input[data-suggest-url]") || !target.closest("[data-did-you-mean-url]")) return null;
  if (!fields.has(target)) fields.set(target, new Offer(target));
  return fields.get(target);
}

// Changes by script are a suggestion that she chose, or this button: both are known terms.
document.addEventListener("focusin", (event) => offerOf(event.target));
document.addEventListener("input", (event) => { if (event.isTrusted) offerOf(event.target)?.soon(); });
document.addEventListener("change", (event) => { if (event.isTrusted) offerOf(event.target)?.ask(); });
