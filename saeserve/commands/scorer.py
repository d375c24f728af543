"""`saeserve scorer`: fetch the model of the automatic scorer."""

import argparse
from pathlib import Path
from typing import Any

from saeserve.commands.common import Say

HELP = "fetch the sentence model that scores rationales"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--into", type=Path, required=True, help="folder that gets all-minilm-l6-v2")


def run(options: argparse.Namespace, _given: list[str], say: Say) -> dict[str, Any]:
    from saeserve.sentence_model import prepare_sentence_model

    return {"folder": str(prepare_sentence_model(options.into, say=say))}
