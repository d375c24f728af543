// A snippet that is hidden leaves the page at once: a sentence stands in its place, and what was entered stays.

export function hide(snippet, words, { announce = true } = {}) {
  const note = document.createElement("p");
  note.className = "strip strip-silent quiet";
  note.tabIndex = -1;
  if (announce) note.setAttribute("role", "status");
  note.textContent = words;
  const focused = snippet.contains(document.activeElement);
  snippet.replaceWith(note);
  if (focused) note.focus();
}
