"""The figures as a page of the documentation."""

import math
from collections.abc import Iterable, Sequence

from annotation.science.clc_parameters import ClcParameters
from bench.worlds import raters, world
from bench.worlds.estimators import (
    BELIEF,
    CLOSED,
    CLOSED_ONE_LOOK,
    FIRST_THRESHOLDS,
    METHODS,
    OPEN,
    OPEN_ONE_LOOK,
    VOTE_SHARE,
    WHOLE,
)
from bench.worlds.replicate import ROUND_FIGURES
from bench.worlds.scenarios import FAMILIES_IN_WORDS, SCENARIOS, SCORE_MEANS, SIZES
from bench.worlds.scoring import FIGURES
from bench.worlds.taken import GROUPS, OPEN_ROUNDS, ROUNDS, Difference, Taken

IN_WORDS = {
    "accuracy": "accuracy",
    "brier": "Brier",
    "tvd_ambiguous": "TVD ambiguous",
    "tvd_clear": "TVD clear",
    "auroc": "AUROC",
    "accepted": "accepted",
    "plausible": "plausible",
    "clear_accepted": "clear accepted",
    "ambiguous_accepted": "ambiguous accepted",
    "adjudicated": "to adjudication",
    "clear_adjudicated": "clear to adjudication",
    "ambiguous_adjudicated": "ambiguous to adjudication",
    "recruiting": "waiting for people",
    "ratings": "ratings a latent",
}
SHARES = {name for name in IN_WORDS if name.endswith(("accepted", "adjudicated", "recruiting"))}
COMPARED = ("majority vote", "Dawid-Skene", "Dawid-Skene + calibration", "one-coin + calibration", "CLC, first version")

CORE = "CLC, no learnability"
"""What is left where no scorer says anything."""
SAME_BELIEF = {WHOLE, "CLC, as its first look of three"}


