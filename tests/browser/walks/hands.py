"""The two ways in which a person uses a page here: a keyboard and nothing else, or a finger on a touch screen."""

import re
from typing import Protocol

from playwright.sync_api import Locator, Page, expect

TABS = 150
"""More presses of Tab than any page here has stops."""
IS_FOCUSED = "element => element === document.activeElement"
SAME_GROUP = """element => {
    const here = document.activeElement;
    return here.type === "radio" && here.name === element.name && here.form === element.form;
}"""


class Hand(Protocol):
    """What both can do. `page` is what she looks at."""

    page: Page

    def press(self, control: Locator) -> None:
        """A link, a button, a fold."""

    def write(self, field: Locator, text: str) -> None:
        """Replaces what is in it."""

    def choose(self, option: Locator) -> None:
        """A radio button, or a box to tick."""

    def select(self, field: Locator, label: str) -> None:
        """An entry of a drop-down list."""


class Keyboard:
    """Tab, arrows, Enter, Space and letters. Nothing is focused for her."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, control: Locator) -> None:
        self._go_to(control)
        self.page.keyboard.press("Enter")

    def write(self, field: Locator, text: str) -> None:
        self._go_to(field)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)
        self.page.keyboard.press("Escape")  # closes suggestions, and leaves fields that have single keys around them

    def choose(self, option: Locator) -> None:
        if option.get_attribute("type") == "checkbox":
            self._go_to(option)
            self.page.keyboard.press("Space")
        else:
            self._go_to(option, within=SAME_GROUP)
            self.page.keyboard.press("Space")
            for _ in range(30):
                if option.is_checked():
                    break
                self.page.keyboard.press("ArrowDown")
        expect(option).to_be_checked()

    def select(self, field: Locator, label: str) -> None:
        self._go_to(field)
        self.page.keyboard.type(label)
        expect(field.locator("option:checked")).to_have_text(re.compile(re.escape(label)))

    def _go_to(self, control: Locator, within: str = IS_FOCUSED) -> None:
        """By Tab alone, from wherever she is."""
        expect(control).to_be_visible()
        for _ in range(TABS):
            if control.evaluate(within):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{TABS} presses of Tab do not reach {control}.")


class Finger:
    """Taps; letters come from the screen's own keyboard. What lies further down comes into sight by scrolling."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, control: Locator) -> None:
        control.tap()

    def write(self, field: Locator, text: str) -> None:
        field.tap()
        field.fill("")
        self.page.keyboard.type(text)

    def choose(self, option: Locator) -> None:
        option.locator("xpath=ancestor-or-self::label | self::input[not(ancestor::label)]").first.tap()
        expect(option).to_be_checked()

    def select(self, field: Locator, label: str) -> None:
        field.select_option(label=label)  # the list itself is the system's, not the page's
