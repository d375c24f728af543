"""What a rater does on the rating page, and what the browser has kept on her device."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.keys import press

CONCEPT = "What do the highlighted words share?"
SCALES = ("coherence", "specificity", "confidence")

KEPT = """() => new Promise((resolve, reject) => {
  const request = indexedDB.open("consilium", 1);
  request.onerror = () => reject(request.error);
  request.onsuccess = () => {
    const found = request.result.transaction("records").objectStore("records").getAll();
    found.onsuccess = () => {
      const text = new TextDecoder("latin1");
      resolve(found.result.map((record) => ({ ...record, iv: null, data: text.decode(record.data) })));
      request.result.close();
    };
  };
})"""

NOTHING_KEPT = f"async () => (await ({KEPT})()).length === 0"

UNLOCKED = """async () => {
  const meta = document.querySelector("meta[name=consilium-device]");
  const bytes = Uint8Array.from(atob(meta.dataset.key), (character) => character.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["decrypt"]);
  const records = await new Promise((resolve) => {
    const request = indexedDB.open("consilium", 1);
    request.onsuccess = () => {
      const found = request.result.transaction("records").objectStore("records").getAll();
      found.onsuccess = () => { resolve(found.result); request.result.close(); };
    };
  });
  const text = new TextEncoder(), out = [];
  for (const { id, iv, data } of records) {
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: text.encode(id) }, key, data);
    out.push(new TextDecoder().decode(plain));
  }
  return out;
}"""


def pill(page: Page) -> Locator:
    return page.locator("[data-save-state]")


def expect_saved(page: Page) -> None:
    expect(pill(page)).to_have_text(re.compile(r"saved \d\d:\d\d"))


def fill(page: Page, *, concept: str = "chest pain", why: str = "They share it.") -> None:
    """Every question of the form."""
    page.get_by_label(CONCEPT).fill(concept)
    press(page, "Escape")
    page.locator("[name=category]").first.evaluate("choice => choice.click()")  # Wherever the page has scrolled.
    for name in SCALES:
        page.locator(f"[name={name}][value='4']").evaluate("choice => choice.click()")
    page.get_by_label("Why?").fill(why)


def submit(page: Page) -> None:
    page.get_by_role("button", name="Submit rating").click()


def expect_latent(page: Page, number: int, of: int) -> None:
    expect(page.get_by_text(f"{number} of {of}", exact=True)).to_be_visible()


def wait_for_sheets_ahead(page: Page, url: str) -> None:
    """Open the page, and wait until it has fetched what comes next."""
    with page.expect_response(re.compile(r"/rate/ahead/")) as response:
        page.goto(url)
    assert len(response.value.json()) == 2
    page.wait_for_timeout(50)


def kept(page: Page) -> list[dict[str, Any]]:
    """The records on her device as they lie there."""
    found: list[dict[str, Any]] = page.evaluate(KEPT)
    return found


def unlocked(page: Page) -> list[str]:
    """What they say to a page of her own session, as JSON."""
    found: list[str] = page.evaluate(UNLOCKED)
    return found
