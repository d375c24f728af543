"""An export of Label Studio in which one annotator has answered every latent of a study's sample."""

from typing import Any

from annotation.models import Study
from tests.world import complete_form


def rated_elsewhere(study: Study, *, annotator: object = 7, concept: str = "angina pectoris") -> list[dict[str, Any]]:
    """As its JSON export has them."""
    form = complete_form(study, concept=concept)
    written = {item.key for item in study.rubric.items.filter(kind__in=("concept", "text"))} | {"rationale"}
    results = [
        _result(name, "textarea" if name in written else "choices", value)
        for name, value in form.items()
        if value not in (None, "", [])
    ]
    return [
        {
            "id": number,
            "data": {
                "latent": sampled.latent.index,
                "identity": sampled.latent.identity,
                "rubric_version": study.rubric.number,
            },
            "annotations": [
                {"id": number, "completed_by": annotator, "result": results, "created_at": "2026-11-20T09:00:00Z"}
            ],
        }
        for number, sampled in enumerate(study.sample.select_related("latent").order_by("position"), start=1)
    ]


def _result(name: str, type_: str, value: Any) -> dict[str, Any]:
    values = [str(one) for one in (value if isinstance(value, list) else [value])]
    return {
        "id": name,
        "from_name": name,
        "to_name": "latent",
        "type": type_,
        "value": {"text" if type_ == "textarea" else "choices": values},
    }
