// What the tabs of one browser tell each other: {type: "here"} from a page that was just opened, {type: "signed-out"}.

import { owner } from "./vault.js";

const channel = globalThis.BroadcastChannel ? new BroadcastChannel("consilium") : null;
const listeners = new Map();

export function tell(type) {
  channel?.postMessage({ type, owner });
}

// Only what tabs of hers say.
export function hear(type, listener) {
  listeners.set(type, [...listeners.get(type) ?? [], listener]);
}

channel?.addEventListener("message", ({ data }) => {
  if (owner && data.owner === owner) listeners.get(data.type)?.forEach((listener) => listener());
});
if (owner) tell("here");
