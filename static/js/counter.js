// Counts the characters of a text box as the site counts them: a line break is one, an emoji is one.

function count(note) {
  const box = document.getElementById(note.dataset.countOf);
  if (!box) return;
  const most = Number(note.dataset.most);
  const written = [...box.value.replaceAll("\r\n", "\n")].length;
  note.textContent = `${written.toLocaleString("en")} of at most ${most.toLocaleString("en")} characters`;
  note.toggleAttribute("data-over", written > most);
}

const all = () => document.querySelectorAll("[data-count-of]").forEach(count);
for (const name of ["input", "htmx:load", "consilium:sheet"]) document.addEventListener(name, all);
all();
