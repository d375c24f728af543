"""Who takes part: a coordinator looks after her own institution's raters, a researcher sees all by pseudonym."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotation.actions.inviting import Invitation, invite_person, renew_link
from annotation.enums import Role
from annotation.models import Institution
from annotation.queries.membership_totals import institutions_coordinated
from annotation.queries.people_list import RaterRow, other_members, rater_rows
from annotation.queries.projected_end import projected_end
from annotation.queries.report_list import waiting_count
from annotation.queries.stuck_places import StuckPlace, stuck_places
from annotation.rules.inviting import roles_to_give
from annotation.rules.refusal import NotYours, Refused
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.end_in_words import end_in_words

ATTRS = {"class": "input"}


class InvitationForm(forms.Form):
    """A coordinator's has neither role nor institution: both follow from hers."""

    name = forms.CharField(label="Name", max_length=120, widget=forms.TextInput(attrs={**ATTRS, "autocomplete": "off"}))
    email = forms.EmailField(
        label="E-mail", max_length=254, widget=forms.EmailInput(attrs={**ATTRS, "autocomplete": "off"})
    )
    role = forms.ChoiceField(label="Role", widget=forms.Select(attrs=ATTRS))
    institution = forms.ModelChoiceField(
        Institution.objects.none(),
        label="Institution",
        required=False,
        empty_label="None",
        help_text="Annotators and coordinators belong to one.",
        widget=forms.Select(attrs=ATTRS),
    )

    def __init__(self, place: Place, data: Any = None) -> None:
        super().__init__(data)
        self.only: Institution | None = None
        roles = roles_to_give(place.user, place.study)
        self.fields["role"].choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]
        own = institutions_coordinated(place.user, place.study)
        offered = Institution.objects.order_by("name")
        if Role.RESEARCHER not in place.roles:
            offered = offered.filter(pk__in=[institution.pk for institution in own])
            self.fields["institution"].required = True
        self.fields["institution"].queryset = offered  # type: ignore[attr-defined]
        if Role.RESEARCHER not in place.roles and len(own) == 1:
            del self.fields["role"], self.fields["institution"]
            self.only = own[0]

    def wish(self) -> dict[str, Any]:
        """Arguments of the action."""
        given = self.cleaned_data
        return {
            "name": given["name"],
            "email": given["email"],
            "role": Role(given.get("role", Role.ANNOTATOR)),
            "institution": given.get("institution", self.only),
        }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER, Role.COORDINATOR)
def people(request: HttpRequest, place: Place) -> HttpResponse:
    """GET lists them; POST invites one, or makes a new link. A link is shown once, in the answer to its POST."""
    if request.method != "POST":
        return _page(request, place, InvitationForm(place))
    if "link" in request.POST:
        return _renew(request, place)
    form = InvitationForm(place, request.POST)
    if not form.is_valid():
        return _page(request, place, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        made = invite_person(study=place.study, by=place.user, now=timezone.now(), **form.wish())
    except Refused as error:
        form.add_error(None, str(error))
        return _page(request, place, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _page(request, place, InvitationForm(place), made=made, who=made.user.name)


def _renew(request: HttpRequest, place: Place) -> HttpResponse:
    wanted = request.POST["link"]
    try:
        if not wanted.isdecimal():
            raise NotYours("There is no such person among yours.")
        made = renew_link(study=place.study, membership_id=int(wanted), by=place.user, now=timezone.now())
    except NotYours:
        raise
    except Refused as error:
        say_refusal(request, error)
        return _page(request, place, InvitationForm(place))
    return _page(request, place, InvitationForm(place), made=made, who=request.POST.get("who", "")[:120])


def _page(
    request: HttpRequest,
    place: Place,
    form: InvitationForm,
    *,
    made: Invitation | None = None,
    who: str = "",
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    directs, now = Role.RESEARCHER in place.roles, timezone.now()
    own = None if directs else institutions_coordinated(place.user, place.study)
    raters = rater_rows(place.study, by=place.user, now=now, institutions=own)
    link = request.build_absolute_uri(reverse("enter", args=[made.token])) if made and made.token else ""
    context = {
        "raters": raters,
        "ends": _ends(place, own, now),
        "stuck": len(_stuck(place, raters, now)),
        "reports": waiting_count(place.study, user=place.user),
        "others": other_members(place.study, by=place.user) if directs else (),
        "institutions": own,
        "form": form,
        "made": made,
        "who": who,
        "link": link,
        "breadcrumbs": breadcrumbs(place, ("People", "people")),
    }
    return render(request, "people/people.html", {**place.context, **context}, status=status)


def _stuck(place: Place, raters: tuple[RaterRow, ...], now: datetime) -> tuple[StuckPlace, ...]:
    own = 0 if Role.RESEARCHER in place.roles else place.user.pk
    return stuck_places(place.study, [row.member for row in raters], named=False, now=now, without=own)


def _ends(place: Place, own: tuple[Institution, ...] | None, now: datetime) -> list[dict[str, Any]]:
    """When the open rounds will be through: in her own institution, where places are kept for it, and altogether."""
    today = timezone.localdate(now)
    found = [] if own is None else [("Your institution", projected_end(place.study, now=now, institutions=own))]
    found.append(("Whole study", projected_end(place.study, now=now)))
    return [
        {"whose": whose, "end": end, "words": end_in_words(end, today=today)}
        for whose, end in found
        if whose == "Whole study" or end.remaining or end.ratings
    ]
