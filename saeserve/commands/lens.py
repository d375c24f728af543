"""`saeserve lens`: the output tokens that latents raise and lower most."""

import argparse
from typing import Any

from saeserve.commands.common import BadCommand, Say, add_model, add_sae, loaded_for, sae_options

HELP = "show the output tokens that latents raise and lower most"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_sae(parser)
    parser.add_argument("--latent", type=int, nargs="+", required=True, help="numbers of the latents")


def run(options: argparse.Namespace, _given: list[str], say: Say) -> dict[str, Any]:
    from saeserve.lens import lens, lens_rows

    fit = loaded_for(options).fit(options.model, str(options.sae), options=sae_options(options), dtype=options.dtype)
    outside = [latent for latent in options.latent if not 0 <= latent < fit.sae.coder.width]
    if outside:
        raise BadCommand(f"The SAE has no latent {outside[0]}; give numbers from 0 to {fit.sae.coder.width - 1}.")
    found = lens(fit, options.latent)
    rows = lens_rows(fit.model.tokenizer, found)
    say(found.note)
    for latent, row in zip(options.latent, rows, strict=True):
        for kind, entries in row.items():
            say(f"{latent} {kind}: " + ", ".join(f"{entry['token']!r} {entry['logit']:+.2f}" for entry in entries))
    return {"lens": found.note, "latents": [{"index": at} | row for at, row in zip(options.latent, rows, strict=True)]}
