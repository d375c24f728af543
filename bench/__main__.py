"""`python -m bench [NAME…]`: measure, print one table, and keep the figures in bench/results.json."""

import os
import sys
from tempfile import TemporaryDirectory

from bench.harness import BenchError, Figure, chosen, durable, merge, table, take_apart
from config.embedded import StartError
from config.embedded.temporary import temporary_environment


def main(only: list[str]) -> int:
    figures, problems = [], []
    try:
        with TemporaryDirectory(prefix="consilium-bench-") as shared:
            for name in chosen(only):
                print(f"Measuring {name}", flush=True)
                try:
                    figures.append(measured(name, shared))
                except BenchError as problem:
                    problems.append(str(problem))
    except (BenchError, StartError) as problem:
        problems.append(str(problem))
    if figures:
        merge(figures)
        print("", table(figures), "", sep="\n")
    for sentence in problems:
        print(sentence, file=sys.stderr)
    return 1 if problems else 0


def measured(name: str, shared: str) -> Figure:
    """Each measure has servers of its own, so that none finds another's rows. shared: folder for what one run gives."""
    with temporary_environment(os.environ, durable=durable(name)) as added:
        # Spinning threads would fight with whatever else this machine does.
        settings = {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "OMP_WAIT_POLICY": "PASSIVE",
            "BENCH_SHARED": shared,
            **added,
        }
        return take_apart(name, {**os.environ, **settings})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
