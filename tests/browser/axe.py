"""What axe-core has against a page as it stands, by the rules of WCAG 2.0, 2.1 and 2.2 at levels A and AA, and by
those that it calls best practice: headings in order, everything within a landmark."""

import json

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
FOUND = """async options => (await axe.run(options)).violations.flatMap(rule => rule.nodes.map(node =>
    `${rule.id}: ${node.target.join(" ")} ${node.failureSummary.split("\\n").slice(1).join("; ").trim()}`))"""


def violations(page: Page, *rules: str) -> list[str]:
    """One line for each element that breaks a rule; of these rules only, where some are named."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    chosen = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": list(TAGS)}
    # From their first state, so that no colour is measured half-way through a transition.
    page.evaluate("document.getAnimations().forEach(animation => animation.finish())")
    return list(page.evaluate(FOUND, {"runOnly": chosen, "resultTypes": ["violations"], "elementRef": False}))


def as_lines(found: dict[str, list[str]]) -> str:
    """The violations of several pages, to be read in a failure."""
    return json.dumps({where: lines for where, lines in found.items() if lines}, indent=1, ensure_ascii=False)
