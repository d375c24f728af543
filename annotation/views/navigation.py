"""The study's pages in groups: one tab a group, and below them the pages of the group in which one is."""

from collections.abc import Collection
from dataclasses import dataclass

from django.urls import reverse

from annotation.enums import Role

RESEARCHER = frozenset({Role.RESEARCHER})
RUNNING = frozenset({Role.RESEARCHER, Role.COORDINATOR})


@dataclass(frozen=True)
class Page:
    name: str
    """Of the address."""
    label: str
    roles: frozenset[Role]
    """Who finds it in the navigation."""


@dataclass(frozen=True)
class Group:
    label: str
    pages: tuple[Page, ...]


GROUPS: tuple[Group, ...] = (
    Group(
        "Study",
        (
            Page("study", "Overview", RUNNING),
            Page("calibration", "Calibration", RUNNING),
            Page("rubric", "Rubric", RESEARCHER),
            Page("study_settings", "Settings", RESEARCHER),
            Page("thresholds", "Thresholds", RESEARCHER),
            Page("planning", "Planning", RESEARCHER),
            Page("corpora", "Corpora", RESEARCHER),
            Page("external_rounds", "Rated elsewhere", RESEARCHER),
        ),
    ),
    Group("Rate", (Page("rate", "Rate", frozenset({Role.ANNOTATOR})),)),
    Group("References", (Page("references", "References", frozenset({Role.ADJUDICATOR})),)),
    Group("Cases", (Page("cases", "Cases", frozenset({Role.ADJUDICATOR, Role.RESEARCHER})),)),
    Group("Latents", (Page("latents", "All latents", RESEARCHER), Page("try_text", "Try a text", RESEARCHER))),
    Group(
        "Results",
        (
            Page("agreement", "Agreement", RESEARCHER),
            Page("consensus", "Consensus", RESEARCHER),
            Page("sensitivity", "Sensitivity", RESEARCHER),
            Page("learnability", "Learnability", RESEARCHER),
            Page("rater_panel", "Raters", RESEARCHER),
            Page("concepts", "Concepts", RESEARCHER),
        ),
    ),
    Group("Releases", (Page("releases", "Releases", RESEARCHER), Page("webhooks", "Webhooks", RESEARCHER))),
    Group("People", (Page("people", "Everyone", RUNNING), Page("reports", "Reports", RUNNING))),
)
"""A new page of a study gets its line here."""


@dataclass(frozen=True, kw_only=True)
class Link:
    label: str
    url: str
    current: str
    """"page" for the page itself, "true" for what it lies below, empty for all others."""


@dataclass(frozen=True, kw_only=True)
class Tab(Link):
    """A group: it leads to the first of its pages."""

    pages: tuple[Link, ...]
    """Empty where there is one alone."""


@dataclass(frozen=True)
class Navigation:
    """What components/nav.html draws."""

    tabs: tuple[Tab, ...]

    @property
    def here(self) -> Tab | None:
        """The tab whose pages are listed below the tabs."""
        return next((tab for tab in self.tabs if tab.current and tab.pages), None)

    @property
    def drawn(self) -> bool:
        """A lone page needs no navigation."""
        return len(self.tabs) > 1 or self.here is not None


def navigation(slug: str, roles: Collection[Role], path: str) -> Navigation:
    """The tabs that these roles open in the study, at the address `path`."""
    found = [(group, [page for page in group.pages if page.roles & set(roles)]) for group in GROUPS]
    urls = {page.name: reverse(page.name, args=[slug]) for _, pages in found for page in pages}
    nearest = max((url for url in urls.values() if path.startswith(url)), key=len, default="")
    return Navigation(tuple(_tab(group, pages, urls, nearest, path) for group, pages in found if pages))


def _tab(group: Group, pages: list[Page], urls: dict[str, str], nearest: str, path: str) -> Tab:
    links = tuple(_link(page.label, urls[page.name], nearest, path) for page in pages)
    first = links[0]
    alone = len(links) == 1
    inside = any(link.current for link in links)
    return Tab(
        label=first.label if alone else group.label,
        url=first.url,
        current=first.current if alone else "true" if inside else "",
        pages=() if alone else links,
    )


def _link(label: str, url: str, nearest: str, path: str) -> Link:
    return Link(label=label, url=url, current="" if url != nearest else "page" if url == path else "true")
