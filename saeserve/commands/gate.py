"""`saeserve gate`: does an SAE reconstruct a model on a corpus."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from saeserve.commands.common import SIZES, Say, add_model, add_sae, add_sizes, loaded_for, sae_options

HELP = "check that an SAE reconstructs a model on a corpus"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_sae(parser)
    parser.add_argument("--corpus", type=Path, required=True, help=".jsonl or .jsonl.gz with id and text")
    add_sizes(parser, {name: kind for name, kind in SIZES.items() if name != "overlap_tokens"})


def run(options: argparse.Namespace, _given: list[str], say: Say) -> dict[str, Any]:
    from saeserve.gate import check_gate, measured_figures
    from saeserve.mining.prepare import texts_to_probe
    from saeserve.probe import probe

    fit = loaded_for(options).fit(options.model, str(options.sae), options=sae_options(options), dtype=options.dtype)
    texts = texts_to_probe(options.corpus, seed=options.seed)
    found = probe(fit, texts, context_tokens=options.context_tokens, sink_norm_multiple=options.sink_norm_multiple)
    for name, value in measured_figures(found.gate).items():
        say(f"{name}: {value:.4g}" + (f" (declared {fit.declared[name]:.4g})" if name in fit.declared else ""))
    if found.gate.note:
        say(found.gate.note)
    check_gate(found.gate, fit.sae.coder)
    say("The SAE fits this model on this corpus.")
    return asdict(found.gate)
