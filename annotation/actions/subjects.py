"""What is looked into: a language model in a folder, and an SAE of it."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from annotation import gateway
from annotation.actions import audit
from annotation.enums import AuditVerb, RunState
from annotation.models import LanguageModel, MiningRun, Sae, User
from annotation.rules.refusal import Refused

FACTS = ("hook_point", "architecture", "width")
OPTIONS = ("hook_point", "output_hook_point", "norm_scaling_factor", "l0")
WITHOUT_RESULT = (RunState.FAILED, RunState.CANCELLED)


@transaction.atomic
def register_sae(
    *,
    name: str,
    folder: Path,
    model_name: str,
    model_folder: Path,
    by: User | None,
    now: datetime,
    options: Mapping[str, Any] | None = None,
) -> Sae:
    """Note the SAE and its language model. Weights are checked on the GPU side before anything is mined.

    `folder`: a folder or file in any format. `options`: what its files do not say (`OPTIONS`).
    The same name again returns the SAE that is there, found at its new place if it was moved.
    Raises Refused where nothing is there, or where another SAE was mined under this name.
    """
    given = {key: value for key, value in (options or {}).items() if value not in (None, "")}
    if unknown := sorted(set(given) - set(OPTIONS)):
        raise Refused(f"An SAE has no option {unknown[0]}; there are {', '.join(OPTIONS)}.")
    try:
        facts = gateway.sae_facts(folder)
    except gateway.UnreadableSae as error:
        raise Refused(str(error)) from error
    if given.get("hook_point"):
        facts["hook_point"] = str(given["hook_point"])
    sae = Sae.objects.select_for_update(no_key=True).filter(name=name).first()
    model = _model(model_name, model_folder)
    if sae is None:
        sae = Sae.objects.create(name=name, language_model=model, folder=str(folder), options=given, **facts)
        audit.record(AuditVerb.MODEL_REGISTERED, sae, by=by, now=now, width=sae.width)
        return sae
    if sae.miningrun_set.exclude(state__in=WITHOUT_RESULT).exists():
        _check_same(sae, model, facts, given)
        facts = {}
    for field, value in {**facts, "folder": str(folder), "options": given, "language_model": model}.items():
        setattr(sae, field, value)
    sae.save()
    return sae


def note_facts(*, run: MiningRun, manifest: gateway.Manifest) -> None:
    """What the first finished run found out about its SAE; later runs change nothing."""
    sae = Sae.objects.select_for_update(no_key=True).get(pk=run.sae_id)
    if sae.miningrun_set.filter(state=RunState.FINISHED).exists():
        return
    sae.hook_point, sae.architecture, sae.width = manifest.hook_point, manifest.sae_architecture, manifest.sae_width
    sae.save(update_fields=FACTS)


def _model(name: str, folder: Path) -> LanguageModel:
    model, _ = LanguageModel.objects.get_or_create(name=name, defaults={"folder": str(folder)})
    if model.folder != str(folder):
        model.folder = str(folder)
        model.save(update_fields=["folder"])
    return model


def _check_same(sae: Sae, model: LanguageModel, facts: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """Whether the files still declare what the runs rest on; what they leave open is no difference."""
    other = {field: value for field, value in facts.items() if field in FACTS and value not in (None, "")}
    known = {field: getattr(sae, field) for field in FACTS}
    changed = [field for field, value in other.items() if known[field] not in (None, "", value)]
    if sae.language_model_id != model.pk:
        changed.append("language_model")
    if sae.options != options:
        changed.append("options")
    if changed:
        words = " and ".join(field.replace("_", " ") for field in changed)
        raise Refused(
            f"“{sae.name}” has mining runs, and this SAE has another {words}. What a run rests on is never rewritten: "
            "register this one under a name of its own."
        )
