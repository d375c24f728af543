// The next sheets, fetched while the page is idle, in memory only. Each holds its place for a while; an older one is
// dropped, and asked for anew. One becomes the page's once the site has said that its place is still hers and that none
// of its snippets was hidden meanwhile; a site that cannot be reached does not keep her waiting.

import { ask } from "../site.js";

const MARGIN = 20000; // Milliseconds of its place that a sheet must have left to be shown.
const IDLE_AT_LATEST = 2000;
const PATIENCE = 1500; // Milliseconds for the site's word on the next sheet.
let sheets = [];
let turns = 0; // How often a sheet was taken or dropped: what was asked for before that says nothing of what is here now.
let asking = false, wanted = null;

const fresh = () => sheets.filter((sheet) => sheet.until - MARGIN > Date.now());

function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

function addressOf(room, parameter, values) {
  const url = new URL(room.dataset.ahead, location.href);
  for (const value of values) url.searchParams.append(parameter, value);
  return url;
}

async function fetchAfter(room, current) {
  const had = fresh(), turn = turns;
  const { kind, content } = await ask(addressOf(room, "after", [current, ...had.map((sheet) => sheet.slot)]));
  if (turn !== turns) return;
  if (kind === "refused") dropAll(); // Nothing of the study is open to her any more.
  if (kind !== "ok") return;
  const known = new Map(had.map((sheet) => [sheet.slot, sheet]));
  sheets = content.map(({ html, lasts, ...rest }) => ({ ...known.get(rest.slot), ...rest, until: Date.now() + 1000 * lasts, ...(html ? { root: parsed(html) } : {}) }))
    .filter((sheet) => sheet.root && sheet.slot !== current);
}

async function fetchWanted(room) {
  while (wanted) {
    const current = wanted;
    wanted = null;
    await fetchAfter(room, current);
  }
  asking = false;
}

// current: the slot whose sheet is on the page. Its place is held for longer by this, too.
export function refill(room, current) {
  if (!room || !current) return;
  wanted = current;
  if (asking) return;
  asking = true;
  const idle = globalThis.requestIdleCallback ?? ((act) => setTimeout(act, 200));
  idle(() => fetchWanted(room), { timeout: IDLE_AT_LATEST });
}

const snippetsOf = (root) => [...root.querySelectorAll("[data-snippet]")].map(({ dataset }) => Number(dataset.snippet));

function holds(sheet, said) {
  if (!said?.lasts) return false;
  return snippetsOf(sheet.root).every((snippet) => said.shown.includes(snippet));
}

function drop(sheet) {
  turns += 1;
  sheets = sheets.filter((other) => other !== sheet);
}

function patiently(answer) {
  return Promise.race([answer, new Promise((resolve) => { setTimeout(() => resolve({ kind: "away" }), PATIENCE); })]);
}

// The sheet to show next, and whether the site has said that it still holds; null where there is none.
export async function take(room) {
  sheets = fresh();
  const [sheet] = sheets;
  if (!sheet) return null;
  drop(sheet);
  const { kind, content } = await patiently(ask(addressOf(room, "still", [sheet.ticket])));
  if (kind === "refused") dropAll();
  if (kind === "refused" || (kind === "ok" && !holds(sheet, content[0]))) return null;
  return { ...sheet, sure: kind === "ok" };
}

// Drops what does not hold any more. Resolves with whether there was any, and with the snippets that the page's own sheet
// may still show; null where the site did not say.
export async function lookAgain(room, ticket) {
  const asked = fresh();
  const { kind, content } = await ask(addressOf(room, "still", [ticket, ...asked.map((sheet) => sheet.ticket)]));
  if (kind === "refused") dropAll();
  if (kind !== "ok") return null;
  const [own, ...others] = content;
  const gone = asked.filter((sheet, place) => !holds(sheet, others[place]));
  gone.forEach(drop);
  return { shown: own.shown, dropped: gone.length > 0 };
}

// The sheet of a form that she sent, as the site draws it now; null if it cannot be had.
export async function again(room, ticket) {
  const { kind, content } = await ask(addressOf(room, "ticket", [ticket]));
  return kind === "ok" && content[0] ? { ...content[0], root: parsed(content[0].html) } : null;
}

// A snippet was hidden: it may be in these sheets as well.
export function dropAll() {
  turns += 1;
  sheets = [];
}

// The first time that a sheet runs out, as milliseconds from now; Infinity while there is none.
export function runsOut() {
  return Math.min(...sheets.map((sheet) => sheet.until - MARGIN - Date.now()));
}
