// a[data-context] shows more of the note around its snippet, in place; pressed again, or by Esc, the snippet stands alone.
// Without JavaScript the link opens the same text as a page.

const OFFLINE = "The wider context cannot be fetched just now. Try again in a moment.";
const GONE = "The wider context is not open to you any more. Reload the page.";

function textOf(snippet) {
  return snippet.querySelector("[data-words]");
}

function close(snippet) {
  snippet.querySelectorAll(".context-part").forEach((part) => part.remove());
  snippet.querySelector("[data-context]").setAttribute("aria-expanded", "false");
}

function problem(words) {
  return Object.assign(document.createElement("p"), { className: "context-part", textContent: words });
}

async function fetchParts(link) {
  try {
    const response = await fetch(link.href, { credentials: "same-origin", redirect: "manual", headers: { "HX-Request": "true" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const found = { before: page.querySelector("[data-context-before]"), after: page.querySelector("[data-context-after], [data-context-problem]") };
    return found.before || found.after ? found : { after: problem(GONE) };
  } catch {
    return { after: problem(OFFLINE) };
  }
}

async function open(link) {
  const snippet = link.closest("[data-snippet]");
  link.setAttribute("aria-expanded", "true");
  const { before, after } = await fetchParts(link);
  if (link.getAttribute("aria-expanded") !== "true" || !snippet.isConnected) return;
  if (before) textOf(snippet).before(document.adoptNode(before));
  if (after) textOf(snippet).after(document.adoptNode(after));
}

function begin(root) {
  for (const link of root.querySelectorAll("a[data-context]")) {
    link.setAttribute("role", "button");
    link.setAttribute("aria-expanded", "false");
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-context]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (link.getAttribute("aria-expanded") === "true") close(link.closest("[data-snippet]"));
  else open(link);
});
document.addEventListener("keydown", (event) => {
  if (event.key === " " && !event.ctrlKey && !event.metaKey && !event.altKey && event.target.matches?.("a[data-context]")) {
    event.preventDefault();
    event.target.click();
  }
  if (event.key !== "Escape" || event.defaultPrevented) return;
  const snippet = event.target.closest?.("[data-snippet]") ?? null;
  if (!snippet?.querySelector(".context-part")) return;
  event.preventDefault();
  close(snippet);
}, true);
document.addEventListener("consilium:sheet", (event) => begin(event.detail.root));
begin(document);
