// A form that is sent after she signed in again elsewhere carries the token that counts now.

import { csrfToken } from "./site.js";

document.addEventListener("submit", (event) => {
  const field = event.target.querySelector("[name=csrfmiddlewaretoken]");
  if (field) field.value = csrfToken() || field.value;
}, true);
