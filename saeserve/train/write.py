"""Write a trained SAE with its card and report; every figure is measured with the weights as they were stored."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from saeserve.artifacts import file_digest, write_json, write_text
from saeserve.coders.base import Coder
from saeserve.formats.read import read_sae
from saeserve.formats.write_saelens import WEIGHTS_FILE, write_saelens
from saeserve.hook_points import transformer_lens_name
from saeserve.language_model import LanguageModel
from saeserve.train import findings
from saeserve.train.activations import Activations, Place, seconds_spent
from saeserve.train.card import CARD_FILE, about_data, about_sae, about_training, software
from saeserve.train.cost import cost_of
from saeserve.train.held_out import HeldOut
from saeserve.train.interpretability import SNIPPETS, interpretability
from saeserve.train.loop import Trained
from saeserve.train.measure import Plain, measure
from saeserve.train.page import page
from saeserve.train.plan import Part, TrainPlan
from saeserve.train.readme import prose
from saeserve.train.recipe import Recipe
from saeserve.train.scorer import Scorer
from saeserve.train.survey import MINIMUM_DOCUMENTS, documents_with
from saeserve.train.sweep import Candidate, criterion

REPORT_FILE, PAGE_FILE, README_FILE = "report.json", "report.html", "README.md"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One trained SAE and all that its report is about."""

    plan: TrainPlan
    model: LanguageModel
    place: Place
    recipe: Recipe
    train: Part
    activations: Activations
    held_out: HeldOut
    plain: Plain | None
    tried: list[Candidate]
    trained: Trained

    @property
    def seconds(self) -> float:
        """Wall time of activations, of everything tried and of the training."""
        return seconds_spent(self.place) + sum(one.seconds for one in self.tried) + self.trained.seconds


def write_sae(subject: Subject, into: Path, *, command: str) -> None:
    """Fill a folder beside `into` and put its files there when all of them are complete."""
    into.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{into.name}-", dir=into.parent))
    try:
        dtype = torch.float16 if subject.plan.half_precision else torch.float32
        write_saelens(aside, subject.trained.coder, metadata=_metadata(subject), matrices=dtype)
        coder = read_sae(aside, device=subject.plan.device).coder
        card, report = _card_and_report(subject, coder, file_digest(aside / WEIGHTS_FILE), command)
        write_json(aside / CARD_FILE, card, indent=1)
        write_json(aside / REPORT_FILE, report, indent=1)
        write_text(aside / README_FILE, prose(card))
        write_text(aside / PAGE_FILE, page(report))
        into.mkdir(exist_ok=True)
        for file in sorted(aside.iterdir()):
            file.replace(into / file.name)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _card_and_report(
    subject: Subject, coder: Coder, weights_sha256: str, command: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    plan, held_out = subject.plan, subject.held_out
    measured = measure(subject.model, subject.place, coder, held_out, subject.plain, ablate=True)
    firings = measured.reconstruction.firings
    card = {
        **about_sae(subject.model, subject.place, coder, weights_sha256),
        "stored": "matrices in float16, the rest in float32" if plan.half_precision else "float32",
        "data": about_data(plan),
        "training": about_training(
            subject.recipe, subject.train, subject.activations, subject.place, subject.trained.seconds
        ),
        "remark": plan.remark,
        "chosen_by": criterion(plan.l0_limit) if subject.tried else "",
        "held_out": findings.held_out_figures(measured, held_out, coder.width),
        "command": command,
        "software": software(),
    }
    cost = cost_of(subject.seconds, plan.assumptions, threads=torch.get_num_threads(), device=plan.device)
    report = {
        "card": card,
        "density": findings.density(firings, measured.reconstruction.tokens),
        "distinctness": findings.distinctness(coder, held_out, firings, device=plan.device),
        "minimum_activation": findings.minimum_activation(_minimum(subject, coder), coder.width),
        "interpretability": _interpretability(subject, coder),
        "sweep": findings.swept(subject.tried, plan.l0_limit),
        "cost": findings.costs(cost),
    }
    return card, report


def _minimum(subject: Subject, coder: Coder) -> findings.Minimum:
    counts = documents_with(coder, subject.place, subject.train, device=subject.plan.device)
    return findings.Minimum(len(subject.train.documents), int((counts >= MINIMUM_DOCUMENTS).sum()))


def _interpretability(subject: Subject, coder: Coder) -> dict[str, Any]:
    folder, plan = subject.plan.scorer, subject.plan
    if folder is None:
        return findings.scored(None, "no sentence-embedding model was given (--scorer).", "")
    scorer = Scorer(folder, device=plan.device)
    score = interpretability(coder, subject.held_out, scorer, seed=plan.seed, device=plan.device)
    reason = f"no latent fires in {SNIPPETS} held-out documents of either half and leaves {SNIPPETS} silent."
    return findings.scored(score, reason, folder.name)


def _metadata(subject: Subject) -> dict[str, Any]:
    model, point = subject.model, subject.place.point
    front = model.tokenizer.convert_ids_to_tokens(list(model.front))
    return {
        "model_name": model.name,
        "hook_name": transformer_lens_name(model.network, point) or str(point),
        "hf_hook_name": str(point),
        "context_size": subject.plan.context_tokens + len(model.front) + len(model.back),
        "prepend_bos": bool(front),
        "front_token": front[0] if front else "",
    }
