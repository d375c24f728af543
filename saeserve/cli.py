"""`python -m saeserve`: the powers of the GPU side from a shell, with progress and an exit code."""

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from saeserve.commands import gate, inspect, lens, mine, reference, scorer
from saeserve.commands.common import BadCommand, Say
from saeserve.mining.lock import InOtherHands
from saeserve.refusal import Refusal
from saeserve.threads import wait_passively
from saeserve.train import command as train

COMMANDS: dict[str, ModuleType] = {
    "inspect": inspect,
    "gate": gate,
    "mine": mine,
    "train": train,
    "lens": lens,
    "reference": reference,
    "scorer": scorer,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when done, 1 with one sentence when refused, 2 for a wrong command line, 130 when interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser().parse_args(given)
    try:
        _prepare(options)
        record = options.run(options, given, _say_to(sys.stderr if options.json else sys.stdout))
    except (Refusal, InOtherHands) as refusal:
        print(f"saeserve: {refusal}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("saeserve: interrupted; the same command continues where it stopped.", file=sys.stderr)
        return 130
    if options.json:
        print(json.dumps(record, ensure_ascii=False, allow_nan=False))
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line. Each command's options lie beside what it does."""
    top = argparse.ArgumentParser(prog="saeserve", description="SAE inference, mining and training.")
    top.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="CPU threads (default: all cores)")
    commands = top.add_subparsers(required=True, metavar=" | ".join(COMMANDS))
    for name, module in COMMANDS.items():
        command = commands.add_parser(name, help=module.HELP)
        command.add_argument(
            "--json", action="store_true", help="print the result as one JSON object, progress on stderr"
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return top


def _prepare(options: argparse.Namespace) -> None:
    if options.threads < 1:
        raise BadCommand(f"--threads is {options.threads}; give a whole number above 0.")
    if getattr(options, "offline", False):
        os.environ["HF_HUB_OFFLINE"] = "1"
    # What ends a run is told once, by the sentence that main prints; the log is the workers'.
    logging.getLogger("saeserve").addHandler(logging.NullHandler())
    wait_passively()
    import torch

    torch.set_num_threads(options.threads)
    if getattr(options, "device", "cpu").startswith("cuda") and not torch.cuda.is_available():
        raise BadCommand("This machine has no CUDA device; leave --device out.")


def _say_to(stream: Any) -> Say:
    return lambda line: print(line, file=stream, flush=True)
