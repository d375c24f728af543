"""What is looked into: a language model in a folder, and an SAE of it."""

from datetime import datetime
from pathlib import Path

from django.db import transaction

from annotation import gateway
from annotation.actions import audit
from annotation.enums import AuditVerb
from annotation.models import LanguageModel, Sae, User
from annotation.rules.refusal import Refused


@transaction.atomic
def register_sae(
    *, name: str, folder: Path, model_name: str, model_folder: Path, by: User | None, now: datetime
) -> Sae:
    """Note the SAE and its language model. Weights are checked on the GPU side before anything is mined."""
    try:
        facts = gateway.sae_facts(folder)
    except gateway.UnreadableSae as error:
        raise Refused(str(error)) from error
    model, _ = LanguageModel.objects.get_or_create(name=model_name, defaults={"folder": str(model_folder)})
    if model.folder != str(model_folder):
        model.folder = str(model_folder)
        model.save(update_fields=["folder"])
    sae, created = Sae.objects.update_or_create(
        name=name, defaults={"language_model": model, "folder": str(folder), **facts}
    )
    if created:
        audit.record(AuditVerb.MODEL_REGISTERED, sae, by=by, now=now, width=sae.width)
    return sae
