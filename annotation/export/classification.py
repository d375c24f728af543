"""What becomes of every field of the database when a release is cut: it leaves, leaves as a pseudonym, or stays.

A field that is named nowhere here fails tests/unit/export/test_classification.py, and so does a column of a release
whose field is said to stay: nobody adds a field without deciding, and nothing leaves by oversight. Ids of rows are not
listed: none leaves but numbers of cases, decisions and snippets.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Fields:
    """Names with blanks between them."""

    leave: str = ""
    """In a table or in the manifest, perhaps only when the row counts; keys between tables among them."""
    as_pseudonym: str = ""
    """A person or an institution, which leaves as pseudonym or code."""
    with_text: str = ""
    """In the table of snippets alone, which is written only where the study says so and the corpus permits it."""
    stay: str = ""

    @property
    def leaving(self) -> frozenset[str]:
        return frozenset(self.leave.split()) | frozenset(self.as_pseudonym.split())

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.leave.split(), *self.as_pseudonym.split(), *self.with_text.split(), *self.stay.split())


CLASSIFICATION: Mapping[str, Fields] = {
    "Agreement": Fields(
        leave="run item scope coefficient level value low high undefined_reason interval_reason units ratings raters",
    ),
    "ApiToken": Fields(
        stay="user study name scopes digest ending created_at expires_at last_used_at revoked_at",
    ),
    "AuditEvent": Fields(
        leave="number digest",
        stay="study at actor verb target detail previous",
    ),
    "Case": Fields(
        leave="study latent kind opened_at",
        stay="state why asks beside deferred_until",
    ),
    "CaseDigest": Fields(
        stay="user sent_at waiting",
    ),
    "CaseDraft": Fields(
        stay="case adjudicator answers saved_at number window",
    ),
    "CaseStep": Fields(
        stay="case kind by at reason until to",
    ),
    "Concept": Fields(
        leave="study name created_at",
        stay="created_by",
    ),
    "ConceptFact": Fields(
        leave="study kind concept other system code term release above withdraws reason stated_at",
        as_pseudonym="stated_by",
    ),
    "Consensus": Fields(
        leave="run latent item classes votes q theta dawid_skene dawid_skene_reason majority n_eff flip_rate "
        "entropy ratings cannot_tell institutions",
        as_pseudonym="weights",
        stay="breakdown",
    ),
    "Corpus": Fields(
        leave="name digest document_count",
        stay="source imported_at",
    ),
    "CorpusImport": Fields(
        stay="study asked_by name source state paths format files columns mapping legacy hide_patients "
        "leave_out drop_duplicates read report failure corpus created_at touched_at",
    ),
    "Decision": Fields(
        leave="case outcome concept cause rubric_needs_clause clause rationale decided_at supersedes reason signature",
        as_pseudonym="adjudicator",
    ),
    "Decline": Fields(
        stay="latent rater round declined_at",
    ),
    "Document": Fields(
        with_text="corpus text specialty note_type",
        stay="key patient",
    ),
    "Draft": Fields(
        stay="round latent rater answers saved_at number window",
    ),
    "ExternalRater": Fields(
        stay="membership annotator",
    ),
    "ExternalRound": Fields(
        leave="round tool source digest counts passed",
        as_pseudonym="institution",
        stay="exported_by file imported_by imported_at",
    ),
    "HoursStatement": Fields(
        stay="membership first_day last_day ratings readings seconds uncounted hourly_rate currency signed_by "
        "signed_at",
    ),
    "ImportedExplanation": Fields(
        stay="latent text author method model created",
    ),
    "Institution": Fields(
        leave="code",
        stay="name",
    ),
    "InstitutionHabit": Fields(
        leave="run item institution rho within cross within_pairs cross_pairs undefined_reason",
    ),
    "IntruderScore": Fields(
        leave="study latent scorer version value undefined_reason model scored_at",
        stay="judgements digest batch",
    ),
    "LanguageModel": Fields(
        leave="name",
        stay="folder",
    ),
    "Latent": Fields(
        leave="run index identity firings documents density max_activation",
        stay="histogram decile_edges",
    ),
    "LatentAgreement": Fields(
        leave="run latent item ratings raw beyond_chance undefined_reason",
    ),
    "LatentMatch": Fields(
        stay="pair latent other rank cosine correlation tokens",
    ),
    "LatentProfile": Fields(
        leave="latent specialties flags promoted suppressed neighbours coactivation",
        stay="peak_tokens sections positions",
    ),
    "Membership": Fields(
        leave="role pseudonym ratings_withheld calibrated_at",
        as_pseudonym="user institution",
        stay="study joined_at withdrawn_at",
    ),
    "MiningRun": Fields(
        leave="sae corpus request digest manifest",
        stay="state failure retry_helps asked_with requested_at sent_at ended_at",
    ),
    "PairAgreement": Fields(
        leave="run item first second latents raw kappa undefined_reason",
    ),
    "RaterReliability": Fields(
        leave="run item pseudonym mean low high fitted ratings calibration repeats repeats_matched mean_weight "
        "cannot_tell",
    ),
    "Rating": Fields(
        leave="study latent round slot revision reason outcome concept concept_written answers second_concept "
        "second_concept_written rationale evidence fits active_seconds submitted_at",
        as_pseudonym="rater institution",
        stay="submit_token",
    ),
    "RationaleScore": Fields(
        leave="study rating scorer version task value auroc undefined_reason model scored_at",
        stay="judgements digest batch",
    ),
    "Reading": Fields(
        leave="study slot rating judgements balanced_accuracy active_seconds submitted_at",
        as_pseudonym="reader institution",
        stay="submit_token",
    ),
    "ReadingSlot": Fields(
        leave="round rating number snippets",
        stay="turn state reader lease_token lease_expires_at",
    ),
    "Reference": Fields(
        leave="latent item distribution rationale clause set_at revision reason",
        as_pseudonym="set_by",
    ),
    "Release": Fields(
        leave="study number requested_at cut_at manifest",
        as_pseudonym="requested_by",
        stay="state folder failure",
    ),
    "Reminder": Fields(
        stay="membership sent_by sent_at",
    ),
    "ResultInputs": Fields(
        stay="run content",
    ),
    "ResultRun": Fields(
        leave="study input_digest method_version parameters seed ratings raters latents computed_at left_out_with "
        "left_out_rounds",
        stay="last_rating seconds complete seen judged_with",
    ),
    "ResultStep": Fields(
        stay="run position kind item part digest done_at seconds kept_from",
    ),
    "Round": Fields(
        leave="study number kind state rubric opened_at closed_at repeats calibration_set concepts",
    ),
    "Rubric": Fields(
        leave="name study",
    ),
    "RubricItem": Fields(
        leave="version key kind position question help options required examples condition",
    ),
    "RubricVersion": Fields(
        leave="rubric number guidance sources",
        stay="based_on published_at saved_at saved_by",
    ),
    "RunImport": Fields(
        stay="run tool source files notes imported_by imported_at",
    ),
    "RunPair": Fields(
        stay="run other asked_at asked ended_at",
    ),
    "Sae": Fields(
        leave="name language_model hook_point architecture",
        stay="folder width options card",
    ),
    "SampledLatent": Fields(
        leave="study latent position stratum state extra_rounds state_reason calibration_set",
    ),
    "ScoreBatch": Fields(
        stay="study scorer version digest ratings trials asked_at sent_at sent ended_at answered failure retry_helps",
    ),
    "ScorerStanding": Fields(
        leave="run item scorer on mean_right mean_wrong spread scores calibration_scores",
    ),
    "Sensitivity": Fields(
        leave="run item kind left_out alpha undefined_reason accepted needs_raters recruiting persistent changed",
    ),
    "SignInLink": Fields(
        stay="user token_digest created_at expires_at used_at",
    ),
    "Signature": Fields(
        leave="method digest",
        stay="signed_by signed_at meaning ratings ratings_digest",
    ),
    "Slot": Fields(
        stay="round latent number institution reserved_for not_before priority turn state rater lease_token "
        "lease_expires_at",
    ),
    "Snippet": Fields(
        leave="kind rank decile mention",
        with_text="latent document start end peak tokens section",
        stay="context_start context_end",
    ),
    "SnippetReport": Fields(
        leave="state",
        stay="study snippet reported_by reported_at decided_by decided_at reason",
    ),
    "StagedDocument": Fields(
        stay="imported number place key text specialty note_type patient content words",
    ),
    "StoredAnswer": Fields(
        stay="user key fingerprint status headers body stored_at",
    ),
    "Study": Fields(
        leave="slug name purpose simulated run rubric created_at sample_size minimum_documents maximum_density "
        "seed sample_frame raters_per_latent code_systems ethics accept_q accept_theta accept_n_eff "
        "accept_flip_rate scorers release_snippets release_raters rater_attributes",
        stay="created_by retest_share retest_gap_hours case_repeat_share case_repeat_gap_hours "
        "calibration_threshold reading_share hourly_rate currency withdrawal",
    ),
    "TextPermission": Fields(
        leave="corpus may_leave words stated_at",
        stay="stated_by",
    ),
    "User": Fields(
        leave="specialty seniority",
        stay="password last_login is_superuser email name is_active is_staff case_digest groups user_permissions",
    ),
    "Webhook": Fields(
        stay="study url kinds secret made_by made_at stopped_at stopped_because",
    ),
    "WebhookDelivery": Fields(
        stay="webhook event kind body state made_at due_at attempts ended_at answer",
    ),
    "WebhookHost": Fields(
        stay="name plain allowed_at",
    ),
}
