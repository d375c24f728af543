"""What a release's manifest says of the study apart from its tables: sampling, mining, rubric, results, audit chain."""

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.db import connection

from annotation.enums import ReportState, Role
from annotation.models import Agreement, AuditEvent, Membership, Rating, Release, ResultRun, SnippetReport, Study
from annotation.queries.code_terms import released_origins
from annotation.queries.counted_ratings import counted_ratings
from annotation.queries.external_rounds import external_facts
from annotation.queries.release_raters import anonymity_facts
from annotation.queries.text_leaving import text_leaving
from annotation.queries.withheld import withheld
from annotation.rules.scopes import ALL

PACKAGES = ("Django", "numpy", "scipy", "krippendorff", "pyarrow", "psycopg")
ELIGIBLE = (
    "alive, firing in at least {documents} distinct documents, and on at most {density:.4g} of the corpus's tokens"
)


def release_facts(release: Release, run: ResultRun) -> dict[str, Any]:
    """Facts for the manifest; nothing in it names a person."""
    study = release.study
    order = {pk: place for place, pk in enumerate(study.rounds.order_by("pk").values_list("pk", flat=True), start=1)}
    return {
        "release": {
            "number": release.number,
            "requested_at": _iso(release.requested_at),
            "requested_by": _pseudonym(study, release.requested_by_id),
        },
        "study": {
            "slug": study.slug,
            "name": study.name,
            "purpose": study.purpose,
            "ethics": study.ethics,
            "created_at": _iso(study.created_at),
            "raters_per_latent": study.raters_per_latent,
            "accepted_if": {
                "q_at_least": study.accept_q,
                "theta_at_least": study.accept_theta,
                "n_eff_at_least": study.accept_n_eff,
                "flip_rate_at_most": study.accept_flip_rate,
            },
        },
        "sampling_frame": _sampling(study),
        "mining": _mining(study),
        "rubric": {
            "name": study.rubric.rubric.name,
            "version": study.rubric.number,
            "guidance": study.rubric.guidance,
            "sources": study.rubric.sources.splitlines(),
        },
        "code_systems": [
            {"name": told.name, "version": told.version, "source": told.source, "licence": told.licence}
            for told in released_origins(study)
        ],
        "rounds": [
            {
                "number": round_.number,
                "kind": round_.kind,
                "order": order[round_.pk],
                "state": round_.state,
                "rubric_version": round_.rubric.number,
                "opened_at": _iso(round_.opened_at),
                "closed_at": _iso(round_.closed_at),
                **external_facts(round_),
            }
            for round_ in study.rounds.select_related("rubric", "external__institution").order_by("number", "pk")
        ],
        "results": {
            "method_version": run.method_version,
            "parameters": run.parameters,
            "seed": run.seed,
            "input_digest": run.input_digest,
            "computed_at": _iso(run.computed_at),
            "ratings": run.ratings,
            "raters": run.raters,
            "latents": run.latents,
        },
        "agreement": _agreement(run),
        "anonymity": anonymity_facts(study),
        "text": text_facts(study),
        "withheld": withheld_facts(study),
        "audit": _audit_head(study),
        "software": _software(),
    }


def text_facts(study: Study) -> dict[str, Any]:
    """Whether text of notes is in the release, and on whose word, or why not."""
    told = text_leaving(study)
    said = told.permission
    return {
        "leaves": told.leaves,
        "why": told.sentence,
        "study_says": told.study_says,
        "permission": None
        if said is None
        else {"may_leave": said.may_leave, "words": said.words, "stated_at": _iso(said.stated_at)},
    }


def withheld_facts(study: Study) -> dict[str, int]:
    """What the study holds and this release leaves out: of raters who withdrew with their ratings, and of reports."""
    gone = Membership.objects.filter(study=study, ratings_withheld=True)
    return {
        "raters": gone.count(),
        "ratings": Rating.objects.filter(study=study, revision=1).filter(withheld()).count(),
        "snippets": SnippetReport.objects.filter(study=study, state=ReportState.WITHHELD).count(),
    }


def _agreement(run: ResultRun) -> list[dict[str, Any]]:
    """Alpha of each item over all ratings, for the data card; the table `agreement` has everything."""
    rows = Agreement.objects.filter(run=run, scope=ALL, coefficient="alpha").exclude(level="hierarchy").order_by("pk")
    return [dict(row) for row in rows.values("item", "value", "low", "high", "units", "undefined_reason")]


def revisions(study: Study, run: ResultRun) -> tuple[int, int]:
    """How many ratings and revisions go out with the results, and how many ratings count, revised or not."""
    held = Rating.objects.filter(study=study, pk__lte=run.last_rating).filter(~withheld())
    counted = counted_ratings(study).filter(pk__lte=run.last_rating, revision=1)
    return held.count(), counted.count()


def _sampling(study: Study) -> dict[str, Any]:
    frame = study.sample_frame or {}
    return {
        "eligible": ELIGIBLE.format(documents=study.minimum_documents, density=study.maximum_density),
        "minimum_documents": study.minimum_documents,
        "maximum_density": study.maximum_density,
        "seed": study.seed,
        "wanted": study.sample_size,
        "drawn": study.sample.count(),
        "eligible_latents": frame.get("eligible"),
        "strata": frame.get("frame", []),
        "version": frame.get("version"),
    }


def _mining(study: Study) -> dict[str, Any] | None:
    """Digests and facts of the run; never a folder of this installation."""
    run = study.run
    if run is None:
        return None
    manifest = run.manifest or {}
    facts = ("model_name", "model_revision", "hook_point", "sae_digest", "sae_architecture", "sae_width", "unit")
    counts = ("dtype", "documents", "reserved_documents", "duplicate_documents", "tokens", "dropped_tokens")
    request = {name: value for name, value in run.request.items() if name not in ("model", "sae")}
    return {
        "run": run.digest,
        "language_model": run.sae.language_model.name,
        "sae": run.sae.name,
        "corpus": {"name": run.corpus.name, "digest": run.corpus.digest, "documents": run.corpus.document_count},
        "request": request,
        **{name: manifest.get(name) for name in (*facts, *counts)},
        "files": manifest.get("files", {}),
        "software": manifest.get("software", {}),
    }


def _audit_head(study: Study) -> dict[str, Any]:
    """The last event of the study's chain as this release saw it: an anchor outside the system."""
    head = AuditEvent.objects.filter(study=study.pk).order_by("-number").values("number", "digest").first()
    return dict(head or {"number": 0, "digest": "0" * 64})


def _software() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        (postgres,) = cursor.fetchone()
    own = {"consilium": _own_version(), "python": platform.python_version(), "postgres": str(postgres)}
    return own | {name.lower(): version(name) for name in PACKAGES}


def _own_version() -> str:
    try:
        return version("consilium")
    except PackageNotFoundError:
        return "run from a folder, not installed"


def _pseudonym(study: Study, user: int) -> str:
    held = Membership.objects.filter(study=study, user=user, role=Role.RESEARCHER)
    return held.values_list("pseudonym", flat=True).first() or "none"


def _iso(moment: Any) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
