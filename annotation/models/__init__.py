"""Tables, constraints and triggers. One subject a file; the triggers are in migrations/0002_invariants.py."""

from annotation.models.api import ApiToken, StoredAnswer
from annotation.models.audit import AuditEvent
from annotation.models.cases import Case, CaseDigest, CaseDraft, CaseStep, Decision, Signature
from annotation.models.concepts import ConceptFact
from annotation.models.corpora import Corpus, Document, TextPermission
from annotation.models.corpus_imports import CorpusImport, StagedDocument
from annotation.models.external import ExternalRater, ExternalRound
from annotation.models.hours import HoursStatement, Reminder
from annotation.models.imports import ImportedExplanation, RunImport
from annotation.models.mining import LanguageModel, Latent, MiningRun, Sae, Snippet
from annotation.models.people import Institution, Membership, SignInLink, User
from annotation.models.profiles import LatentMatch, LatentProfile, RunPair
from annotation.models.ratings import Rating, Reference
from annotation.models.readings import Reading, ReadingSlot
from annotation.models.releases import Release
from annotation.models.reports import SnippetReport
from annotation.models.result_steps import ResultInputs, ResultStep
from annotation.models.results import (
    Agreement,
    Consensus,
    InstitutionHabit,
    LatentAgreement,
    PairAgreement,
    RaterReliability,
    ResultRun,
    ScorerStanding,
    Sensitivity,
)
from annotation.models.rounds import Decline, Draft, Round, Slot
from annotation.models.rubrics import Rubric, RubricItem, RubricVersion
from annotation.models.scores import IntruderScore, RationaleScore, ScoreBatch
from annotation.models.studies import Concept, SampledLatent, Study
from annotation.models.webhooks import Webhook, WebhookDelivery, WebhookHost

__all__ = [
    "Agreement",
    "ApiToken",
    "AuditEvent",
    "Case",
    "CaseDigest",
    "CaseDraft",
    "CaseStep",
    "Concept",
    "ConceptFact",
    "Consensus",
    "Corpus",
    "CorpusImport",
    "Decision",
    "Decline",
    "Document",
    "Draft",
    "ExternalRater",
    "ExternalRound",
    "HoursStatement",
    "ImportedExplanation",
    "Institution",
    "InstitutionHabit",
    "IntruderScore",
    "LanguageModel",
    "Latent",
    "LatentAgreement",
    "LatentMatch",
    "LatentProfile",
    "Membership",
    "MiningRun",
    "PairAgreement",
    "RaterReliability",
    "Rating",
    "RationaleScore",
    "Reading",
    "ReadingSlot",
    "Reference",
    "Release",
    "Reminder",
    "ResultInputs",
    "ResultRun",
    "ResultStep",
    "Round",
    "Rubric",
    "RubricItem",
    "RubricVersion",
    "RunImport",
    "RunPair",
    "Sae",
    "SampledLatent",
    "ScoreBatch",
    "ScorerStanding",
    "Sensitivity",
    "SignInLink",
    "Signature",
    "Slot",
    "Snippet",
    "SnippetReport",
    "StagedDocument",
    "StoredAnswer",
    "Study",
    "TextPermission",
    "User",
    "Webhook",
    "WebhookDelivery",
    "WebhookHost",
]
