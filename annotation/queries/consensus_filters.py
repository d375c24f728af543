"""Latents worth a look by what their consensus says, found in SQL: ties, methods that differ, answers on one person."""

from enum import Enum

from django.db.models import F, FloatField, Func, IntegerField, JSONField, Q, QuerySet

from annotation.models import Consensus, ResultRun


class Look(Enum):
    CONTESTED = "contested"
    """No answer reaches the share of opinion that the study asks for."""
    TIED = "tied"
    """The majority vote has no winner."""
    DIFFER = "differ"
    """θ, q, majority vote and Dawid-Skene do not name one and the same answer."""
    ONE_PERSON = "one-person"
    """Without some one rater another answer would lead."""


class Leader(Func):
    """Place (from 0) of the largest share in a JSON list of shares, the first of equals; null for null."""

    template = (
        "(SELECT place::int - 1 FROM jsonb_array_elements_text("
        "CASE WHEN jsonb_typeof(%(expressions)s) = 'array' THEN %(expressions)s ELSE '[]'::jsonb END"
        ") WITH ORDINALITY AS shares(share, place) ORDER BY share::float8 DESC, place LIMIT 1)"
    )
    output_field = IntegerField()


class Largest(Func):
    """The largest share in a JSON list."""

    template = "(SELECT max(share::float8) FROM jsonb_array_elements_text(%(expressions)s) AS shares(share))"
    output_field = FloatField()


class Length(Func):
    function = "jsonb_array_length"
    output_field = IntegerField()


class LabelAt(Func):
    """The class at a place, as a JSON list of one: classes, place."""

    function = "jsonb_build_array"
    arg_joiner = " -> "
    output_field = JSONField()


def worth_a_look(run: ResultRun, *, item: str, look: Look, theta: float) -> QuerySet[Consensus]:
    """Consensuses on the item that `look` picks out. theta: the study's threshold of shared opinion."""
    rows = Consensus.objects.filter(run=run, item=item)
    if look == Look.TIED:
        return rows.annotate(winners=Length("majority")).filter(winners__gt=1)
    if look == Look.CONTESTED:
        return rows.annotate(largest=Largest("theta")).filter(largest__lt=theta)
    if look == Look.ONE_PERSON:
        return rows.filter(breakdown__contains=[{"changes_answer": True}])
    named = rows.annotate(by_q=Leader("q"), by_theta=Leader("theta"), by_ds=Leader("dawid_skene"))
    named = named.annotate(label=LabelAt("classes", "by_q"), winners=Length("majority"))
    same = Q(by_theta=F("by_q")) & (Q(by_ds__isnull=True) | Q(by_ds=F("by_q"))) & Q(winners=1, majority=F("label"))
    return named.filter(~same, by_q__isnull=False)
