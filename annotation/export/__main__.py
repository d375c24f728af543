"""`python -m annotation.export verify FOLDER_OR_ZIP [--recompute]` and `soft-labels FOLDER_OR_ZIP -o FILE`.

Needs neither a database nor settings. Exit code 0 or 1, a sentence each; 2 for a command that it does not know.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from annotation.export.manifest import UnreadableManifest
from annotation.export.opened import opened
from annotation.export.recompute import recompute
from annotation.export.recompute.comparing import SHOWN
from annotation.export.recompute.released_rows import CannotRecompute
from annotation.export.soft_labels import write_soft_labels
from annotation.export.verify import verify


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    try:
        with opened(asked.release) as folder:
            return int(asked.command(folder, asked))
    except (UnreadableManifest, CannotRecompute) as error:
        _complain(error)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m annotation.export", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser("verify", help="check digests, schema and counts of a downloaded release")
    check.add_argument("release", type=Path, metavar="FOLDER_OR_ZIP", help="a release, unpacked or not")
    check.add_argument(
        "--recompute", action="store_true", help="also compute agreement and consensus again from its ratings"
    )
    check.set_defaults(command=_verify)
    soft = commands.add_parser("soft-labels", help="write soft targets for training, a row a latent and rubric item")
    soft.add_argument("release", type=Path, metavar="FOLDER_OR_ZIP", help="a release, unpacked or not")
    soft.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="ends in .parquet or .jsonl")
    soft.set_defaults(command=_soft_labels)
    return parser


def _verify(folder: Path, asked: argparse.Namespace) -> int:
    verdict = verify(folder)
    if verdict.problems:
        return _not(verdict.problems, "This release is not intact. Download it again.")
    _say(
        f"This release is intact: {verdict.files} files with {verdict.rows:,} rows have the digests, columns and "
        "counts that its manifest says."
    )
    return _recompute(folder) if asked.recompute else 0


def _recompute(folder: Path) -> int:
    found = recompute(folder)
    if found.problems:
        return _not(found.problems, "Its own ratings do not give what this release says.")
    _say(
        f"Its own ratings give the same agreement and consensus: {found.numbers:,} numbers, the largest difference "
        f"{found.largest:.1e}."
    )
    return 0


def _soft_labels(folder: Path, asked: argparse.Namespace) -> int:
    try:
        rows = write_soft_labels(folder, asked.output)
    except (ValueError, OSError) as error:
        return _not([], str(error))
    _say(f"{asked.output}: {rows:,} rows, one a latent and rubric item.")
    return 0


def _not(problems: Sequence[str], verdict: str) -> int:
    for problem in problems[:SHOWN]:
        _complain(problem)
    if len(problems) > SHOWN:
        _complain(f"… and {len(problems) - SHOWN:,} more.")
    _complain(verdict)
    return 1


def _say(sentence: object) -> None:
    sys.stdout.write(f"{sentence}\n")


def _complain(sentence: object) -> None:
    sys.stderr.write(f"{sentence}\n")


if __name__ == "__main__":
    sys.exit(main())
