"""The column dictionary of a release: every table and column that may leave the system, and nothing else.

No names, no e-mail addresses, no user ids; text of notes in the table of snippets alone.
docs/reference/release-columns.md is printed from here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from annotation.export.calibration_tables import JUDGEMENTS, READINGS, REFERENCES, SCORES
from annotation.export.chosen import EVERYTHING, Chosen
from annotation.export.columns import Column, Kind, Table
from annotation.export.concept_tables import CONCEPT_FACTS, HIERARCHY
from annotation.export.rater_table import rater_table
from annotation.export.shared_columns import LATENT, SIMULATED
from annotation.export.shared_columns import integer as _integer
from annotation.export.shared_columns import listed as _list
from annotation.export.shared_columns import moment as _moment
from annotation.export.shared_columns import number as _number
from annotation.export.shared_columns import text as _text
from annotation.export.shared_columns import yes_no as _yes_no
from annotation.export.snippet_table import SNIPPETS

ANSWER = "answer_"
WEIGHT = "weight_"


@dataclass(frozen=True, kw_only=True)
class AnswerColumn:
    """A rubric item as a column of the ratings."""

    item: str
    kind: Kind
    question: str


def tables(answers: Sequence[AnswerColumn], weighed: Sequence[str], chosen: Chosen = EVERYTHING) -> tuple[Table, ...]:
    """The tables of a study's release.

    answers: rubric items apart from the concept; weighed: items that consensus is computed on, single flags among them;
    chosen: what goes out only if the study says so.
    """
    return (
        _ratings(answers, weighed),
        DISTRIBUTIONS,
        DECISIONS,
        AGREEMENT,
        RELIABILITY,
        REFERENCES,
        READINGS,
        JUDGEMENTS,
        SCORES,
        LATENTS,
        RUBRICS,
        CONCEPTS,
        CONCEPT_FACTS,
        HIERARCHY,
        *([rater_table(chosen.attributes)] if chosen.raters else []),
        *([SNIPPETS] if chosen.snippets else []),
    )


NOT_CURRENT = (
    "The rating did not count: a newer revision or her answer to a newer rubric version replaced it, it was a "
    "calibration, the rater could not tell, or no consensus exists."
)


def answer_column(answer: AnswerColumn) -> Column:
    return Column(
        name=ANSWER + answer.item,
        kind=answer.kind,
        meaning=f"Answer to “{answer.question}”",
        source="Rating.answers",
        empty="The rater could not tell, found the latent not clinical, was not asked, or left an optional item out.",
    )


def weight_column(item: str) -> Column:
    return _number(
        WEIGHT + item,
        "Consensus.weights",
        f"Omega: how much this rater's answer counts on this latent in the consensus on “{item}”; "
        "repeat readings of one rater share it.",
        NOT_CURRENT,
    )


def _ratings(answers: Iterable[AnswerColumn], weighed: Iterable[str]) -> Table:
    return Table(
        name="ratings",
        rows="one rating and revision",
        key=("latent", "round", "round_kind", "rater", "revision"),
        columns=(
            *LATENT,
            _text("rater", "Membership.pseudonym", "Stands for the rater; the same in every table and release."),
            _text("institution", "Institution.code", "Code of the rater's institution when she rated."),
            _integer("round", "Round.number", "Number of the round; a retest has that of the round it repeats."),
            _text(
                "round_kind",
                "Round.kind",
                "calibration, independent, extra, retest, again, or external: rated elsewhere, with its provenance "
                "under `rounds` in the manifest.",
            ),
            _text("rubric", "Rubric.name", "The rubric that was asked."),
            _integer("rubric_version", "RubricVersion.number", "Version of the rubric that was asked."),
            _integer("revision", "Rating.revision", "1 for the first answer, 2 and up for the rater's own revisions."),
            _yes_no(
                "current",
                "Rating.revision",
                "True if statistics take it: the newest revision, under the rubric version that the rater answered "
                "last on the latent, no calibration, and no external round that the researcher set aside.",
            ),
            _text("reason", "Rating.reason", "Why the rater revised it.", "It is a first answer."),
            _yes_no("surplus", "Rating.slot", "True if it came after its place had been given away. It counts fully."),
            _text("outcome", "Rating.outcome", "answered, cannot-tell or not-clinical."),
            _text("concept", "Concept.name", "The concept named.", "The outcome is not `answered`."),
            _text(
                "concept_written",
                "Rating.concept_written",
                "The same in the rater's own letters; raters who differ in them alone named one concept.",
                "The outcome is not `answered`, or the rating is older than this column.",
            ),
            _text(
                "concept_counted",
                "ConceptFact",
                "The name under which the statistics take it: after merges of concepts, as in the table concept_facts.",
                "The outcome is not `answered`.",
            ),
            _text(
                "second_concept",
                "Concept.name",
                "The weaker meaning, where the rater found two. The statistics take the first.",
                "The rater named one meaning or none.",
            ),
            _text(
                "second_concept_written",
                "Rating.second_concept_written",
                "The same in the rater's own letters.",
                "The rater named one meaning or none.",
            ),
            *map(answer_column, answers),
            _text("rationale", "Rating.rationale", "Why, in the rater's words.", "None was asked for this outcome."),
            _text(
                "evidence",
                "Rating.evidence",
                "Words that the rationale points at, as JSON: kind and rank of the snippet, and its characters "
                "[start, end). Places, never the words themselves.",
                "The rater attached none.",
            ),
            _text(
                "fits",
                "Rating.fits",
                "Whether each snippet fits the concept, as JSON: its kind and rank, and fits, not or unsure.",
                "The rater said so of none.",
            ),
            _number(
                "learnability",
                "Reading.balanced_accuracy",
                "How well its concept and rationale let blinded readers foretell unseen snippets: mean of `readings`.",
                "Nobody has read it blinded.",
            ),
            _number("active_seconds", "Rating.active_seconds", "Seconds of activity on the page.", "Not measured."),
            _moment("submitted_at", "Rating.submitted_at", "When it was submitted, UTC."),
            *map(weight_column, weighed),
            SIMULATED,
        ),
    )


DISTRIBUTIONS = Table(
    name="distributions",
    rows="one latent, item and class",
    key=("latent", "item", "class_position"),
    columns=(
        *LATENT,
        _text("item", "Consensus.item", "The rubric item, or `<item>-<flag>` for one flag of a set."),
        _integer("class_position", "Consensus.classes", "Place of the class in the item's order, from 1."),
        _text("class", "Consensus.classes", "The answer. `(other)`: every concept that nobody proposed."),
        _number("votes", "Consensus.votes", "Ratings for the class; repeat readings of one rater share one vote."),
        _number("theta", "Consensus.theta", "Opinion distribution: expected share of the class among raters."),
        _number("q", "Consensus.q", "Single-truth posterior of the class."),
        _number(
            "dawid_skene", "Consensus.dawid_skene", "Dawid-Skene posterior of the class.", "See dawid_skene_reason."
        ),
        _text("dawid_skene_reason", "Consensus.dawid_skene_reason", "Why Dawid-Skene has no answer.", "It has one."),
        _yes_no("majority", "Consensus.majority", "True if no class has more votes."),
        _yes_no("majority_tied", "Consensus.majority", "True if several classes share the lead on this latent."),
        _number("n_eff", "Consensus.n_eff", "Effective number of raters: the sum of their weights."),
        _number("flip_rate", "Consensus.flip_rate", "Share of resamples of the raters in which the leader changes."),
        _number("entropy", "Consensus.entropy", "Entropy of theta over the log of the number of classes, 0 to 1."),
        _integer("ratings", "Consensus.ratings", "Raters who answered."),
        _integer("cannot_tell", "Consensus.cannot_tell", "Raters who answered only “cannot tell”."),
        _integer("institutions", "Consensus.institutions", "Institutions of the raters who answered."),
        _text("state", "SampledLatent.state", "Where the latent stands: accepted, persistent, decided, …"),
        SIMULATED,
    ),
)
DECISIONS = Table(
    name="decisions",
    rows="one signed decision of an adjudicator; it stands beside the ratings, never over them",
    key=("decision",),
    columns=(
        *LATENT,
        _integer("case", "Case.id", "Number of the case."),
        _text(
            "look",
            "Case.kind",
            "first: what decides the latent. second: another adjudicator's opinion, blind to the first. repeat: the "
            "same adjudicator once more, not knowing it.",
        ),
        _yes_no("current", "Case.kind", "True for the one decision of the latent that counts."),
        _integer("decision", "Decision.id", "Number of the decision."),
        _integer("superseded_by", "Decision.supersedes", "The decision that took its place.", "None did."),
        _text("adjudicator", "Membership.pseudonym", "Stands for the adjudicator."),
        _text("outcome", "Decision.outcome", "concept, irreducible, split or unusable."),
        _text("concept", "Concept.name", "The concept decided for.", "The outcome is not `concept`."),
        _text("cause", "Decision.cause", "Why the raters disagreed."),
        _yes_no("rubric_needs_clause", "Decision.rubric_needs_clause", "True if the rubric should say more."),
        _text("clause", "Decision.clause", "The words that the rubric should gain.", "None were asked for."),
        _text("rationale", "Decision.rationale", "Why, in the adjudicator's words."),
        _text("reason", "Decision.reason", "Why it took the place of the one before.", "It is the first."),
        _text("signed_by", "Signature.method", "How the adjudicator showed who she is: password or simulated."),
        _text(
            "signature",
            "Signature.digest",
            "SHA-256 of all that was signed, the ratings shown among it.",
            "Decided before signatures were asked for.",
        ),
        _moment("opened_at", "Case.opened_at", "When the case was opened, UTC."),
        _moment("decided_at", "Decision.decided_at", "When it was decided, UTC."),
        SIMULATED,
    ),
)
AGREEMENT = Table(
    name="agreement",
    rows="one coefficient of one rubric item in one scope",
    key=("item", "scope", "coefficient", "level"),
    columns=(
        _text("item", "Agreement.item", "The rubric item."),
        _text(
            "scope",
            "Agreement.scope",
            "all, as-typed, version:<number>, round:<number>, between-institutions, institution:<code>, retest, "
            "specialty:<name> or calibration:<number>.",
        ),
        _text("coefficient", "Agreement.coefficient", "alpha (Krippendorff), ac1 or ac2 (Gwet), or raw."),
        _text("level", "Agreement.level", "Level of measurement: nominal, ordinal, interval, sets or hierarchy."),
        _number("value", "Agreement.value", "The coefficient.", "Undefined: see undefined_reason."),
        _number("low", "Agreement.low", "Lower end of the 95 % interval.", "See interval_reason or undefined_reason."),
        _number(
            "high", "Agreement.high", "Upper end of the 95 % interval.", "See interval_reason or undefined_reason."
        ),
        _text("undefined_reason", "Agreement.undefined_reason", "Why there is no value.", "There is one."),
        _text("interval_reason", "Agreement.interval_reason", "Why there is no interval.", "There is one."),
        _integer("units", "Agreement.units", "Latents with at least two answers."),
        _integer("ratings", "Agreement.ratings", "Answers on those latents."),
        _integer("raters", "Agreement.raters", "Raters among those answers."),
        SIMULATED,
    ),
)
RELIABILITY = Table(
    name="reliability",
    rows="one rater and item: what the model made of the rater, the basis of her weights",
    key=("item", "rater"),
    columns=(
        _text("item", "RaterReliability.item", "The rubric item, or `<item>-<flag>`."),
        _text("rater", "RaterReliability.pseudonym", "Stands for the rater."),
        _number("prior_mean", "RaterReliability.mean", "Expected accuracy before the fit."),
        _number("prior_low", "RaterReliability.low", "Lower end of its 95 % interval."),
        _number("prior_high", "RaterReliability.high", "Upper end of its 95 % interval."),
        _number("fitted", "RaterReliability.fitted", "One-coin accuracy after the fit."),
        _integer("latents", "RaterReliability.ratings", "Latents that the rater answered the item on."),
        _integer(
            "calibration", "RaterReliability.calibration", "First answers to calibration latents with a reference."
        ),
        _integer("repeats", "RaterReliability.repeats", "Latents that she read again."),
        _integer("repeats_matched", "RaterReliability.repeats_matched", "… of which she answered the same."),
        _number("mean_weight", "RaterReliability.mean_weight", "How far her answers were left one whole vote, 0 to 1."),
        _integer("cannot_tell", "RaterReliability.cannot_tell", "Latents of which she could only say “cannot tell”."),
        SIMULATED,
    ),
)
NO_PROFILE = "The run says nothing of it: it was mined before such facts were kept, or by another tool."
LATENTS = Table(
    name="latents",
    rows="one latent of the sample or of a calibration set",
    key=("latent",),
    columns=(
        *LATENT,
        _integer(
            "place",
            "SampledLatent",
            "Place in which the statistics take the latents: with it, intervals can be drawn again to the last digit.",
        ),
        _integer("position", "SampledLatent.position", "Place in the seeded order in which latents are handed out."),
        _text("stratum", "SampledLatent.stratum", "Stratum of the sample that it was drawn from."),
        _integer(
            "calibration_set",
            "SampledLatent.calibration_set",
            "Number of the calibration set; such a latent has no agreement and no consensus.",
            "It belongs to the sample proper.",
        ),
        _text("state", "SampledLatent.state", "Where it stands: accepted, persistent, decided, …"),
        _text("state_reason", "SampledLatent.state_reason", "Why it stands there.", "Nothing is known of it yet."),
        _integer("extra_rounds", "SampledLatent.extra_rounds", "Extra rounds that more raters were asked in."),
        _text("language_model", "LanguageModel.name", "The language model."),
        _text("hook_point", "Sae.hook_point", "Where in the model activations were read."),
        _text("sae", "Sae.name", "The sparse autoencoder."),
        _text("sae_architecture", "Sae.architecture", "Its architecture."),
        _number("density", "Latent.density", "Share of the corpus's tokens on which it fires."),
        _integer("documents", "Latent.documents", "Distinct documents in which it fires."),
        _integer("firings", "Latent.firings", "Tokens on which it fires."),
        _number("max_activation", "Latent.max_activation", "Strongest activation."),
        _text(
            "specialty",
            "LatentProfile.specialties",
            "Specialty in whose notes it is most at home.",
            "It fires everywhere alike, or the run says nothing of it.",
        ),
        _list("flags", "LatentProfile.flags", "What speaks against rating it: dense, single-token, …", NO_PROFILE),
        _text(
            "promoted",
            "LatentProfile.promoted",
            "Output tokens that its decoder direction raises most, as JSON: token, logit.",
            NO_PROFILE,
        ),
        _text("suppressed", "LatentProfile.suppressed", "Those that it lowers most, as JSON.", NO_PROFILE),
        _text(
            "neighbours",
            "LatentProfile.neighbours",
            "Nearest decoder directions of the same SAE, as JSON: latent, cosine.",
            NO_PROFILE,
        ),
        _text(
            "coactivation",
            "LatentProfile.coactivation",
            "Latents that fire on the same tokens, as JSON: latent, tokens, lift, phi.",
            NO_PROFILE,
        ),
        SIMULATED,
    ),
)
ALWAYS = "It was always asked."
RUBRICS = Table(
    name="rubrics",
    rows="one option of a rubric item; an item without options has one row",
    key=("rubric", "rubric_version", "item", "option_position"),
    columns=(
        _text("rubric", "Rubric.name", "The rubric."),
        _integer("rubric_version", "RubricVersion.number", "Its version. A version never changes once it is used."),
        _text("item", "RubricItem.key", "Key of the item."),
        _integer("item_position", "RubricItem.position", "Place of the item on the page."),
        _text("kind", "RubricItem.kind", "concept, nominal, ordinal, flags, confidence or text."),
        _text("question", "RubricItem.question", "The question."),
        _text("help", "RubricItem.help", "Guidance below the question.", "There is none."),
        _yes_no("required", "RubricItem.required", "True if an answer was required wherever the item was asked."),
        _text("asked_after_item", "RubricItem.condition", "It was asked only after answers to this item.", ALWAYS),
        _list("asked_after_answers", "RubricItem.condition", "… namely these.", ALWAYS),
        _text("examples", "RubricItem.examples", "Worked examples as JSON: text, answer, why.", "There are none."),
        _integer("option_position", "RubricItem.options", "Place of the option, from 1.", "The item has no options."),
        _text("option", "RubricItem.options", "Value of the option, as in the ratings.", "The item has no options."),
        _text("option_label", "RubricItem.options", "What the page calls it.", "The item has no options."),
        _text("option_help", "RubricItem.options", "Guidance beside the option.", "There is none."),
        SIMULATED,
    ),
)
CONCEPTS = Table(
    name="concepts",
    rows="one concept of the study",
    key=("concept",),
    columns=(
        _text("concept", "Concept.name", "The term, as it was typed first."),
        _text("counted_as", "ConceptFact", "The name under which it counts: another one if it was merged."),
        _yes_no("offered", "Round.concepts", "True if it was on the frozen list that raters could choose from."),
        _integer("ratings", "Rating.concept", "Current ratings that name it."),
        _moment("added_at", "Concept.created_at", "When it entered the study, UTC."),
        SIMULATED,
    ),
)
EXAMPLE_ANSWER = AnswerColumn(item="<item>", kind=Kind.TEXT, question="the item's question")
