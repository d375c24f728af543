"""The keyboard, as a person uses it: on a page whose scripts already listen."""

from playwright.sync_api import Page


def press(page: Page, *keys: str) -> None:
    """Press one key after the other, the first once the page has loaded."""
    page.wait_for_load_state()
    for key in keys:
        page.keyboard.press(key)
