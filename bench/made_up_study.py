"""A study as large as one gets: 10,000 latents, three or four ratings each, put straight into the database.

What raters say follows from a seed: each latent has a concept of its own among hundreds and a rival to it, each rater
an accuracy, and every tenth latent two meanings.
"""

import uuid
from datetime import timedelta
from typing import Any

import numpy as np

LATENTS, RATERS, CONCEPTS = 10_000, 48, 400
"""Some seven hundred ratings a rater: more than most physicians give."""
HOSPITALS = ("west", "east", "hill", "lake")
"""Beside the two of the tests' world."""
SPECIALTIES = ("Cardiology", "Surgery", "Neurology", "Nephrology")
ROUNDS = 3
SEED = 20261122
FIRST = 1000
"""Position of the first made-up latent: the world's own come before."""
BATCH = 5000


def made_up_study(*, latents: int = LATENTS) -> Any:
    """The tests' world with so many latents sampled and rated by 48 raters of six hospitals, in three rounds."""
    from annotation.models import Institution
    from tests import world as worlds
    from tests.world import NOW, add_rater

    world = worlds.build(open_the_round=False)
    others = [Institution.objects.create(name=f"{code.title()} Hospital", code=code) for code in HOSPITALS]
    homes = (world.north, world.south, *others)
    raters = [(world.ada, world.north), (world.ben, world.south)]
    raters += [(add_rater(world, f"rater-{i}", homes[i % 6]), homes[i % 6]) for i in range(2, RATERS)]
    chance = np.random.default_rng(SEED)
    sample = _sample(world.study, latents)
    concepts = _concepts(world.study)
    rounds = _rounds(world.study, NOW)
    _rate(world.study, sample, raters, concepts, rounds, chance)
    return world


def one_more_rating(world: Any, *, latent: int) -> None:
    """A surplus rating of the sampled latent at this place, by a rater of the first round who has not rated it."""
    from annotation.models import Membership, Rating, SampledLatent
    from tests.world import NOW

    target = SampledLatent.objects.get(study=world.study, position=FIRST + latent)
    given = Rating.objects.filter(latent=target)
    member = (
        Membership.objects.filter(study=world.study, role="annotator")
        .exclude(user__in=given.values("rater"))
        .order_by("pk")[0]
    )
    like = given.filter(outcome="answered").order_by("pk")[0]
    Rating.objects.create(
        study=world.study,
        latent=target,
        round=world.study.rounds.order_by("-number")[0],
        rater=member.user,
        institution_id=member.institution_id or 0,
        submit_token=uuid.uuid4(),
        outcome="answered",
        concept=like.concept,
        answers=like.answers,
        rationale="Made up.",
        submitted_at=NOW + timedelta(days=1),
    )


def _sample(study: Any, latents: int) -> list[int]:
    from django.db import connection

    from annotation.models import Latent, LatentProfile, SampledLatent

    like = Latent.objects.filter(run=study.run).order_by("index")[0]
    made = [
        Latent(
            run=study.run,
            index=FIRST + i,
            identity=f"{FIRST + i:064x}",
            firings=100,
            documents=30,
            density=0.001,
            max_activation=10.0,
            histogram=like.histogram,
            decile_edges=like.decile_edges,
        )
        for i in range(latents)
    ]
    made = Latent.objects.bulk_create(made, batch_size=BATCH)
    profiles = (
        LatentProfile(latent=one, specialties=[{"name": SPECIALTIES[i % 4], "firings": 80, "lift": 2.0}])
        for i, one in enumerate(made)
    )
    with connection.cursor() as cursor:
        # Nothing may be added to a finished run; the owner of the tables may, for a measure.
        cursor.execute("ALTER TABLE annotation_latentprofile DISABLE TRIGGER USER")
        LatentProfile.objects.bulk_create(profiles, batch_size=BATCH)
        cursor.execute("ALTER TABLE annotation_latentprofile ENABLE TRIGGER USER")
    rows = (
        SampledLatent(study=study, latent=one, position=FIRST + i, stratum="rare", state="rating")
        for i, one in enumerate(made)
    )
    return [row.pk for row in SampledLatent.objects.bulk_create(rows, batch_size=BATCH)]


def _concepts(study: Any) -> list[Any]:
    from annotation.models import Concept
    from tests.world import NOW

    made = (Concept(study=study, name=f"made-up concept {i:03d}", created_at=NOW) for i in range(CONCEPTS))
    return list(Concept.objects.bulk_create(made))


def _rounds(study: Any, now: Any) -> list[Any]:
    from annotation.models import Round

    return [
        Round.objects.create(
            study=study, number=n + 1, kind="independent", rubric=study.rubric, state="open", opened_at=now
        )
        for n in range(ROUNDS)
    ]


def _rate(study: Any, sample: list[int], raters: Any, concepts: Any, rounds: Any, chance: Any) -> None:
    """The first third of the latents in the first round, and so on."""
    from annotation.models import Rating
    from tests.world import NOW

    items = {item.key: [option["value"] for option in item.options] for item in study.rubric.items.all()}
    accuracy = chance.uniform(0.6, 0.9, len(raters))
    ratings = []
    for i, latent in enumerate(sample):
        truth, rival = chance.integers(0, len(concepts), 2)
        divided = chance.random() < 0.1
        for j in chance.choice(len(raters), size=3 + int(chance.random() < 0.5), replace=False):
            right = chance.random() < (0.5 if divided else accuracy[j])
            user, home = raters[j]
            ratings.append(
                Rating(
                    study=study,
                    latent_id=latent,
                    round=rounds[i * ROUNDS // len(sample)],
                    rater=user,
                    institution=home,
                    submit_token=uuid.UUID(bytes=chance.bytes(16)),
                    outcome="answered" if chance.random() < 0.97 else "cannot-tell",
                    answers=_answers(items, int(truth), right, chance),
                    rationale="Made up.",
                    submitted_at=NOW,
                )
            )
            if ratings[-1].outcome == "answered":
                ratings[-1].concept = concepts[truth if right else rival]
    Rating.objects.bulk_create(ratings, batch_size=BATCH)


def _answers(items: dict[str, list[Any]], truth: int, right: bool, chance: Any) -> dict[str, Any]:
    def near(options: list[Any]) -> Any:
        return options[truth % len(options)] if right else options[int(chance.integers(len(options)))]

    flags = items.get("flags", [])
    return {key: near(options) for key, options in items.items() if options and key != "flags"} | {
        "flags": [flag for place, flag in enumerate(flags) if (truth + place) % 9 == 0 or chance.random() < 0.03]
    }
