"""The released rows of raters, and who could be recognised by what they say of her."""

from collections import defaultdict
from typing import Any, cast

from django.db.models import F, Q

from annotation.enums import RaterAttribute, Role, Seniority, Specialty
from annotation.models import Membership, Study
from annotation.queries.calibration_result import compared_answers
from annotation.queries.release_select import COUNTED, SIMULATED, Select
from annotation.rules.anonymity import K, small_cells, without_each
from annotation.rules.calibration import verdict

NONE, NOT_SAID = "none", "not said"
RATERS = Select(
    columns={
        "pseudonym": "m.pseudonym",
        "role": "m.role",
        "institution": "i.code",
        "specialty": f"NULLIF(NULLIF(p.specialty, ''), '{Specialty.NOT_SAID}')",
        "seniority": f"NULLIF(NULLIF(p.seniority, ''), '{Seniority.NOT_SAID}')",
        "calibration": "%(calibration)s::jsonb -> m.pseudonym ->> 'state'",
        "calibration_agreement": "(%(calibration)s::jsonb -> m.pseudonym ->> 'agreement')::float8",
        "calibration_answers": "COALESCE((%(calibration)s::jsonb -> m.pseudonym ->> 'answers')::int, 0)",
        "ratings": "CASE WHEN m.role = 'annotator' THEN COALESCE(given.ratings, 0) ELSE 0 END",
        "decisions": """CASE WHEN m.role = 'adjudicator' THEN (
            SELECT count(*) FROM annotation_decision d JOIN annotation_case k ON k.id = d.case_id
            WHERE k.study_id = %(study)s AND k.kind = 'first' AND d.adjudicator_id = m.user_id) ELSE 0 END""",
        **SIMULATED,
    },
    rest=f"""
FROM annotation_membership m
JOIN annotation_user p ON p.id = m.user_id
LEFT JOIN annotation_institution i ON i.id = m.institution_id
LEFT JOIN ({COUNTED.format(by="rater_id")}) given ON given.rater_id = m.user_id
WHERE m.study_id = %(study)s AND m.role IN ('annotator', 'adjudicator') AND NOT m.ratings_withheld
ORDER BY m.pseudonym
""",
)


def released_calibration(study: Study) -> dict[str, dict[str, Any]]:
    """By pseudonym, of raters who have answered anything of it or were let through: state, agreement, answers."""
    credits: dict[int, dict[int, dict[int, list[float]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for answer in compared_answers(study):
        credits[answer.rater][answer.set][answer.latent].append(answer.credit)
    members = Membership.objects.filter(study=study, role=Role.ANNOTATOR)
    asked = members.filter(Q(user__in=list(credits)) | Q(calibrated_at__isnull=False))
    found = {}
    for pseudonym, user, calibrated_at in asked.values_list("pseudonym", "user", "calibrated_at"):
        verdicts = [verdict(of_set, threshold=study.calibration_threshold) for of_set in credits[user].values()]
        given = [one for of_set in credits[user].values() for of_latent in of_set.values() for one in of_latent]
        passed = any(one.passed for one in verdicts)
        found[pseudonym] = {
            "state": "not-passed" if calibrated_at is None else "passed" if passed else "let-through",
            "agreement": sum(given) / len(given) if given else None,
            "answers": len(given),
        }
    return found


def anonymity_facts(study: Study) -> dict[str, Any]:
    """Who shares all that releases say of her with fewer than K - 1 others; and who would, were an attribute left out.

    Institutions are named by every rating; those of adjudicators by the table of raters alone.
    """
    said = [name for name in (RaterAttribute.SPECIALTY, RaterAttribute.SENIORITY) if name in _chosen(study)]
    attributes = ["role", "institution", *(str(name) for name in said)]
    people = {row["pseudonym"]: tuple(_value(study, row, name) for name in attributes) for row in _people(study)}
    cells = small_cells(people)
    without = without_each(people)
    return {
        "attributes": attributes,
        "k": K,
        "people": len(people),
        "alone": sorted(name for cell in cells for name in cell.pseudonyms),
        "cells": [{"attributes": list(cell.attributes), "pseudonyms": list(cell.pseudonyms)} for cell in cells],
        "alone_without": {name: without[attributes.index(name)] for name in attributes if name in said},
    }


def _chosen(study: Study) -> frozenset[str]:
    return frozenset(study.rater_attributes if study.release_raters else ())


def _people(study: Study) -> list[dict[str, Any]]:
    told = Membership.objects.filter(study=study, role__in=(Role.ANNOTATOR, Role.ADJUDICATOR), ratings_withheld=False)
    rows = told.order_by("pseudonym").values(
        "pseudonym",
        "role",
        institution_code=F("institution__code"),
        specialty=F("user__specialty"),
        seniority=F("user__seniority"),
    )
    return cast(list[dict[str, Any]], list(rows))


def _value(study: Study, row: dict[str, Any], attribute: str) -> str:
    if attribute == "role":
        return str(row["role"])
    if attribute == "institution":
        known = study.release_raters or row["role"] == Role.ANNOTATOR
        return str(row["institution_code"] or NONE) if known else NONE
    said = row[attribute]
    return NOT_SAID if said in ("", Specialty.NOT_SAID, Seniority.NOT_SAID) else str(said)
