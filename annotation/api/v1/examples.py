"""An example of each thing that is sent or answered, by its name in the OpenAPI description."""

from typing import Any

AT, LATER = "2026-11-22T10:42:00Z", "2026-11-22T11:12:00Z"
STUDY = {"slug": "hearts", "name": "Hearts", "simulated": False, "roles": ["researcher"]}
WORD = {"snippet": 812, "start": 14, "end": 24}
ANSWERS = {"category": "finding", "coherence": 4, "specificity": 4, "confidence": 4, "flags": []}
CONTENT = {
    "outcome": "answered",
    "answers": {"concept": "chest pain", **ANSWERS},
    "rationale": "All of them name pain in the chest; the look-alikes name other pain.",
    "second_concept": "",
    "evidence": [WORD],
    "fits": [{"snippet": 812, "fit": "fits"}],
    "active_seconds": 41.5,
}
SNIPPET = {
    "text": "Seen for chest pain since the morning.",
    "tokens": [{"start": 9, "end": 19, "activation": 11.5}],
}
SHOWN = {"id": 812, **SNIPPET, "about": "Cardiology, progress", "cut_start": True, "cut_end": True}
ITEM = {
    "key": "coherence",
    "kind": "ordinal",
    "question": "How much do the snippets have in common?",
    "help": "",
    "required": True,
    "options": [{"value": 1, "label": "Nothing", "help": ""}, {"value": 5, "label": "One idea", "help": ""}],
    "condition": None,
}
CONSENSUS = {
    "item": "concept",
    "classes": ["chest pain", "troponin"],
    "votes": [2, 1],
    "theta": [0.62, 0.38],
    "q": [0.81, 0.19],
    "dawid_skene": [0.9, 0.1],
    "dawid_skene_reason": "",
    "majority": ["chest pain"],
    "n_eff": 2.7,
    "flip_rate": 0.08,
    "entropy": 0.96,
    "ratings": 3,
    "cannot_tell": 0,
    "institutions": 2,
    "weights": {"R01": 1.0, "R02": 0.9, "R03": 0.8},
}
LATENT = {
    "index": 1207,
    "identity": "9c1b",
    "density": 0.0021,
    "documents": 48,
    "max_activation": 17.3,
    "position": 4,
    "stratum": "occasional, cardiology",
    "state": "accepted",
    "hidden": False,
    "ratings": 3,
    "concept": "chest pain",
    "share": 0.62,
    "flags": [],
}
OPINION = {
    "letter": "A",
    "outcome": "answered",
    "concept": "chest pain",
    "second_concept": "",
    "rationale": "All of them name pain in the chest.",
    "answers": [{"question": "How sure are you?", "answer": "4: Sure"}],
    "evidence": [WORD],
    "fits": [],
}
SLOT = {"name": "5f" * 16, "round": 1, "lease_expires_at": LATER, "ticket": "gAAAAA"}
ROUND = {"number": 1, "kind": "independent", "state": "open", "rubric": 3, "opened_at": AT, "closed_at": None}
RUBRIC = {"id": 3, "rubric": "Clinical latents", "number": 2, "published_at": AT, "based_on": 1}
RELEASE = {"number": 2, "state": "ready", "requested_at": AT, "cut_at": LATER, "failure": ""}

