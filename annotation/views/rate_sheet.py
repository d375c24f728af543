"""What templates/rate/sheet.html draws of one latent: for the rating page, and for a latent that is fetched ahead."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annotation.enums import Outcome
from annotation.models import Study
from annotation.queries.code_terms import offered_origins
from annotation.queries.rating_sheet import RatingSheet
from annotation.queries.shown_snippets import ShownSnippet, SnippetGroup
from annotation.views.rating_keys import FIT_KEYS, LAST_SNIPPET, NEXT_SNIPPET, SHEET_KEYS, SNIPPET_KEYS
from annotation.views.rating_marks import MarksForm, marks_form
from annotation.views.rubric_form import CANNOT_TELL_KEY, NOT_CLINICAL_KEY, rubric_form


@dataclass(frozen=True, kw_only=True)
class DrawnSnippet:
    shown: ShownSnippet
    name: str
    """How the page speaks of it: “Strongest 3”."""
    fit: str
    """What the rater said of it so far, or nothing."""


@dataclass(frozen=True, kw_only=True)
class DrawnGroup:
    group: SnippetGroup
    snippets: tuple[DrawnSnippet, ...]


def sheet_context(
    sheet: RatingSheet,
    *,
    study: Study,
    ticket: str,
    answers: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The template's inputs. answers: what she sent, where that was not taken; else her draft."""
    entered = sheet.answers if answers is None else answers
    marks = marks_form(entered, problems)
    return {
        "study": study,
        "sheet": sheet,
        "ticket": ticket,
        "form": rubric_form(sheet.items, entered, problems),
        "marks": marks,
        "groups": _groups(sheet, marks),
        "problems": problems,
        "fits": [{"value": fit.value, "label": fit.label, "key": key} for fit, key in FIT_KEYS.items()],
        "keys": {**SNIPPET_KEYS, **SHEET_KEYS, "next": NEXT_SNIPPET, "previous": LAST_SNIPPET},
        "suggestions": [suggestion.option for suggestion in sheet.suggestions],
        "term_sources": offered_origins(study),
        "other_answers": [
            {"value": Outcome.CANNOT_TELL, "label": Outcome.CANNOT_TELL.label, "key": CANNOT_TELL_KEY},
            {"value": Outcome.NOT_CLINICAL, "label": Outcome.NOT_CLINICAL.label, "key": NOT_CLINICAL_KEY},
        ],
    }


def _groups(sheet: RatingSheet, marks: MarksForm) -> tuple[DrawnGroup, ...]:
    return tuple(
        DrawnGroup(
            group=group,
            snippets=tuple(
                DrawnSnippet(shown=shown, name=f"{group.one} {number}", fit=marks.fits.get(shown.pk, ""))
                for number, shown in enumerate(group.snippets, start=1)
            ),
        )
        for group in sheet.groups
    )