def page(taken: Taken) -> str:
    parts = [_head(taken), _world(), _methods(), _tallies(taken), _groups(taken), _rounds(taken), _scenarios(taken)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _head(taken: Taken) -> str:
    last = taken.first_seed + taken.replicates - 1
    return f"""# Consensus in simulated studies

Written by `make bench ONLY=worlds_over_majority` (code: `bench/worlds/`); do not edit. {len(SCENARIOS)} scenarios,
{taken.replicates} replicates each (seeds {taken.first_seed} to {last}), every method on the same worlds;
{taken.seconds / 60:.0f} minutes. CLC is `{ClcParameters().version}`. Nothing was tuned on these replicates:
[ADR 15](../adr/0015-what-clc-2-changes.md) names the seeds on which parameters and thresholds were chosen.

The world and the estimator were written by the same hands. What a simulation shows is how methods differ where its
assumptions hold, not how often they will be right on physicians' labels."""


def _world() -> str:
    sizes = ", ".join(f"{n} x {answered}" for n, answered in SIZES)
    families = "\n".join(f"- **{name}**: {words}." for name, words in FAMILIES_IN_WORDS.items())
    scores = ", ".join(f"{name} {right:.2f} / {wrong:.2f}" for name, (right, wrong) in SCORE_MEANS.items())
    return f"""## The worlds

{world.LATENTS} latents, {raters.CLASSES} classes. {world.AMBIGUOUS} latents are ambiguous: opinion is divided over two
classes, the smaller share drawn from {world.SMALLER_CAMP[0]} to {world.SMALLER_CAMP[1]}; over three (.40, .35, .25) in
{world.THREE_WAYS} of them. Raters x latents that each answers: {sizes}. Each rater holds an opinion drawn from the
latent's distribution and passes it through her own errors. {world.CALIBRATION_ITEMS} calibration items with a known
truth a rater; {world.REPEATS} latents read twice (the second reading repeats the first from memory {world.HABIT:.0%} of
the time, else passes the same opinion through her errors again). Institutions: {_institutions()}.
Learnability scores are normal with spread {world.SCORE_SPREAD}, mean for right / wrong labels: {scores}; "right" is a
label that somebody holds. Extra rounds may ask {raters.RESERVE} further raters of the same kind, none of them
colluding.

{families}

Where errors are not named they fall evenly on the other classes. Colluders answer as they think on the other latents,
are honest on calibration items, and their wrong story is as learnable as a right one. With 5 raters `collude` and
`collude_big` are the same kind of world, drawn twice."""


def _institutions() -> str:
    return ", ".join(f"{sites} for {n} raters" for n, sites in raters.INSTITUTIONS.items())


def _methods() -> str:
    one = CLOSED_ONE_LOOK
    return f"""## The methods

Majority vote takes the share of votes as belief (a tie is shared out); Dawid-Skene is maximum likelihood, once with the
calibration items as items of known truth; one-coin is one accuracy a rater with a Beta(4, 2) prior and calibration
items; CROWDLAB runs over raters alone, since nothing predicts a latent's class from its snippets. They see first
readings. "Accepted" is a vote share of {VOTE_SHARE} (majority, CROWDLAB), a belief of {BELIEF} (the others), and for
CLC the whole rule after one round and for good: q {one.q:g}, n_eff {one.n_eff:g}, flip rate under
{one.flip_rate:g}, {one.institutions} institutions, theta {one.theta:g} ({OPEN_ONE_LOOK.theta:g} as an open item). Where
extra rounds follow, chance has three chances, and theta must reach {CLOSED.theta:g} ("as its first look of three");
{OPEN.theta:g} for an open item, which is a study's default, since concepts decide. The first version is `clc-1`,
accepting at theta {FIRST_THRESHOLDS.theta:g}.

Accuracy and Brier score are of clear latents. TVD is the total variation distance to the true distribution of opinion
(CLC: theta; the others: belief or vote share). AUROC tells ambiguous latents from clear ones. "Plausible" is the share
of accepted answers that somebody holds; "ambiguous accepted" the share of ambiguous latents wrongly accepted."""


def _tallies(taken: Taken) -> str:
    rows = [
        [f"{method} against {other}", str(tally.better), str(tally.worse), str(tally.neither)]
        for method, others in ((WHOLE, [n for n in METHODS if n not in SAME_BELIEF]), (CORE, COMPARED[:4]))
        for other in others
        for tally in [taken.tally(method, other)]
    ]
    header = ["", "better", "worse", "neither"]
    return f"""## In how many scenarios CLC is better

Accuracy on the same worlds, by more than two standard errors of the paired difference.

{_table(header, rows)}"""


def _groups(taken: Taken) -> str:
    sections = []
    for name, scenarios in GROUPS.items():
        rows = [
            [method, *(_shown(figure, taken.mean(scenarios, method, figure)) for figure in FIGURES)]
            for method in METHODS
        ]
        sections.append(f"### {name}\n\n{_table(['', *(IN_WORDS[f] for f in FIGURES)], rows)}")
    return "## By group, after one round\n\n" + "\n\n".join(sections)


def _rounds(taken: Taken) -> str:
    closed, open_ = (
        _table(
            ["", *(IN_WORDS[figure] for figure in ROUND_FIGURES)],
            [
                [name, *(_shown(figure, taken.mean(scenarios, which, figure)) for figure in ROUND_FIGURES)]
                for name, scenarios in GROUPS.items()
            ],
        )
        for which in (ROUNDS, OPEN_ROUNDS)
    )
    return f"""## With extra rounds

CLC with the whole rule as a study applies it: a latent that is not accepted gets {OPEN.raters_per_extra_round} more
raters, of the institution that has answered least, at most {OPEN.extra_rounds} times; then it goes to adjudication, or
waits where only people are missing.

### A closed item, theta {CLOSED.theta:g}

{closed}

### An open item, theta {OPEN.theta:g}

The same answers taken as concepts are: a latent's classes are what was proposed for it.

{open_}"""


def _scenarios(taken: Taken) -> str:
    header = ["", *(name for name in METHODS if name in (*COMPARED, WHOLE)), *(f"CLC - {name}" for name in COMPARED)]
    rows = []
    for scenario in SCENARIOS:
        shown = [f"{taken.mean([scenario], name, 'accuracy'):.3f}" for name in header[1 : len(COMPARED) + 2]]
        differences = [_difference(taken.difference(scenario, WHOLE, other)) for other in COMPARED]
        rows.append([scenario.name, *shown, *differences])
    parts = [name for name in METHODS if name.startswith("CLC, ") and name not in {*COMPARED, *SAME_BELIEF}]
    removed = [
        [scenario.name, *(_difference(taken.difference(scenario, WHOLE, other)) for other in parts)]
        for scenario in SCENARIOS
    ]
    return f"""## Accuracy by scenario

On clear latents; differences with two standard errors, bold where beyond them.

{_table(header, rows)}

### What each part is worth

CLC less CLC without the part (positive: the part helps).

{_table(["", *parts], removed)}"""


def _difference(difference: Difference) -> str:
    shown = f"{difference.mean:+.3f} ± {2 * difference.error:.3f}"
    return f"**{shown}**" if difference.better or difference.worse else shown


def _shown(figure: str, value: float) -> str:
    if math.isnan(value):
        return "none accepted"
    if figure == "ratings":
        return f"{value:.1f}"
    return f"{value:.1%}" if figure in SHARES else f"{value:.3f}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