EXAMPLES: dict[str, Any] = {
    "StudySummary": STUDY,
    "StudyDetail": {
        **STUDY,
        "purpose": "What do latents about the heart stand for?",
        "created_at": AT,
        "rubric": 3,
        "run": 7,
        "settings": {
            "sample_size": 24,
            "minimum_documents": 20,
            "maximum_density": 0.05,
            "seed": 20261122,
            "raters_per_latent": 3,
            "retest_share": 0.15,
            "calibration_threshold": 0.6,
            "reading_share": 0.2,
            "accept_q": 0.9,
            "accept_theta": 0.73,
            "accept_n_eff": 2.5,
            "accept_flip_rate": 0.2,
        },
        "states": [{"state": "accepted", "latents": 18}, {"state": "persistent", "latents": 2}],
    },
    "RunDetail": {
        "id": 7,
        "digest": "4e07",
        "state": "finished",
        "language_model": "small",
        "sae": "Layer 12, 16 k",
        "hook_point": "model.layers.12",
        "width": 16384,
        "corpus": "Notes",
        "requested_at": AT,
        "ended_at": LATER,
        "failure": "",
        "retry_helps": False,
        "reconstruction": [
            {"name": "FVE", "meaning": "fraction of variance explained", "declared": 0.87, "measured": 0.86}
        ],
    },
    "RunProgress": {"state": "running", "phase": "mining", "done": 120000, "total": 400000, "seconds_left": 64.0},
    "RunChange": {"state": "cancelled"},
    "LatentSummary": LATENT,
    "LatentFull": {
        **LATENT,
        "firings": 9120,
        "histogram": [40, 30, 20, 10],
        "decile_edges": [1.0, 2.0, 3.0],
        "held_out": 9,
        "profile": {
            "lens": "Decoder direction through the model's final norm and unembedding.",
            "promoted": [{"token": " pain", "logit": 3.1}],
            "suppressed": [{"token": " knee", "logit": -1.2}],
            "neighbours": [{"index": 88, "cosine": 0.61}],
        },
        "consensuses": [CONSENSUS],
        "opinions": [OPINION],
    },
    "LatentSnippets": {
        "index": 1207,
        "hidden": 0,
        "snippets": [
            {**SNIPPET, "kind": "top", "peak": 11.5, "decile": 9, "place": "Cardiology", "before": "", "after": ""}
        ],
    },
    "RubricSummary": RUBRIC,
    "RubricDetail": {**RUBRIC, "guidance": "Read the strongest first.", "sources": "", "items": [ITEM]},
    "RoundDetail": ROUND,
    "RoundChange": {"state": "closed"},
    "RoundStanding": {
        "number": 1,
        "kind": "independent",
        "state": "open",
        "places": 72,
        "rated": 40,
        "leased": 3,
        "surplus": 1,
        "drafts": 2,
    },
    "Slot": SLOT,
    "SlotSheet": {
        **SLOT,
        "done": 4,
        "total": 24,
        "scale": 17.3,
        "guidance": "Read the strongest first.",
        "items": [ITEM],
        "groups": [{"name": "strongest", "title": "Strongest", "note": "Where it fires most.", "snippets": [SHOWN]}],
        "suggestions": [{"value": "chest pain", "note": ""}],
        "draft": None,
    },
    "Declined": {"declined_at": AT},
    "NewRating": {**CONTENT, "ticket": "gAAAAA"},
    "Revision": {**CONTENT, "reason": "I overlooked the third snippet."},
    "StoredRating": {"id": 4711, "revision": 1, "submitted_at": AT, "surplus": False},
    "OwnRating": {
        "id": 4711,
        "round": 1,
        "revision": 1,
        "revisable": True,
        "submitted_at": AT,
        "concept": "chest pain",
        **{name: CONTENT[name] for name in CONTENT if name != "answers"},
        "answers": ANSWERS,
    },
    "ResultsDetail": {
        "id": 31,
        "input_digest": "b5d4",
        "method_version": "clc-2",
        "parameters": {"accept_q": 0.9},
        "seed": 1,
        "ratings": 72,
        "raters": 6,
        "latents": 24,
        "computed_at": AT,
        "stale": False,
        "newer_ratings": 0,
        "scopes": ["all", "round:1"],
        "items": ["concept", "category"],
    },
    "Agreement": {
        "item": "concept",
        "scope": "all",
        "coefficient": "alpha",
        "level": "nominal",
        "value": 0.61,
        "low": 0.48,
        "high": 0.72,
        "undefined_reason": "",
        "interval_reason": "",
        "units": 24,
        "ratings": 72,
        "raters": 6,
    },
    "Pair": {
        "item": "concept",
        "first": "R01",
        "second": "R02",
        "latents": 24,
        "raw": 0.71,
        "kappa": 0.58,
        "undefined_reason": "",
    },
    "ConsensusRow": {"index": 1207, "position": 4, "state": "accepted", "consensus": CONSENSUS},
    "CaseSummary": {
        "id": 12,
        "standing": "waits",
        "opened_at": AT,
        "visible": True,
        "why": "No concept reaches 0.90.",
        "opinions": 5,
        "deferred_until": None,
        "outcome": None,
    },
    "CaseDetail": {
        "id": 12,
        "state": "open",
        "why": "No concept reaches 0.90.",
        "opened_at": AT,
        "conflict": False,
        "opinions": [{**OPINION, "closed": 0}],
        "snippets": [
            {
                **SHOWN,
                "group": "strongest",
                "name": "Strongest 1",
                "pointers": [{"letter": "A", "start": 9, "end": 19, "words": "chest pain"}],
                "verdicts": [{"fit": "fits", "letters": ["A", "C"]}],
            }
        ],
        "look_alikes": [{"case": 3, "outcome": "concept", "concept": "angina", "cosine": 0.71}],
        "decisions": [],
        "page": "https://consilium.example/studies/hearts/cases/12/",
    },
    "ReleaseSummary": RELEASE,
    "ReleaseDetail": {
        **RELEASE,
        "files": [
            {
                "name": "ratings.parquet",
                "table": "ratings",
                "format": "Parquet",
                "bytes": 18211,
                "sha256": "77af",
                "url": "https://consilium.example/api/v1/studies/hearts/releases/2/files/ratings.parquet",
            }
        ],
    },
    "ProblemDetails": {
        "type": "/api/v1/reference/#problem-invalid",
        "title": "Something in the request is missing or wrong",
        "status": 422,
        "detail": "Say why: the rationale is missing.",
        "instance": "/api/v1/studies/hearts/ratings/",
        "errors": [{"pointer": "#/rationale", "detail": "Say why: the rationale is missing."}],
    },
}


def example_of(name: str) -> Any:
    """None where there is none. A page's holds one item."""
    if name.endswith("Page"):
        item = EXAMPLES.get(name.removesuffix("Page"))
        return None if item is None else {"items": [item], "next": None}
    return EXAMPLES.get(name)
