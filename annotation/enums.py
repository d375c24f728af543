"""The vocabulary of docs/architecture.md as closed lists: one word per thing, in tables, URLs and pages."""

from django.db.models import TextChoices


class Role(TextChoices):
    ANNOTATOR = "annotator", "Annotator"
    ADJUDICATOR = "adjudicator", "Adjudicator"
    RESEARCHER = "researcher", "Researcher"
    COORDINATOR = "coordinator", "Coordinator"


class Specialty(TextChoices):
    """A rater's field, as she says it of herself. Broad on purpose: a narrow one would name her."""

    ANAESTHESIA = "anaesthesia", "Anaesthesiology and intensive care"
    CARDIOLOGY = "cardiology", "Cardiology"
    DERMATOLOGY = "dermatology", "Dermatology"
    EMERGENCY = "emergency", "Emergency medicine"
    ENDOCRINOLOGY = "endocrinology", "Endocrinology and diabetology"
    ENT = "ent", "Ear, nose and throat"
    GASTROENTEROLOGY = "gastroenterology", "Gastroenterology"
    GENERAL_PRACTICE = "general-practice", "General practice or family medicine"
    GERIATRICS = "geriatrics", "Geriatrics"
    GYNAECOLOGY = "gynaecology", "Gynaecology and obstetrics"
    HAEMATOLOGY_ONCOLOGY = "haematology-oncology", "Haematology and oncology"
    INFECTIOUS_DISEASES = "infectious-diseases", "Infectious diseases and microbiology"
    INTERNAL_MEDICINE = "internal-medicine", "Internal medicine, general"
    NEPHROLOGY = "nephrology", "Nephrology"
    NEUROLOGY = "neurology", "Neurology"
    OPHTHALMOLOGY = "ophthalmology", "Ophthalmology"
    ORTHOPAEDICS = "orthopaedics", "Orthopaedics and trauma surgery"
    PAEDIATRICS = "paediatrics", "Paediatrics"
    PATHOLOGY = "pathology", "Pathology and laboratory medicine"
    PSYCHIATRY = "psychiatry", "Psychiatry and psychosomatics"
    RADIOLOGY = "radiology", "Radiology and nuclear medicine"
    RESPIRATORY = "respiratory", "Respiratory medicine"
    RHEUMATOLOGY = "rheumatology", "Rheumatology"
    SURGERY = "surgery", "Surgery, general and other"
    UROLOGY = "urology", "Urology"
    OTHER = "other", "Another field"
    NOT_SAID = "rather-not-say", "I would rather not say"


class Seniority(TextChoices):
    """How far a rater is on her way, in bands that hold many people each."""

    STUDENT = "student", "Medical student"
    BEFORE_TRAINING = "before-training", "Junior doctor, not yet in specialty training"
    IN_TRAINING = "in-training", "Resident or registrar, in specialty training"
    SPECIALIST = "specialist", "Specialist for less than ten years"
    SENIOR_SPECIALIST = "senior-specialist", "Specialist for ten years or more"
    OTHER = "other", "Another profession"
    NOT_SAID = "rather-not-say", "I would rather not say"


class RaterAttribute(TextChoices):
    """What a release's table of raters may say of them beyond role, institution and counts."""

    SPECIALTY = "specialty", "Specialty"
    SENIORITY = "seniority", "Seniority"
    CALIBRATION = "calibration", "Calibration"


class RunState(TextChoices):
    QUEUED = "queued", "Waiting for a GPU worker"
    RUNNING = "running", "Mining"
    FINISHED = "finished", "Finished"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class CorpusImportState(TextChoices):
    """Of text on its way in. Nothing of it is a corpus before `done`."""

    PROPOSED = "proposed", "Columns to be confirmed"
    CHECKING = "checking", "Being read"
    CHECKED = "checked", "Read, to be imported"
    STORING = "storing", "Being stored"
    DONE = "done", "Imported"
    REFUSED = "refused", "Cannot be imported"
    DISCARDED = "discarded", "Discarded"


class LatentFlag(TextChoices):
    DEAD = "dead", "Dead"
    DENSE = "dense", "Dense"
    SINGLE_TOKEN = "single-token", "Single token"


