// What the tabs of one browser tell each other: {type: "here"} from a page that was just opened,
// "signing-out" from one that wipes the device, "signed-out" from the page after that.

import { owner } from "./vault.js";

const channel = globalThis.BroadcastChannel ? new BroadcastChannel("consilium") : null;
const listeners = new Map();

export function tell(type, whose = owner) {
  channel?.postMessage({ type, owner: whose });
}

// Only what tabs of hers say.
export function hear(type, listener) {
  listeners.set(type, [...listeners.get(type) ?? [], listener]);
}

channel?.addEventListener("message", ({ data }) => {
  if (owner && data.owner === owner) listeners.get(data.type)?.forEach((listener) => listener());
});
if (owner) tell("here");
