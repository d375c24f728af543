"""What on a page is too small for a fingertip."""

from playwright.sync_api import Page

FINGER = 44
"""CSS pixels: WCAG 2.2 asks for 24 (axe checks that on every page), and a page for a thumb needs 44."""

TOO_SMALL = """least => {
    const label = one => one.closest("label") || one;
    const inline = one => getComputedStyle(one).display === "inline";  // a link in a sentence is as high as its line
    const controls = ["a", "button", "summary", "input", "select", "textarea"].map(name => `main ${name}`).join();
    const targets = [...document.querySelectorAll(controls)]
        .filter(one => one.type !== "hidden" && !one.closest("[aria-hidden=true]") && !inline(one))
        .filter(one => one.checkVisibility({visibilityProperty: true}))
        .map(label);
    return [...new Set(targets)].flatMap(one => {
        const {width, height} = one.getBoundingClientRect();
        if (width === 0 || (width >= least && height >= least)) return [];
        return [`${one.textContent.trim().slice(0, 40) || one.name}: ${Math.round(width)} x ${Math.round(height)}`];
    });
}"""


def too_small(page: Page, *, least: int = FINGER) -> list[str]:
    """Each control in the main part that is lower or narrower: its words and its size."""
    return list(page.evaluate(TOO_SMALL, least))
