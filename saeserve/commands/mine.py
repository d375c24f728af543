"""`saeserve mine`: every latent's snippets of one or several SAEs, in one pass over a corpus."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from saeserve.commands.common import (
    SIZES,
    BadCommand,
    Say,
    add_model,
    add_sae_options,
    add_sizes,
    loaded_for,
    sae_options,
)
from saeserve.commands.progress_lines import ProgressLines
from saeserve.contract import MiningRequest, UnknownVersion

HELP = "mine every latent's snippets from a corpus"
NUMBERS = SIZES | {"reserved_share": float, "top": int, "per_decile": int, "foils": int, "held_out": int}
NUMBERS |= {"shard_tokens": int}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--root", type=Path, required=True, help="artifact root")
    parser.add_argument(
        "--request",
        type=Path,
        action="append",
        help="a mining request as JSON, or several; instead of --model, --sae and --corpus",
    )
    add_model(parser, required=False)
    parser.add_argument(
        "--sae", type=Path, action="append", help="folder or file of an SAE; give it again for more SAEs of the model"
    )
    add_sae_options(parser)
    parser.add_argument("--corpus", type=Path, help=".jsonl or .jsonl.gz with id and text")
    add_sizes(parser, NUMBERS)


def run(options: argparse.Namespace, _given: list[str], say: Say) -> dict[str, Any]:
    from saeserve.mining.folders import run_folder
    from saeserve.mining.open_run import Worker
    from saeserve.mining.run import mine_together

    requests = _requests(options, say)
    lines = ProgressLines(sys.stderr if options.json else sys.stdout, several=len(requests) > 1)
    outcomes = mine_together(requests, Worker(options.root, loaded_for(options, options.root), lines.watch))
    lines.end()
    failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    for request, outcome in zip(requests, outcomes, strict=True):
        if not isinstance(outcome, Exception):
            say(f"The run is in {run_folder(options.root, request)}.")
    if failures:
        for failure in failures[:-1]:
            say(f"Refused: {failure}")
        raise failures[-1]
    manifests = [outcome.to_dict() for outcome in outcomes if not isinstance(outcome, Exception)]
    return manifests[0] if len(manifests) == 1 else {"runs": manifests}


def _requests(options: argparse.Namespace, say: Say) -> list[MiningRequest]:
    if options.request:
        return [_read(path) for path in options.request]
    missing = [f"--{name}" for name in ("model", "sae", "corpus") if getattr(options, name) is None]
    if missing:
        raise BadCommand(f"Give {', '.join(missing)}, or a whole request with --request.")
    if len(options.sae) > 1 and sae_options(options):
        said = ", ".join(f"--{name.replace('_', '-')}" for name in sae_options(options))
        raise BadCommand(f"{said} would be said of all {len(options.sae)} SAEs; mine with one SAE at a time.")
    from saeserve.corpus_import import import_corpus

    digest = import_corpus(options.corpus, options.root)
    say(f"The corpus is {digest}.")
    model = Path(options.model)
    return [
        MiningRequest(
            model=str(model.resolve()) if model.exists() else options.model,
            sae=str(sae.resolve()),
            sae_options=sae_options(options),
            corpus_digest=digest,
            dtype=options.dtype,
            **{name: getattr(options, name) for name in NUMBERS},
        )
        for sae in options.sae
    ]


def _read(path: Path) -> MiningRequest:
    try:
        return MiningRequest.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, UnknownVersion) as error:
        raise BadCommand(f"{path} is not a mining request that can be read ({error}).") from error
