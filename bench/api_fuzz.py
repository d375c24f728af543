"""Ten thousand made-up requests to the API, sent with everybody's token."""

import time
from typing import Any

from bench.harness import at_most

NAME = "api_fuzz"
HOW = (
    "Answers that break what the API's description promises (a server error; a status, type, header or shape that it "
    "does not name; wrong data accepted) or hold a word of another study, to requests made from it by schemathesis."
)
TARGET = at_most(0)
CASES = 10_000
SHOWN = 10


def measure() -> dict[str, Any]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.test.utils import override_settings, setup_test_environment

    call_command("migrate", verbosity=0)
    setup_test_environment(debug=False)  # Its host is allowed, and no e-mail leaves.
    with override_settings(API_READS_PER_MINUTE=10**9, API_WRITES_PER_MINUTE=10**9):
        return _asked()


def _asked() -> dict[str, Any]:
    from tests import world as worlds
    from tests.api_fuzz import fuzz
    from tests.api_fuzz_world import FOREIGN, right_bodies, scripts
    from tests.api_world import at_work

    api = at_work(worlds.build())
    started = time.perf_counter()
    found = fuzz(scripts(api), api.facts, right_bodies(api), study="hearts", foreign=FOREIGN, cases=CASES)
    for sentence in found.wrong[:SHOWN]:
        print(sentence)
    statuses = ", ".join(f"{number:,} × {status}" for status, number in sorted(found.statuses.items()))
    return {
        "value": float(len(found.wrong)),
        "detail": f"{found.asked:,} requests by {len(found.callers)} people in {time.perf_counter() - started:.0f} s: "
        f"{statuses}; {len(found.succeeded)} of {len(found.possible)} operations carried out",
    }
