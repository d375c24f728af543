"""crowd-kit's Dawid-Skene on a table of answers, timed, in the environment that has crowd-kit.

`python time_dawid_skene.py ANSWERS.json REPEATS` prints the shortest of so many fits, in seconds, and its iterations.
"""

import json
import sys
import time
from pathlib import Path

import pandas as pd
from crowdkit.aggregation import DawidSkene

answers = pd.DataFrame(json.loads(Path(sys.argv[1]).read_text()), columns=["task", "worker", "label"])
seconds, iterations = [], 0
for _ in range(int(sys.argv[2])):
    model = DawidSkene()
    started = time.perf_counter()
    model.fit(answers)
    seconds.append(time.perf_counter() - started)
    iterations = len(model.loss_history_)
print(json.dumps({"seconds": min(seconds), "iterations": iterations}))
