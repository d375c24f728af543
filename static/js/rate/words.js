// Chooses words of a text [data-words] by mouse, touch or keys, and says which: event "consilium:words" on the text with
// detail {start, end, single}, characters (code points) from the text's start. Words become .word elements, and what
// lies between them .gap elements, when they are first needed; "consilium:words-needed" on a text asks for them at once.
// Mouse: a click is one word, a drag several. Touch: a tap begins, the next tap ends; the same word twice is that word.
// Keys: arrows, Home and End move, with Shift they choose several, Enter or Space says it, Esc lets go.

const TEXT = "[data-words]";
const WORD = /[\p{L}\p{N}\p{M}_]+(?:['’](?=[\p{L}\p{N}])[\p{L}\p{N}\p{M}_]+|(?<=\p{N})[.,](?=\p{N})\p{N}+)*|\p{S}+/gu;
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

const cursors = new WeakMap(); // text -> {at, from}: places of the current word and of the one where choosing began
let begun = null; // touch: the word that was tapped first
let pointer = "mouse";
let dragged = false;

const length = (string) => [...string].length;

function piece(name, string, start) {
  const made = document.createElement("span");
  made.className = name;
  made.dataset.start = start;
  made.dataset.end = start + length(string);
  made.textContent = string;
  return made;
}

function split(node, start) {
  const whole = node.parentElement.matches(".fire") && !node.data.match(WORD);
  if (whole) return [piece("word", node.data, start)];
  const pieces = [];
  let done = 0, at = start;
  const plain = (until) => {
    if (until > done) pieces.push(piece("gap", node.data.slice(done, until), at));
    at += length(node.data.slice(done, until));
    done = until;
  };
  for (const found of node.data.matchAll(WORD)) {
    plain(found.index);
    pieces.push(piece("word", found[0], at));
    at += length(found[0]);
    done += found[0].length;
  }
  plain(node.data.length);
  return pieces;
}

function prepare(text) {
  if (text.dataset.words === "ready") return;
  text.dataset.words = "ready";
  const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest(".strip-cut")) nodes.push(walker.currentNode);
  let start = 0;
  for (const node of nodes) {
    const size = length(node.data);
    node.replaceWith(...split(node, start));
    start += size;
  }
}

const wordsOf = (text) => [...text.querySelectorAll(".word")];
const textAt = (target) => target?.closest?.(TEXT) ?? null;

function wordAt(event) {
  const word = document.elementFromPoint(event.clientX, event.clientY)?.closest(".word");
  return word && textAt(word) ? word : null;
}

function choose(text, first, last, single) {
  const start = Math.min(first.dataset.start, last.dataset.start), end = Math.max(first.dataset.end, last.dataset.end);
  text.dispatchEvent(new CustomEvent("consilium:words", { bubbles: true, detail: { start, end, single } }));
}

function draw(text) {
  const cursor = cursors.get(text);
  wordsOf(text).forEach((word, place) => {
    word.classList.toggle("word-here", place === cursor?.at);
    word.classList.toggle("word-chosen", Boolean(cursor) && cursor.at !== cursor.from && place >= Math.min(cursor.at, cursor.from) && place <= Math.max(cursor.at, cursor.from));
  });
}

function letGo() {
  begun?.classList.remove("word-begun");
  begun = null;
}

function say(text, words) {
  text.dispatchEvent(new CustomEvent("consilium:say", { bubbles: true, detail: { words } }));
}

function begin(text) {
  prepare(text);
  if (cursors.has(text)) return;
  const words = wordsOf(text);
  if (!words.length) return;
  const strongest = ["5", "4", "3", "2", "1"].map((level) => text.querySelector(`.fire-${level} .word`)).find(Boolean);
  const at = Math.max(0, words.indexOf(strongest));
  cursors.set(text, { at, from: at });
  draw(text);
}

function lineAway(words, at, step) {
  const here = words[at].getBoundingClientRect();
  const middle = (here.left + here.right) / 2;
  const away = words.map((word, place) => ({ place, box: word.getBoundingClientRect() })).filter(({ box }) => (step > 0 ? box.top > here.top + here.height / 2 : box.top < here.top - here.height / 2));
  if (!away.length) return null;
  const line = step > 0 ? Math.min(...away.map(({ box }) => box.top)) : Math.max(...away.map(({ box }) => box.top));
  const near = away.filter(({ box }) => Math.abs(box.top - line) < here.height / 2);
  return near.reduce((best, other) => (Math.abs((other.box.left + other.box.right) / 2 - middle) < Math.abs((best.box.left + best.box.right) / 2 - middle) ? other : best)).place;
}

function goal(key, words, at) {
  if (key in STEPS) return at + STEPS[key];
  if (key === "Home") return 0;
  if (key === "End") return words.length - 1;
  if (key === "ArrowUp") return lineAway(words, at, -1);
  if (key === "ArrowDown") return lineAway(words, at, 1);
  return null;
}

function spoken(words, { at, from }) {
  const [first, last] = [Math.min(at, from), Math.max(at, from)];
  const attached = words[at].classList.contains("word-evidence") ? ", attached" : "";
  return words.slice(first, last + 1).map((word) => word.textContent).join(" ") + attached;
}

function onKey(event) {
  const text = event.target;
  if (!text.matches?.(TEXT) || event.ctrlKey || event.metaKey || event.altKey) return;
  begin(text);
  const words = wordsOf(text), cursor = cursors.get(text);
  if (!cursor) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    if (event.repeat) return;
    choose(text, words[cursor.from], words[cursor.at], cursor.from === cursor.at);
    cursor.from = cursor.at;
    return draw(text);
  }
  if (event.key === "Escape" && cursor.from !== cursor.at) {
    event.preventDefault();
    cursor.from = cursor.at;
    return draw(text);
  }
  const to = goal(event.key, words, cursor.at);
  if (to === null || !words[to]) return;
  event.preventDefault();
  cursor.at = to;
  if (!event.shiftKey) cursor.from = to;
  draw(text);
  words[to].scrollIntoView({ block: "nearest" });
  say(text, spoken(words, cursor));
}

