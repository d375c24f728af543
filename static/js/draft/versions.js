// Which answers to one latent are the newest: the site's, this device's, or another window's.

import { forget, read as readDevice } from "../device/store.js";
import { choose } from "./choice.js";
import { fill, read, same } from "./fields.js";
import { clock } from "./pill.js";
import { windowName } from "./window_name.js";

// The form as the site drew it, and what this device has of it. Resolves with whether the form now has what the site lacks.
export async function adopt(form, name) {
  const mark = form.elements.namedItem("window"), number = Number(form.elements.namedItem("draft_number").value);
  const savedBy = mark.value;
  const [ownName, kept] = await Promise.all([windowName, readDevice("draft", name).catch(() => null)]);
  mark.value = ownName;
  if (!kept) return false;
  if (same(kept.fields, read(form))) {
    forget("draft", name);
    return false;
  }
  const follows = number === 0 || kept.number === number || (savedBy !== "" && savedBy === kept.window);
  const words = `This device kept answers from ${clock(new Date(kept.at))} that never reached the site; the site has others, from another window.`;
  if (!follows && !await choose(form, { words, take: "Take this device’s answers", keep: "Keep the site’s", first: true })) {
    forget("draft", name);
    return false;
  }
  fill(form, kept.fields);
  return true;
}

// The site refused this window's answers because it has newer ones. Resolves with whether this window's are to be saved.
export async function withNewer(form, { newer }) {
  const number = form.elements.namedItem("draft_number");
  const theirs = newer.answers, same_ = same(theirs, read(form));
  const words = `Another window saved other answers to this latent at ${clock(new Date(newer.saved_at))}.`;
  const taken = same_ || await choose(form, { words, take: "Take the other window’s answers", keep: "Keep these" });
  number.value = newer.number;
  if (taken && !same_) fill(form, theirs);
  return !taken;
}
