// The next sheets, fetched while the page is idle, in memory only. Each holds its place for a while; an older one is
// dropped, and asked for anew.

import { ask } from "../site.js";

const MARGIN = 20000; // Milliseconds of its place that a sheet must have left to be shown.
const IDLE_AT_LATEST = 2000;
let sheets = [];
let asking = false;

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
  const had = fresh();
  const { kind, content } = await ask(addressOf(room, "after", [current, ...had.map((sheet) => sheet.slot)]));
  if (kind !== "ok") return;
  const known = new Map(had.map((sheet) => [sheet.slot, sheet]));
  sheets = content.map(({ html, lasts, ...rest }) => ({ ...known.get(rest.slot), ...rest, until: Date.now() + 1000 * lasts, ...(html ? { root: parsed(html) } : {}) }))
    .filter((sheet) => sheet.root && sheet.slot !== current);
}

// current: the slot whose sheet is on the page. Its place is held for longer by this, too.
export function refill(room, current) {
  if (asking || !room || !current) return;
  asking = true;
  const idle = globalThis.requestIdleCallback ?? ((act) => setTimeout(act, 200));
  idle(() => fetchAfter(room, current).finally(() => { asking = false; }), { timeout: IDLE_AT_LATEST });
}

export function take() {
  sheets = fresh();
  return sheets.shift() ?? null;
}

// The sheet of a form that she sent, as the site draws it now; null if it cannot be had.
export async function again(room, ticket) {
  const { kind, content } = await ask(addressOf(room, "ticket", [ticket]));
  return kind === "ok" && content[0] ? { ...content[0], root: parsed(content[0].html) } : null;
}

// A snippet was hidden: it may be in these sheets as well.
export function dropAll() {
  sheets = [];
}

// The first time that a sheet runs out, as milliseconds from now; Infinity while there is none.
export function runsOut() {
  return Math.min(...sheets.map((sheet) => sheet.until - MARGIN - Date.now()));
}
