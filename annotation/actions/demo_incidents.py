"""What befalls the demo's simulated raters beside rating: a second thought, two reports, one who leaves."""

from collections import Counter
from datetime import datetime

from annotation.actions.demo_people import PEOPLE, user
from annotation.actions.reporting import decide_report, report_snippet
from annotation.actions.revising import revise_rating
from annotation.actions.withdrawing import withdraw
from annotation.enums import ItemKind, Outcome, Role, RoundKind
from annotation.models import Membership, Rating, SnippetReport, Study, User
from annotation.queries.shown_snippets import snippet_groups
from annotation.rules.evidence import parse_marks

DECIDED, WAITING = ("north.1", 5), ("north.2", 9)
"""Who reports after how many of her ratings: the first is decided at once, the second waits for the coordinator."""
REVISES, LEAVES = ("brigid.1", 6), ("harbour.3", 10)
NO_PERSON = "I read the whole note: it is made up, and nothing in it points to one person."
SECOND_THOUGHT = "Simulated: after the next latents I am less sure of this one."


class Incidents:
    """Called after each rating, it lets happen what is due to its rater."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.given: Counter[str] = Counter()

    def __call__(self, rating: Rating, now: datetime) -> None:
        if rating.round.kind == RoundKind.CALIBRATION:
            return
        who = rating.rater.email.partition("@")[0]
        self.given[who] += 1
        turn = (who, self.given[who])
        if turn in (DECIDED, WAITING):
            report = _report(rating, now)
            if turn == DECIDED:
                decide_report(report=report, shows_person=False, reason=NO_PERSON, by=coordinator(), now=now)
        if turn == LEAVES:
            member = Membership.objects.get(study=self.study, user=rating.rater, role=Role.ANNOTATOR)
            withdraw(membership=member, by=rating.rater, now=now)
        if who == REVISES[0] and turn >= REVISES and rating.outcome == Outcome.ANSWERED and not self.given["revised"]:
            self.given["revised"] = 1
            _think_again(rating, now)


def coordinator() -> User:
    """Northgate's."""
    return user(next(one for one in PEOPLE if one.role == Role.COORDINATOR))


def _report(rating: Rating, now: datetime) -> SnippetReport:
    """The last of the mid-range snippets that she was shown."""
    shown = [
        snippet for group in snippet_groups(rating.latent.latent_id) for snippet in group.snippets if snippet.fires
    ]
    snippet = rating.latent.latent.snippets.get(pk=shown[-1].pk)
    return report_snippet(study=rating.study, snippet=snippet, by=rating.rater, now=now)


def _think_again(rating: Rating, now: datetime) -> None:
    """The same answers, one step less sure."""
    concept = rating.concept.name if rating.concept else ""
    raw = {"outcome": rating.outcome, "concept": concept, "rationale": rating.rationale, **rating.answers}
    item = rating.round.rubric.items.filter(kind=ItemKind.CONFIDENCE).first()
    if item is not None:
        points = [option["value"] for option in item.options]
        at = points.index(rating.answers[item.key])
        raw[item.key] = points[at - 1 if at else at + 1]
    marks = {"evidence": rating.evidence, **{f"fit-{pk}": fit for pk, fit in rating.fits.items()}}
    marks["second_concept"] = rating.second_concept.name if rating.second_concept else ""
    revise_rating(
        rating=rating, raw=raw, marks=parse_marks(marks), reason=SECOND_THOUGHT, by=rating.rater, now=now,
        active_seconds=20.0,
    )  # fmt: skip
