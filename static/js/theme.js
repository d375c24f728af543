// Colours: as the system says, light or dark. The choice is a cookie, so that the server draws the page right at once.

const CHOICES = ["system", "light", "dark"];
const YEAR = 365 * 24 * 60 * 60;

function chosen() {
  return document.documentElement.dataset.theme ?? "system";
}

function show(choice) {
  for (const label of document.querySelectorAll("[data-theme-label]")) {
    label.textContent = choice[0].toUpperCase() + choice.slice(1);
  }
}

function choose(choice) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  if (choice === "system") {
    delete document.documentElement.dataset.theme;
    document.cookie = `theme=; path=/; max-age=0; samesite=lax${secure}`;
  } else {
    document.documentElement.dataset.theme = choice;
    document.cookie = `theme=${choice}; path=/; max-age=${YEAR}; samesite=lax${secure}`;
  }
  show(choice);
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-theme-toggle]")) {
    choose(CHOICES[(CHOICES.indexOf(chosen()) + 1) % CHOICES.length]);
  }
});
show(chosen());
