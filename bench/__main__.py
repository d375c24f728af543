"""`python -m bench [NAME…]`: measure, print one table, and keep the figures in bench/results.json."""

import os
import sys

from bench.harness import BenchError, chosen, merge, table, take_apart
from config.embedded import StartError
from config.embedded.temporary import temporary_environment


def main(only: list[str]) -> int:
    figures, problems = [], []
    try:
        wanted = chosen(only)
        with temporary_environment(os.environ) as added:
            # Spinning threads would fight with whatever else this machine does.
            os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
            os.environ.update({"DJANGO_SETTINGS_MODULE": "config.settings", **added})
            for name in wanted:
                print(f"Measuring {name}", flush=True)
                try:
                    figures.append(take_apart(name))
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
