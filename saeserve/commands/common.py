"""Options and helpers that several commands share."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saeserve.contract import MiningRequest
from saeserve.refusal import Refusal

if TYPE_CHECKING:  # torch is imported only by the command that needs it
    from saeserve.loaded import Loaded

Say = Callable[[str], None]
"""Tells the person at the terminal one line."""
SIZES: dict[str, type] = {"context_tokens": int, "overlap_tokens": int, "sink_norm_multiple": float, "seed": int}


class BadCommand(Refusal):
    """The command line asks for something that cannot be done."""


def add_model(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument(
        "--model",
        required=required,
        help="folder in transformers format, or a hub id such as org/name or org/name@revision",
    )
    parser.add_argument("--dtype", default=MiningRequest.dtype, help="of the model's forward pass")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--offline", action="store_true", help="never ask the hub: only what lies on this machine")


def add_sae_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hook-point", help="where the SAE reads, if its files do not say (or say it wrongly)")
    parser.add_argument("--output-hook-point", help="where a transcoder writes")
    parser.add_argument(
        "--norm-scaling-factor", type=float, help="what the SAE's training multiplied activations by, if not said"
    )
    parser.add_argument("--l0", type=float, help="firings a token that the SAE's authors declare")


def add_sae(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sae", type=Path, required=True, help="folder or file of the SAE, in any format of the README"
    )
    add_sae_options(parser)


def add_sizes(parser: argparse.ArgumentParser, sizes: dict[str, type] = SIZES) -> None:
    """Numbers of a mining request, with its defaults."""
    for name, kind in sizes.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, default=getattr(MiningRequest, name))


def sae_options(options: argparse.Namespace) -> dict[str, Any]:
    """What was said about the SAE that its files do not."""
    names = ("hook_point", "output_hook_point", "norm_scaling_factor", "l0")
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def loaded_for(options: argparse.Namespace, root: Path | None = None) -> "Loaded":
    """A Loaded for the options' device; paths count from the working directory unless there is a root."""
    from saeserve.loaded import Loaded

    return Loaded(root or Path.cwd(), device=options.device, offline=options.offline)
