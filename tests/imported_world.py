"""A study of an imported run, with people who rate in it."""

from annotation.actions.people import add_member
from annotation.actions.rounds import open_round
from annotation.actions.sampling import draw_sample
from annotation.actions.studies import create_study
from annotation.enums import Role
from annotation.models import Institution, MiningRun, Study
from tests.world import NOW, person, rubric


def studied(run: MiningRun) -> Study:
    """A study of the run with an open round, by Rosa, for Ada and Ben of two hospitals to rate."""
    people = {name: person(name) for name in ("rosa", "ada", "ben")}
    study = create_study(
        slug="imported",
        name="Imported",
        purpose="",
        rubric=rubric(),
        run=run,
        concepts=["troponin"],
        by=people["rosa"],
        now=NOW,
        sample_size=4,
        raters_per_latent=2,
        retest_share=0.0,
    )
    add_member(study=study, user=people["rosa"], role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    for name in ("ada", "ben"):
        place = Institution.objects.create(name=f"Hospital of {name}", code=name)
        add_member(study=study, user=people[name], role=Role.ANNOTATOR, institution=place, by=None, now=NOW)
    draw_sample(study=study, by=people["rosa"], now=NOW)
    open_round(study=study, by=people["rosa"], now=NOW)
    return study
