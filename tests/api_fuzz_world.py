"""Who sends made-up requests in the small world, and the bodies that are right there."""

from typing import Any

from annotation.queries.my_roles import roles_by_study
from tests.api_fuzz import Caller
from tests.api_world import ApiWorld, token
from tests.world import complete_form

FOREIGN = b"zebra"
"""In every word of the other study."""


def scripts(api: ApiWorld) -> dict[str, Caller]:
    """A token for each person of the study, with all scopes that her roles can use."""
    study = api.world.study
    people = api.people().items()
    return {who: Caller(token=token(user, study), roles=roles_by_study(user)[study.pk]) for who, user in people}


def right_bodies(api: ApiWorld) -> dict[str, Any]:
    """By operation."""
    form = complete_form(api.world.study)
    answers = {key: said for key, said in form.items() if key not in ("outcome", "rationale")}
    rating = {"outcome": "answered", "answers": answers, "rationale": "All of them name troponin."}
    return {
        "change_run": {"state": "queued"},
        "change_round": {"state": "closed"},
        "submit_rating": {**rating, "ticket": api.facts["ticket"]},
        "revise_rating": {**rating, "reason": "I misread it."},
    }
