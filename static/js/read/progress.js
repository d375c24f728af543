// [data-answered-of="form"] counts the questions of that form that have an answer.

function tell(place) {
  const form = document.getElementById(place.dataset.answeredOf);
  const questions = form ? form.querySelectorAll("[data-key-group]") : [];
  const answered = [...questions].filter((question) => question.querySelector("input:checked")).length;
  place.textContent = `${answered} of ${questions.length}`;
}

function tellAll() {
  for (const place of document.querySelectorAll("[data-answered-of]")) tell(place);
}

document.addEventListener("change", tellAll);
tellAll();
