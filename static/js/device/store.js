// What this device keeps of her: records by kind ("draft", "rating") and name, locked (vault.js), in IndexedDB.
// A record's clear parts are whose it is (a name that says nothing), its kind and when it was written.
// Every function but `wipe` is of her who is signed in; nothing is written where it cannot be locked.

import { canLock, lock, owner, unlock } from "./vault.js";

const NAME = "consilium", RECORDS = "records";
const LONGEST = 30 * 24 * 60 * 60 * 1000;
const turns = new Map(); // name -> promise: what is done to one record is done in the order in which it was asked
let opened = null;
let closed = false; // She signed out, in this tab or another: nothing is written any more.

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(RECORDS, { keyPath: "id" }).createIndex("owner", "owner");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function act(mode, what) {
  const transaction = (await database()).transaction(RECORDS, mode);
  const request = what(transaction.objectStore(RECORDS));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

const idOf = (kind, name) => `${owner}:${kind}:${name}`;

function inTurn(id, what) {
  const turn = (turns.get(id) ?? Promise.resolve()).then(what);
  const settled = turn.catch(() => {});
  turns.set(id, settled);
  settled.then(() => { if (turns.get(id) === settled) turns.delete(id); });
  return turn;
}

// value: a function where it may still change until it is its turn.
export function keep(kind, name, value) {
  const id = idOf(kind, name);
  return inTurn(id, async () => {
    if (closed || !canLock) throw new Error("Nothing can be kept on this device.");
    const locked = await lock(id, typeof value === "function" ? value() : value);
    await act("readwrite", (records) => records.put({ id, owner, kind, at: Date.now(), ...locked }));
  });
}

export function forget(kind, name) {
  const id = idOf(kind, name);
  return inTurn(id, () => act("readwrite", (records) => records.delete(id)));
}

async function opening(record) {
  try {
    return { at: record.at, ...await unlock(record.id, record) };
  } catch {
    return null; // Locked before the site's key was changed. It goes when it is old.
  }
}

export async function all(kind) {
  if (!canLock) return [];
  const records = await act("readonly", (store) => store.index("owner").getAll(owner));
  const found = await Promise.all(records.filter((record) => record.kind === kind).map(opening));
  return found.filter(Boolean).sort((one, other) => one.at - other.at);
}

export async function read(kind, name) {
  if (!canLock) return null;
  const record = await inTurn(idOf(kind, name), () => act("readonly", (records) => records.get(idOf(kind, name))));
  return record ? opening(record) : null;
}

export async function count() {
  return canLock ? act("readonly", (records) => records.index("owner").count(owner)) : 0;
}

async function deleteWhere(condition) {
  const records = await act("readonly", (store) => store.getAll());
  await act("readwrite", (store) => { records.filter(condition).forEach(({ id }) => store.delete(id)); });
}

export function close() {
  closed = true;
}

export async function wipe(whose) {
  await Promise.all(turns.values());
  await deleteWhere((record) => record.owner === whose);
}

export async function tidy() {
  await deleteWhere((record) => record.at < Date.now() - LONGEST);
}
