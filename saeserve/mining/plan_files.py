"""A corpus's plan as files, made once and shared by all runs that need the same one."""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from saeserve.artifacts import read_json, write_folder_atomically, write_json
from saeserve.contract import MiningRequest, canonical_json
from saeserve.documents import BadCorpus
from saeserve.language_model import LanguageModel
from saeserve.mining import plan as planning
from saeserve.mining.folders import corpus_file
from saeserve.mining.index import ARRAYS, NAMES, CorpusIndex, index_corpus
from saeserve.mining.plan import Plan, plan_corpus
from saeserve.mining.snippet_table import load_table, save_table
from saeserve.refusal import Refusal

ARRAYS_FILE, SNIPPETS_FILE = "documents.safetensors", "snippets.safetensors"
NAMES_FILE, KEY_FILE = "names.json", "key.json"
PLAN_VERSION = 2
"""Raised when anything about indexing or planning changes."""


class BadPlan(Refusal):
    """The files of a plan are missing or damaged."""

    retry_helps = True


def plan_folder(root: Path, corpus_digest: str, key: str) -> Path:
    return root / "corpora" / corpus_digest / "plans" / key


def make_plan(
    root: Path, request: MiningRequest, model: LanguageModel, on_document: Callable[[int], None] = lambda done: None
) -> str:
    """Index the corpus and keep its plan, unless that was done before. Returns the plan's key."""
    corpus = corpus_file(root, request.corpus_digest)
    if not corpus.is_file():
        raise BadCorpus(f"The corpus {request.corpus_digest} has no documents.jsonl; import it again.")
    record = {
        "context_tokens": request.context_tokens,
        "overlap_tokens": request.overlap_tokens,
        "reserved_share": request.reserved_share,
        "seed": request.seed,
        "tokenizer": tokenizer_digest(model),
        "bytes": corpus.stat().st_size,
        "blocks": [planning.BLOCK_DOCUMENTS, planning.BLOCK_TOKENS],
        "version": PLAN_VERSION,
    }
    key = hashlib.sha256(canonical_json(record).encode()).hexdigest()
    folder = plan_folder(root, request.corpus_digest, key)
    if not folder.is_dir():
        plan = plan_corpus(
            index_corpus(
                corpus,
                model.tokenizer,
                context_tokens=request.context_tokens,
                overlap_tokens=request.overlap_tokens,
                reserved_share=request.reserved_share,
                seed=request.seed,
                on_document=on_document,
            )
        )
        write_folder_atomically(folder, lambda aside: _fill(aside, plan, record))
    return key


@lru_cache(maxsize=2)
def read_plan(folder: Path) -> Plan:
    """The plan that `make_plan` left. Raises BadPlan."""
    try:
        arrays, names = load_file(folder / ARRAYS_FILE), read_json(folder / NAMES_FILE)
        snippets = load_table(folder / SNIPPETS_FILE)
        columns: dict[str, Any] = {name: names[name] for name in NAMES} | {name: arrays[name] for name in ARRAYS}
        return Plan(CorpusIndex(**columns, snippets=snippets), arrays["documents"], arrays["block_firsts"])
    except KeyError as error:
        raise BadPlan(f"The plan {folder} lacks its {error.args[0]}; delete that folder and mine again.") from error
    except (OSError, ValueError, TypeError, SafetensorError) as error:
        raise BadPlan(f"The plan {folder} cannot be read ({error}); delete that folder and mine again.") from error


def tokenizer_digest(model: LanguageModel) -> str:
    """Hex sha256 of all that decides how text becomes tokens."""
    return hashlib.sha256(model.tokenizer.backend_tokenizer.to_str().encode()).hexdigest()


def _fill(folder: Path, plan: Plan, record: dict[str, object]) -> None:
    arrays = {name: np.ascontiguousarray(getattr(plan.index, name)) for name in ARRAYS}
    arrays |= {"documents": plan.documents, "block_firsts": plan.block_firsts}
    save_file(arrays, folder / ARRAYS_FILE)
    save_table(plan.index.snippets, folder / SNIPPETS_FILE)
    write_json(folder / NAMES_FILE, {name: getattr(plan.index, name) for name in NAMES})
    write_json(folder / KEY_FILE, record)
