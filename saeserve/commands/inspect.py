"""`saeserve inspect`: what a model and an SAE are, and that they belong together."""

import argparse
from typing import Any

from saeserve.commands.common import Say, add_model, add_sae, loaded_for, sae_options

HELP = "say what a model and an SAE are"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_sae(parser)


def run(options: argparse.Namespace, _given: list[str], say: Say) -> dict[str, Any]:
    from saeserve.hook_points import transformer_lens_name

    fit = loaded_for(options).fit(options.model, str(options.sae), options=sae_options(options), dtype=options.dtype)
    model, sae = fit.model, fit.sae
    record = {
        "model": model.name,
        "model_revision": model.revision,
        "model_dtype": model.dtype,
        "format": sae.format,
        "architecture": sae.coder.architecture,
        "hook_point": str(fit.point),
        "hook_point_transformer_lens": transformer_lens_name(model.network, fit.point),
        "output_hook_point": str(fit.output_point),
        "trained_on": sae.model_name,
        "input_width": sae.coder.input_width,
        "width": sae.coder.width,
        "unit": sae.coder.unit,
        "configuration": dict(sae.coder.configuration()),
        "sae_digest": fit.sae_digest,
        "declared": fit.declared,
    }
    if warning := sae.metadata.get("warning"):
        record["warning"] = warning
    for name, value in record.items():
        say(f"{name}: {value}")
    return record
