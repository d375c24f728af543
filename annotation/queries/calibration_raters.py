"""Where every rater of a study stands with its calibration, for the researcher and for coordinators."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from annotation.enums import Role, RoundKind, RoundState
from annotation.models import Decline, Institution, Membership, Rating, Reference, Round, SampledLatent, Study
from annotation.queries.calibration_result import compared_answers
from annotation.rules.calibration import SetPart, Standing, Verdict, standing, verdict

Pairs = frozenset[tuple[int, int]]
"""(sampled latent, person)."""


@dataclass(frozen=True, kw_only=True)
class CalibratedRater:
    membership: Membership
    standing: Standing
    verdicts: Mapping[int, Verdict]
    """By set, of those that she has answered anything of."""
    answered: Mapping[int, int]
    """Latents by set that she has answered or declined."""
    of: Mapping[int, int]
    """Latents by set that may be handed to her."""

    @property
    def due_name(self) -> str:
        return str(self.standing.set)

    @property
    def due_progress(self) -> str:
        """`2 of 6` of the set that is due."""
        number = self.standing.set
        return f"{self.answered.get(number, 0)} of {self.of.get(number, 0)}"

    @property
    def let_through(self) -> bool:
        """She rates although no set was passed."""
        return self.membership.calibrated_at is not None and not any(one.passed for one in self.verdicts.values())


def calibrated_raters(
    study: Study, *, institutions: Iterable[Institution] | None = None
) -> tuple[CalibratedRater, ...]:
    """Raters by institution and pseudonym; with `institutions`, theirs only. The same number of statements for all."""
    members = Membership.objects.filter(study=study, role=Role.ANNOTATOR, user__is_active=True, withdrawn_at=None)
    if institutions is not None:
        members = members.filter(institution__in=list(institutions))
    sets = _sets(study)
    opened = dict(
        Round.objects.filter(study=study, kind=RoundKind.CALIBRATION)
        .exclude(state=RoundState.DRAFT)
        .order_by("calibration_set")
        .values_list("calibration_set", "state")
    )
    latents = [pk for of_set in sets.values() for pk in of_set]
    own = _pairs(Reference.objects.filter(latent__in=latents).values_list("latent", "set_by"))
    done = _pairs(Rating.objects.filter(latent__in=latents).values_list("latent", "rater"))
    done |= _pairs(Decline.objects.filter(latent__in=latents).values_list("latent", "rater"))
    verdicts = _verdicts(study)
    return tuple(
        _rater(member, sets, opened, own, done, verdicts.get(member.user_id, {}))
        for member in members.select_related("user", "institution").order_by("institution__name", "pseudonym")
    )


def _sets(study: Study) -> dict[int, list[int]]:
    sets: dict[int, list[int]] = defaultdict(list)
    drawn = SampledLatent.everything.filter(study=study, calibration_set__isnull=False)
    for number, pk in drawn.order_by("position").values_list("calibration_set", "pk"):
        sets[number or 0].append(pk)
    return sets


def _pairs(rows: Iterable[tuple[int, int]]) -> Pairs:
    return frozenset(rows)


def _verdicts(study: Study) -> dict[int, dict[int, Verdict]]:
    """By person and set."""
    credits: dict[tuple[int, int], dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for answer in compared_answers(study):
        credits[answer.rater, answer.set][answer.latent].append(answer.credit)
    found: dict[int, dict[int, Verdict]] = defaultdict(dict)
    for (person, number), given in credits.items():
        found[person][number] = verdict(given, threshold=study.calibration_threshold)
    return found


def _rater(
    member: Membership,
    sets: Mapping[int, list[int]],
    opened: Mapping[int | None, str],
    own: Pairs,
    done: Pairs,
    verdicts: Mapping[int, Verdict],
) -> CalibratedRater:
    person = member.user_id
    hers = {number: [pk for pk in of_set if (pk, person) not in own] for number, of_set in sets.items()}
    answered = {number: sum((pk, person) in done for pk in of_set) for number, of_set in hers.items()}
    parts = [
        SetPart(
            set=number,
            open=opened[number] == RoundState.OPEN,
            latents=len(hers[number]),
            left=len(hers[number]) - answered[number],
        )
        for number in sorted(hers)
        if number in opened
    ]
    return CalibratedRater(
        membership=member,
        standing=standing(parts, calibrated=member.calibrated_at is not None),
        verdicts=verdicts,
        answered=answered,
        of={number: len(of_set) for number, of_set in hers.items()},
    )