class SnippetKind(TextChoices):
    TOP = "top", "Strongest"
    DECILE = "decile", "Mid-range"
    FOIL_RANDOM = "foil-random", "Random snippet where it does not fire"
    FOIL_HARD = "foil-hard", "Look-alike where it does not fire"
    HELD_OUT = "held-out", "Held out, fires"
    HELD_OUT_RANDOM = "held-out-random", "Held out, random, does not fire"
    HELD_OUT_HARD = "held-out-hard", "Held out, look-alike, does not fire"


SHOWN_TO_RATERS = (SnippetKind.TOP, SnippetKind.DECILE, SnippetKind.FOIL_RANDOM, SnippetKind.FOIL_HARD)
"""Held-out kinds are for readers and scorers; a rater never sees one."""


class Arm(TextChoices):
    """Why a silent held-out snippet is in a trial."""

    RANDOM = "random", "Drawn at random"
    HARD = "hard", "Looks alike"
    MENTION = "mention", "Negated, or said of a relative"


class ItemKind(TextChoices):
    CONCEPT = "concept", "Concept"
    NOMINAL = "nominal", "One of several"
    ORDINAL = "ordinal", "Scale"
    FLAGS = "flags", "Any of several"
    CONFIDENCE = "confidence", "Confidence"
    TEXT = "text", "Free text"


class RoundKind(TextChoices):
    CALIBRATION = "calibration", "Calibration"
    INDEPENDENT = "independent", "Independent"
    EXTRA = "extra", "Extra"
    RETEST = "retest", "Retest"
    AGAIN = "again", "Asked again"
    READING = "reading", "Reading"
    EXTERNAL = "external", "Rated elsewhere"


class RoundState(TextChoices):
    DRAFT = "draft", "Not yet open"
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


class SlotState(TextChoices):
    OPEN = "open", "Free"
    LEASED = "leased", "With a rater"
    SUBMITTED = "submitted", "Rated"


class Outcome(TextChoices):
    ANSWERED = "answered", "Answered"
    CANNOT_TELL = "cannot-tell", "Cannot tell from these snippets"
    NOT_CLINICAL = "not-clinical", "Not clinical"


class Fit(TextChoices):
    """Whether a snippet fits what the rater says of the latent."""

    FITS = "fits", "Fits"
    DOES_NOT_FIT = "does-not-fit", "Does not fit"
    UNSURE = "unsure", "Unsure"


class ScoreTask(TextChoices):
    """What is asked of who or what judges a rationale."""

    DETECTION = "detection", "Which snippets should fire"
    FUZZING = "fuzzing", "Whether the right words are marked"
    INTRUDER = "intruder", "Which snippet does not belong"


class Scorer(TextChoices):
    """Programs that judge rationales. A study says which it uses."""

    EMBEDDING = "embedding", "Closeness of meaning"
    JUDGE = "judge", "Language model as judge"


class ReportState(TextChoices):
    """Of a snippet that may show a person. Hidden from everyone in all but the second."""

    OPEN = "open", "Waiting for a coordinator"
    SHOWN_AGAIN = "shown-again", "No person: shown again"
    WITHHELD = "withheld", "A person: hidden for good"


class CodeSystem(TextChoices):
    ICD_10_CM = "icd-10-cm", "ICD-10-CM"
    HPO = "hpo", "HPO"


class ConceptFactKind(TextChoices):
    """What is said of a concept after it was typed. `other` is the concept that the fact leads to."""

    MERGED = "merged-into", "Merged into"
    NARROWER = "narrower-than", "Narrower than"
    CODED = "coded-as", "Coded as"
    WITHDRAWN = "withdrawn", "Taken back"


class WithdrawalPolicy(TextChoices):
    """What the study's consent says of the ratings of someone who withdraws."""

    STAY = "stay", "Her ratings stay"
    WITHHOLD = "withhold", "Her ratings are withheld from releases and results"


class LatentState(TextChoices):
    SAMPLED = "sampled", "Sampled"
    RATING = "rating", "Being rated"
    ACCEPTED = "accepted", "Accepted"
    AMBIGUOUS = "ambiguous", "More raters asked"
    RECRUITING = "recruiting", "Waiting for raters"
    PERSISTENT = "persistent", "Persistently ambiguous"
    DECIDED = "decided", "Decided"
    IRREDUCIBLE = "irreducible", "Irreducible: the distribution is the answer"
    SPLIT = "split", "To be split or merged"
    UNUSABLE = "unusable", "Unusable"


