// The random name of this browser window: the same after a reload, another one in a copy of the window.

const STORE = "consilium.window";

function remembered() {
  try {
    return sessionStorage.getItem(STORE);
  } catch {
    return null;
  }
}

function remember(name) {
  try {
    sessionStorage.setItem(STORE, name);
  } catch {
    // Storage is forbidden: the name then lasts for this page.
  }
}

// Held for as long as the page lives: a copy of the window finds it taken.
function hold(name) {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    navigator.locks.request(`consilium window ${name}`, { ifAvailable: true }, (lock) => {
      resolve(Boolean(lock));
      return lock ? new Promise(() => {}) : undefined;
    }).catch(() => resolve(true));
  });
}

async function choose() {
  const before = remembered();
  const name = before && await hold(before) ? before : crypto.randomUUID?.() ?? "";
  if (name && name !== before) await hold(name);
  remember(name);
  return name;
}

export const windowName = choose();
