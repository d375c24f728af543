"""Where a study's page is: the study, then what lies below it."""

from django.urls import reverse

from annotation.enums import Role
from annotation.views.access import Place

Crumbs = list[dict[str, str]]


def breadcrumbs(place: Place, *below: tuple[str, str]) -> Crumbs:
    """Inputs of components/breadcrumbs.html. `below` has (label, name of the address); the last one is this page.

    A coordinator and a researcher may open the study itself; for everyone else its name is only said.
    """
    opens_study = bool({Role.RESEARCHER, Role.COORDINATOR} & place.roles)
    study = {"label": place.study.name, "url": reverse("study", args=[place.study.slug]) if opens_study else ""}
    rest = [{"label": label, "url": reverse(name, args=[place.study.slug]) if name else ""} for label, name in below]
    return [study, *rest]
