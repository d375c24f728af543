// Drafts that this device kept of other latents than the one on the page, because the site could not be reached: they go
// up with their own tickets. What the site does not take, she is told.

import { all, forget } from "../device/store.js";
import { waiting } from "../outbox.js";
import { ask } from "../site.js";
import { tellReturned } from "./notices.js";

const TITLE = "A draft from this device";

const onPage = () => document.querySelector("[data-on-device]")?.dataset.onDevice;

function returned(draft, content) {
  const fields = Object.entries(draft.fields).map(([name, answer]) => [name, [answer ?? ""].flat().join(", ")]);
  return { id: draft.fields.ticket, title: TITLE, fields, returned: content };
}

async function send(draft, name) {
  const { kind, content } = await ask(draft.url, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...draft.fields, window: draft.window, draft_number: draft.number }),
  });
  if (kind === "ok") await forget("draft", name);
  if (kind === "refused" && !content.newer) tellReturned(returned(draft, content), { letGo: () => forget("draft", name) });
}

// One that the site has newer answers to stays: she is asked when she comes to its latent.
export async function sendLeftovers() {
  for (const draft of await all("draft")) {
    const { name } = draft;
    if (name !== onPage() && !waiting().some((entry) => entry.name === name)) await send(draft, name);
  }
}

if (document.querySelector("[data-room]")) sendLeftovers().catch(() => {});
