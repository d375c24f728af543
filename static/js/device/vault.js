// Locks and opens what this device keeps: AES-GCM, with a key that only a page of her own session carries, and that is
// never written down here (docs/adr/0011-what-a-device-keeps.md). What is locked under one name opens under that name only.

const meta = document.querySelector("meta[name=consilium-device]");
const text = { in: new TextEncoder(), out: new TextDecoder() };
let imported = null;

export const owner = meta?.dataset.owner ?? "";
export const signIn = meta?.dataset.signIn ?? "/sign-in/";

export const canLock = Boolean(owner && meta.dataset.key && globalThis.crypto?.subtle);

function key() {
  const bytes = () => Uint8Array.from(atob(meta.dataset.key), (character) => character.charCodeAt(0));
  imported ??= crypto.subtle.importKey("raw", bytes(), "AES-GCM", false, ["encrypt", "decrypt"]);
  return imported;
}

export async function lock(name, value) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const plain = text.in.encode(JSON.stringify(value));
  return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: text.in.encode(name) }, await key(), plain) };
}

export async function unlock(name, { iv, data }) {
  const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: text.in.encode(name) }, await key(), data);
  return JSON.parse(text.out.decode(plain));
}
