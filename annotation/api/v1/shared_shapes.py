"""Shapes that several resources are made of."""

from typing import Any

from rest_framework import serializers

from annotation.api.v1.strict import StrictShape
from annotation.enums import Fit


class FiringToken(serializers.Serializer[Any]):
    """Characters [start, end) of a snippet's text on which the latent fires."""

    start = serializers.IntegerField(min_value=0)
    end = serializers.IntegerField(min_value=0)
    activation = serializers.FloatField()


class EvidenceWord(StrictShape):
    """Words that a rationale points at: characters [start, end) of a snippet's text."""

    snippet = serializers.IntegerField(min_value=0, max_value=2**63 - 1)
    start = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    end = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class SnippetFit(StrictShape):
    """Whether a snippet fits what is said of the latent."""

    snippet = serializers.IntegerField(min_value=0, max_value=2**63 - 1)
    fit = serializers.ChoiceField(choices=Fit.choices)


class ShownSnippetShape(serializers.Serializer[Any]):
    """A stretch of a note, as people judge a latent by it."""

    id = serializers.IntegerField(source="pk")
    text = serializers.CharField()
    tokens = FiringToken(many=True)
    about = serializers.CharField(help_text="Specialty, kind of note and section; empty where the corpus does not say.")
    cut_start = serializers.BooleanField(help_text="The note goes on before it.")
    cut_end = serializers.BooleanField()


class SnippetGroupShape(serializers.Serializer[Any]):
    """Snippets of one kind: strongest, mid-range, look-alikes."""

    name = serializers.CharField()
    title = serializers.CharField()
    note = serializers.CharField()
    snippets = ShownSnippetShape(many=True)


class RubricItemShape(serializers.Serializer[Any]):
    """A question of the rubric. A rating answers it under its key."""

    key = serializers.SlugField()
    kind = serializers.CharField()
    question = serializers.CharField()
    help = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]
    options = serializers.JSONField(help_text="[{value, label, help}] in order.")
    condition = serializers.JSONField(
        help_text="{item, values}: asked only where that earlier item has one of these answers; null: always asked."
    )


class AnsweredQuestion(serializers.Serializer[Any]):
    question = serializers.CharField()
    answer = serializers.CharField()


class OpinionShape(serializers.Serializer[Any]):
    """What one rater said of a latent, without anything that tells who she is; letters are in random order."""

    letter = serializers.CharField()
    outcome = serializers.CharField()
    concept = serializers.CharField()
    second_concept = serializers.CharField()
    rationale = serializers.CharField()
    answers = AnsweredQuestion(many=True)
    evidence = EvidenceWord(many=True)
    fits = SnippetFit(many=True)


def opinion_of(opinion: Any) -> dict[str, Any]:
    """A queries.opinions.Opinion as OpinionShape takes it."""
    return {
        "letter": opinion.letter,
        "outcome": opinion.outcome.value,
        "concept": opinion.concept,
        "second_concept": opinion.second_concept,
        "rationale": opinion.rationale,
        "answers": [{"question": question, "answer": answer} for question, answer in opinion.answers],
        "evidence": opinion.evidence,
        "fits": [{"snippet": snippet, "fit": fit.value} for snippet, fit in opinion.fits.items()],
    }
