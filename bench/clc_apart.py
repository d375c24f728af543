"""CLC on the wide table in a process of its own: `python -m bench.clc_apart SEED REPEATS` prints seconds and memory."""

import json
import resource
import sys
import time

from annotation.science.clc import clc
from annotation.science.clc_result import ClcResult
from bench.harness import BenchError
from bench.wide_table import ITEM, wide_answers

KIBIBYTE = 1024


def main(seed: int, repeats: int) -> dict[str, float]:
    answers = wide_answers(seed)
    seconds: list[float] = []
    iterations = 0
    for _ in range(repeats):
        started = time.perf_counter()
        result = clc(answers, ITEM, seed=seed)
        seconds.append(time.perf_counter() - started)
        if not isinstance(result, ClcResult):
            raise BenchError(result.reason)
        iterations = result.iterations
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIBIBYTE
    return {"seconds": min(seconds), "iterations": iterations, "bytes": peak}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
