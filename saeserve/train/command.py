"""The options of `saeserve train`, and what they start."""

import argparse
import os
import shlex
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saeserve.commands.common import Say, add_model
from saeserve.train.recipe import ARCHITECTURES, Recipe

if TYPE_CHECKING:
    from saeserve.train.plan import TrainPlan

HELP = "train SAEs, and write each with its card and report"
NUMBERS = {
    "train_tokens": 450_000,
    "held_out_tokens": 50_000,
    "ce_tokens": 16_000,
    "context_tokens": 255,
    "tried_tokens": 300_000,
    "seed": 1,
}
L0_ROOM = 1.25
"""Times --k: the default of --l0-limit."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """All options of the command."""
    add_model(parser)
    parser.add_argument(
        "--hook-point", nargs="+", required=True, metavar="POINT", help="e.g. model.layers.15; several give an SAE each"
    )
    parser.add_argument("--corpus", type=Path, required=True, help=".jsonl or .jsonl.gz with id and text")
    parser.add_argument("--into", type=Path, required=True, help="folder of the SAE, or of one folder a hook point")
    parser.add_argument("--cache", type=Path, default=Path("var/train"), help="activations and checkpoints")
    parser.add_argument("--data-note", default="", help="a sentence for the card: what the corpus is")
    parser.add_argument("--remark", default="", help="a sentence for the card: how and on which machine it was trained")
    parser.add_argument("--half-precision", action="store_true", help="store the two weight matrices in float16")
    for name, default in NUMBERS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
    _add_recipe(parser)
    _add_report(parser)


def run(options: argparse.Namespace, given: list[str], say: Say) -> dict[str, Any]:
    """Train; returns the reports by folder. `given`: the words after `saeserve`, for the card."""
    from saeserve.artifacts import read_json
    from saeserve.train.run import train_saes
    from saeserve.train.write import REPORT_FILE

    folders = train_saes(plan_of(options), command=shown_command(given), say=say)
    return {str(folder): read_json(folder / REPORT_FILE) for folder in folders}


def shown_command(given: Sequence[str]) -> str:
    """The command as another person can type it: the folder of corpora is named by its variable."""
    corpora = os.environ.get("CORPORA_DIR", "")
    shown = []
    for word in given:
        inside = bool(corpora) and Path(word).is_absolute() and Path(word).is_relative_to(corpora)
        shown.append(f'"$CORPORA_DIR/{Path(word).relative_to(corpora)}"' if inside else shlex.quote(word))
    return " ".join(["python -m saeserve", *shown])


def plan_of(options: argparse.Namespace) -> "TrainPlan":
    """What the options ask for. Raises BadRecipe or BadAssumption."""
    from saeserve.train.cost import Assumptions
    from saeserve.train.plan import TrainPlan
    from saeserve.train.sweep import recipes

    recipe = Recipe(**{field.name: getattr(options, field.name) for field in fields(Recipe)})
    base = replace(recipe, epochs=options.tried_epochs or recipe.epochs)
    plain = {field.name: getattr(options, field.name) for field in fields(TrainPlan) if hasattr(options, field.name)}
    changed = {
        "hook_points": tuple(options.hook_point),
        "recipe": recipe,
        "tried": recipes(base, options.sweep) if options.sweep else (),
        "l0_limit": options.l0_limit or L0_ROOM * recipe.k,
        "assumptions": Assumptions(watts=options.watts, grid=options.grid, price=options.price),
    }
    return TrainPlan(**{**plain, **changed})


def _add_recipe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--architecture", choices=ARCHITECTURES, default=Recipe.architecture)
    parser.add_argument("--width", type=int, default=Recipe.width, help="latents")
    parser.add_argument("--k", type=int, default=Recipe.k, help="firing latents a token; not for relu")
    parser.add_argument("--l1", type=float, default=Recipe.l1, help="weight of the L1 penalty of relu")
    parser.add_argument("--epochs", type=int, default=Recipe.epochs)
    parser.add_argument("--batch", type=int, default=Recipe.batch, help="tokens a step")
    parser.add_argument("--learning-rate", type=float, default=Recipe.learning_rate)
    parser.add_argument(
        "--sweep",
        nargs="+",
        default=[],
        metavar="NAME=VALUES",
        help="try all combinations first and train the best one: k=16,32 width=2048,4096 architecture=topk,jumprelu",
    )
    parser.add_argument("--tried-epochs", type=int, help="epochs of each tried recipe (default: as --epochs)")
    parser.add_argument("--l0-limit", type=float, help="keep no recipe with more firing latents (default: 1.25 x --k)")


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scorer", type=Path, help="folder of a sentence-embedding model, for the automatic score")
    parser.add_argument("--watts", type=float, help="mean power (default: 3.5 W a thread; on a GPU it must be given)")
    parser.add_argument("--grid", type=float, help="grams of CO2 equivalent a kWh (default: world mean)")
    parser.add_argument("--price", type=float, help="price of a kWh (default: EU households, EUR)")