class CaseKind(TextChoices):
    FIRST = "first", "First look"
    SECOND = "second", "Second opinion"
    REPEAT = "repeat", "Repeat of an adjudicator's own case"


class CaseState(TextChoices):
    OPEN = "open", "Waiting"
    DECIDED = "decided", "Decided"
    GIVEN_BACK = "given-back", "Given back undecided"


class CaseStepKind(TextChoices):
    """What an adjudicator does with a case besides deciding it."""

    DEFERRED = "deferred", "Deferred"
    HANDED_OVER = "handed-over", "Handed to a second adjudicator"
    SECOND_ASKED = "second-asked", "Second opinion asked for"
    GIVEN_BACK = "given-back", "Given back"

    @classmethod
    def handing(cls) -> list[str]:
        """Steps that name another adjudicator."""
        return [cls.HANDED_OVER.value, cls.SECOND_ASKED.value]


class SignatureMethod(TextChoices):
    """How a person showed that it is she who signs."""

    PASSWORD = "password", "Password entered again"
    SIMULATED = "simulated", "Given by a program"
    NONE = "none", "Decided before signatures were asked for"


class DecisionOutcome(TextChoices):
    CONCEPT = "concept", "One concept"
    IRREDUCIBLE = "irreducible", "Irreducible: the distribution is the answer"
    SPLIT = "split", "Split or merge the concept"
    UNUSABLE = "unusable", "The latent is unusable"


class DisagreementCause(TextChoices):
    SYNONYMS = "synonyms", "Different words for one thing"
    GRANULARITY = "granularity", "Broader against narrower"
    SEVERAL_MEANINGS = "several-meanings", "The latent holds several meanings"
    FORM = "form", "Form or grammar read as content"
    RUBRIC_UNCLEAR = "rubric-unclear", "The rubric leaves it open"
    SLIP = "slip", "A slip by one rater"
    KNOWLEDGE = "knowledge", "Specialist knowledge was needed"


class ReleaseState(TextChoices):
    BUILDING = "building", "Being written"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"


class WebhookKind(TextChoices):
    """What a webhook can be told of."""

    ROUND_CLOSED = "round.closed", "A round closed"
    CASE_OPENED = "case.opened", "A case opened"
    RELEASE_CUT = "release.cut", "A release was cut"
    PING = "ping", "A trial of the address"


class DeliveryState(TextChoices):
    WAITING = "waiting", "Waiting"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Failed"


class TokenScope(TextChoices):
    """What a script may do with a token, within what its person may."""

    READ = "read", "Read the study, its latents and its results"
    TEXT = "text", "Read snippets of notes"
    RATE = "rate", "Take latents and rate them"
    DIRECT = "direct", "Open and close rounds, stop and resume mining"
    RELEASE = "release", "Cut releases and take their files away"


