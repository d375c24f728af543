// One question to the site, and what became of it, in five words:
// ok (content is its JSON), refused (the site's last word on it, with its reason as JSON), signed-out, busy, away.
// After the last three it may be asked again. The CSRF token is read when it is needed: signing in elsewhere renews it.

import { owner } from "./device/vault.js";

const TIMEOUT = 15000;
const NO_SESSION = [401, 403];
const LATER = [408, 425, 429];

export function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
}

async function contentOf(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

function become(response, content) {
  if (response.type === "opaqueredirect" || NO_SESSION.includes(response.status)) return "signed-out";
  if (response.status >= 500 || LATER.includes(response.status) || content === null) return "busy";
  return response.ok ? "ok" : "refused";
}

export async function ask(url, { method = "GET", headers = {}, stop = new AbortController(), ...rest } = {}) {
  const late = setTimeout(() => stop.abort(), TIMEOUT);
  try {
    const response = await fetch(url, {
      method,
      credentials: "same-origin",
      redirect: "manual",
      cache: "no-store",
      signal: stop.signal,
      headers: { Accept: "application/json", "X-Consilium-Person": owner, ...(method === "GET" ? {} : { "X-CSRFToken": csrfToken() }), ...headers },
      ...rest,
    });
    const content = response.type === "opaqueredirect" ? null : await contentOf(response);
    return { kind: become(response, content), status: response.status, content };
  } catch {
    return { kind: "away", status: 0, content: null };
  } finally {
    clearTimeout(late);
  }
}
