"""The study's settings: shown with what each one does, changed where no open round would suffer."""

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotation.actions.study_settings import change_study
from annotation.enums import CodeSystem, RaterAttribute, Role, Scorer, WithdrawalPolicy
from annotation.models import Study
from annotation.queries.text_leaving import text_leaving
from annotation.rules.answers import Incomplete
from annotation.rules.refusal import Refused
from annotation.rules.study_settings import YES_OR_NO
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.see_other import see_other

ATTRS = {"class": "input"}
SCORER_HELP: dict[str, str] = {
    Scorer.EMBEDDING: "A small model on this installation. No text leaves.",
    Scorer.JUDGE: "A model that the institution has set up for it: on its own GPU, or at an address of its own.",
}
ATTRIBUTE_HELP: dict[str, str] = {
    RaterAttribute.SPECIALTY: "As each said it herself, from a fixed list of broad fields.",
    RaterAttribute.SENIORITY: "As each said it herself, in bands: in training, specialist, …",
    RaterAttribute.CALIBRATION: "Whether she passed, and how close she came to the panel.",
}
PERCENT = ("retest_share", "case_repeat_share", "reading_share", "calibration_threshold")


def _number(label: str, help_text: str, **limits: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, help_text=help_text, widget=forms.NumberInput(attrs=ATTRS), **limits)


def _percent(label: str, help_text: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        help_text=help_text,
        min_value=0,
        max_value=100,
        decimal_places=2,
        widget=forms.NumberInput(attrs={**ATTRS, "step": "any"}),
    )


class SettingsForm(forms.Form):
    raters_per_latent = _number("Raters for each latent", "In an independent round, each at first sight.", min_value=1)
    retest_share = _percent(
        "Retests, per cent", "Share of a rater’s latents that come back to her, unannounced. 0 for none."
    )
    retest_gap_hours = _number(
        "Hours until a retest", "It comes at the earliest so long after her first rating. 168 are a week.", min_value=0
    )
    case_repeat_share = _percent(
        "Cases that come back, per cent",
        "Share of an adjudicator’s decided cases that come back to her as new ones: is she steady? 0 for none.",
    )
    case_repeat_gap_hours = _number(
        "Hours until a case comes back", "At the earliest so long after she decided. 336 are two weeks.", min_value=0
    )
    calibration_threshold = _percent(
        "Calibration passed at, per cent", "Mean agreement with the panel’s reference that passes a calibration set."
    )
    reading_share = _percent(
        "Readings, per cent", "Share of the rationales that colleagues read blinded. One costs more than a rating."
    )
    scorers = forms.MultipleChoiceField(
        label="Programs that judge rationales",
        help_text="Beside colleagues who read. One that cannot tell right labels from wrong ones weighs nothing.",
        choices=Scorer.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    code_systems = forms.MultipleChoiceField(
        label="Code systems",
        help_text="Whose terms the concept field offers beside the study’s own list.",
        choices=CodeSystem.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    hourly_rate = forms.DecimalField(
        label="Pay for an hour",
        help_text="Turns minutes into money in previews and statements of hours. Empty where nothing is paid.",
        min_value=0,
        max_digits=8,
        decimal_places=2,
        required=False,
        widget=forms.NumberInput(attrs={**ATTRS, "step": "any"}),
    )
    currency = forms.CharField(
        label="Currency",
        help_text="Three letters, such as EUR or USD.",
        max_length=3,
        widget=forms.TextInput(attrs=ATTRS),
    )
    ethics = forms.CharField(
        label="Ethics and consent",
        help_text="The approval and the consent under which people rate, as releases are to name them: committee, "
        "number, date. No names.",
        max_length=500,
        required=False,
        widget=forms.TextInput(attrs=ATTRS),
    )
    release_snippets = forms.BooleanField(
        label="Release the text of snippets",
        help_text="Only where an administrator has permitted it for the corpus, too.",
        required=False,
    )
    release_raters = forms.BooleanField(
        label="Release a table of the raters",
        help_text="Pseudonym, role, institution, and how much each has rated or decided.",
        required=False,
    )
    rater_attributes = forms.MultipleChoiceField(
        label="… and in it",
        help_text="The releases page says who could be recognised by them before anything is cut.",
        choices=RaterAttribute.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    withdrawal = forms.ChoiceField(
        label="When somebody withdraws",
        help_text="As the study’s consent says. Fixed once anybody has rated.",
        choices=WithdrawalPolicy.choices,
        widget=forms.RadioSelect,
    )

    def wish(self) -> dict[str, Any]:
        """The settings as the study stores them: shares from 0 to 1."""
        given = dict(self.cleaned_data)
        return given | {name: float(given[name]) / 100 for name in PERCENT} | {"currency": given["currency"].upper()}


def initial(study: Study) -> dict[str, Any]:
    shown = {name: getattr(study, name) for name in SettingsForm.base_fields}
    return shown | {name: f"{100 * getattr(study, name):.4g}" for name in PERCENT}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER)
def study_settings(request: HttpRequest, place: Place) -> HttpResponse:
    if request.method != "POST":
        return _page(request, place, SettingsForm(initial=initial(place.study)))
    form = SettingsForm(request.POST)
    if not form.is_valid():
        return _page(request, place, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        change_study(study=place.study, settings=form.wish(), by=place.user, now=timezone.now())
    except Incomplete as error:
        for name, sentence in error.problems.items():
            form.add_error(name, sentence)
        return _page(request, place, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except Refused as error:
        form.add_error(None, str(error))
        return _page(request, place, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    messages.success(request, "The study’s settings are saved.")
    return see_other("study_settings", place.study.slug)


def _switch(form: SettingsForm, name: str) -> dict[str, Any]:
    """One box to tick, as components/option_group.html takes it."""
    field = form.fields[name]
    options = [{"value": "on", "label": field.label, "help": field.help_text}]
    return {"options": options, "values": ["on"] if form[name].value() else []}


def _page(request: HttpRequest, place: Place, form: SettingsForm, *, status: int = HTTPStatus.OK) -> HttpResponse:
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Settings", "")),
        "form": form,
        "scorers": [{"value": value, "label": label, "help": SCORER_HELP[value]} for value, label in Scorer.choices],
        "code_systems": [{"value": value, "label": label} for value, label in CodeSystem.choices],
        "text": text_leaving(place.study),
        "switches": {name: _switch(form, name) for name in YES_OR_NO},
        "attributes": [
            {"value": value, "label": label, "help": ATTRIBUTE_HELP[value]} for value, label in RaterAttribute.choices
        ],
        "withdrawals": [{"value": value, "label": label} for value, label in WithdrawalPolicy.choices],
    }
    return render(request, "studies/settings.html", context, status=status)