class AuditVerb(TextChoices):
    CORPUS_IMPORTED = "corpus-imported", "Corpus imported"
    CORPUS_CHECKED = "corpus-checked", "Files of a corpus read before its import"
    CORPUS_DISCARDED = "corpus-discarded", "Import of a corpus discarded"
    TEXT_PERMITTED = "text-permitted", "Text of a corpus permitted to leave in releases"
    TEXT_KEPT = "text-kept", "Text of a corpus kept from leaving in releases"
    MODEL_REGISTERED = "model-registered", "Language model and SAE registered"
    STUDY_CREATED = "study-created", "Study created"
    INSTITUTION_ADDED = "institution-added", "Institution added"
    MEMBER_ADDED = "member-added", "Member added"
    LINK_ISSUED = "link-issued", "Sign-in link issued"
    PASSWORD_CHOSEN = "password-chosen", "Password chosen"
    PERSON_DESCRIBED = "person-described", "Specialty or seniority said of oneself"
    SIGNED_IN = "signed-in", "Signed in by link"
    RUN_REQUESTED = "run-requested", "Mining requested"
    RUN_ENDED = "run-ended", "Mining ended"
    RUN_CANCELLED = "run-cancelled", "Mining cancelled"
    RUN_RESUMED = "run-resumed", "Mining resumed"
    RUN_IMPORTED = "run-imported", "Mining run imported from another tool's files"
    LATENTS_MATCHED = "latents-matched", "Latents of two runs matched"
    TEXT_TRIED = "text-tried", "Text tried on the latents"
    RUBRIC_PUBLISHED = "rubric-published", "Rubric version published"
    SAMPLE_DRAWN = "sample-drawn", "Sample of latents drawn"
    ROUND_OPENED = "round-opened", "Round opened"
    ROUND_CLOSED = "round-closed", "Round closed"
    REFERENCE_SET = "reference-set", "Calibration reference set"
    RATING_SUBMITTED = "rating-submitted", "Rating submitted"
    RATING_REVISED = "rating-revised", "Rating revised"
    LATENT_DECLINED = "latent-declined", "Latent declined as not her field"
    SNIPPET_REPORTED = "snippet-reported", "Snippet reported to show a person"
    REPORT_DECIDED = "report-decided", "Report of a snippet decided"
    REFERENCE_CORRECTED = "reference-corrected", "Calibration reference corrected"
    CALIBRATION_JUDGED = "calibration-judged", "Calibration set judged"
    RATER_LET_THROUGH = "rater-let-through", "Rater let through without having passed"
    READINGS_ASKED = "readings-asked", "Readings asked for"
    READING_SUBMITTED = "reading-submitted", "Reading submitted"
    RUBRIC_ADOPTED = "rubric-adopted", "Rubric version adopted"
    RATINGS_ASKED_AGAIN = "ratings-asked-again", "Ratings asked for again"
    SLOT_FREED = "slot-freed", "Place taken back from a rater"
    SLOT_GIVEN = "slot-given", "Place given to a rater"
    RATER_REMINDED = "rater-reminded", "Rater reminded by e-mail"
    HOURS_SIGNED = "hours-signed", "Statement of hours signed"
    MEMBER_WITHDREW = "member-withdrew", "Member withdrew"
    STUDY_CHANGED = "study-changed", "Study settings changed"
    CONCEPTS_MERGED = "concepts-merged", "Concept merged into another"
    CONCEPT_PLACED = "concept-placed", "Concept placed under a broader one"
    CONCEPT_CODED = "concept-coded", "Concept linked to a code"
    CONCEPT_FACT_WITHDRAWN = "concept-fact-withdrawn", "Fact about a concept taken back"
    SCORES_ASKED = "scores-asked", "Automatic scores asked for"
    SCORES_TAKEN = "scores-taken", "Automatic scores taken in"
    RESULTS_COMPUTED = "results-computed", "Agreement and consensus computed"
    RATERS_ASKED = "raters-asked", "More raters asked"
    CASE_OPENED = "case-opened", "Case opened"
    CASE_DECIDED = "case-decided", "Case decided"
    DECISION_SUPERSEDED = "decision-superseded", "Decision superseded by a new one"
    CASE_DEFERRED = "case-deferred", "Case deferred"
    CASE_HANDED_OVER = "case-handed-over", "Case handed to a second adjudicator"
    CASE_GIVEN_BACK = "case-given-back", "Case given back"
    CASE_DIGEST_SENT = "case-digest-sent", "Adjudicator told by e-mail that cases wait"
    CASE_DIGEST_CHOSEN = "case-digest-chosen", "E-mails about waiting cases switched on or off"
    RELEASE_REQUESTED = "release-requested", "Release requested"
    RELEASE_CUT = "release-cut", "Release cut"
    RELEASE_FAILED = "release-failed", "Release failed"
    RELEASE_DOWNLOADED = "release-downloaded", "Release file downloaded"
    ROUND_IMPORTED = "round-imported", "Ratings made elsewhere imported"
    LATENTS_EXPORTED = "latents-exported", "Release written for another tool"
    WEBHOOK_HOST_ALLOWED = "webhook-host-allowed", "Host allowed for webhooks"
    WEBHOOK_HOST_REMOVED = "webhook-host-removed", "Host no longer allowed for webhooks"
    WEBHOOK_MADE = "webhook-made", "Webhook made"
    WEBHOOK_STOPPED = "webhook-stopped", "Webhook stopped"
    TOKEN_ISSUED = "token-issued", "API token issued"
    TOKEN_REVOKED = "token-revoked", "API token revoked"