function selected(text) {
  const selection = window.getSelection();
  if (selection.isCollapsed || !text.contains(selection.anchorNode) || !text.contains(selection.focusNode)) return [];
  const range = selection.getRangeAt(0);
  return wordsOf(text).filter((word) => {
    const inside = document.createRange();
    inside.selectNodeContents(word);
    return range.compareBoundaryPoints(Range.END_TO_START, inside) < 0 && range.compareBoundaryPoints(Range.START_TO_END, inside) > 0;
  });
}

function onDragEnd(event) {
  const text = textAt(window.getSelection().anchorNode?.parentElement);
  if (pointer !== "mouse" || event.button !== 0 || !text) return;
  prepare(text);
  const words = selected(text);
  if (!words.length) return;
  dragged = true;
  window.getSelection().removeAllRanges();
  choose(text, words[0], words.at(-1), false);
}

function onTap(text, word) {
  if (!begun || textAt(begun) !== text) {
    const attached = word.classList.contains("word-evidence");
    letGo();
    if (attached) return choose(text, word, word, true);
    begun = word;
    word.classList.add("word-begun");
    return say(text, `${word.textContent}: now tap the last word, or this one again`);
  }
  choose(text, begun, word, false);
  letGo();
}

function onClick(event) {
  const text = textAt(event.target);
  if (!text) return letGo();
  if (dragged || (pointer === "mouse" && event.detail > 1)) return;
  prepare(text);
  const word = wordAt(event);
  if (!word) return;
  const at = wordsOf(text).indexOf(word);
  cursors.set(text, { at, from: at });
  draw(text);
  if (pointer === "mouse") choose(text, word, word, true);
  else onTap(text, word);
}

document.addEventListener("pointerover", (event) => { const text = textAt(event.target); if (text) prepare(text); });
document.addEventListener("pointerdown", (event) => {
  pointer = event.pointerType || "mouse";
  dragged = false;
}, true);
document.addEventListener("pointerup", onDragEnd);
document.addEventListener("click", onClick);
document.addEventListener("focusin", (event) => { if (event.target.matches(TEXT)) begin(event.target); });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") letGo(); }, true);
document.addEventListener("keydown", onKey, true);
document.addEventListener("consilium:words-needed", (event) => prepare(event.target));
document.addEventListener("consilium:sheet", letGo);
