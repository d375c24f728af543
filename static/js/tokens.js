// Steps through the shaded tokens of a text by the arrow keys, Home and End: one stop of the Tab key for all of them.

document.addEventListener("keydown", (event) => {
  const token = event.target.closest?.("[data-tokens] .token");
  if (!token || event.altKey || event.ctrlKey || event.metaKey) return;
  const tokens = [...token.closest("[data-tokens]").querySelectorAll(".token")];
  const at = tokens.indexOf(token);
  const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: tokens.length - 1 }[event.key];
  if (to === undefined || !tokens[to]) return;
  event.preventDefault();
  token.tabIndex = -1;
  tokens[to].tabIndex = 0;
  tokens[to].focus();
});
