"""Where the border to attention sinks lies for a text that is too short to say so itself.

Of a text of ten tokens two may be sinks, and its median says little. So the border is the one that a mining run with
the same model and SAE has found, which leaves out the same tokens as that run; and where there is none, that of a text
of ours.
"""

from pathlib import Path

import torch

from saeserve.contract import MiningRequest, Trial
from saeserve.fit import Fit
from saeserve.hooks import capture
from saeserve.mining.folders import RunFolder
from saeserve.mining.prepared import load_prepared
from saeserve.sinks import Sinks, sinks_of
from saeserve.windows import batches, cut

SAME = ("model", "sae", "sae_options", "dtype", "sink_norm_multiple")
"""Fields of a trial and of a mining request that decide the border."""
NEUTRAL_TEXT = """The ferry leaves the old harbour at twenty past six, when the cranes are still dark and the first
bakers are carrying trays across the square. Most passengers are on their way to work: two teachers, an electrician with
a box of fuses, a nurse whose night is ending while theirs begins. The captain counts them as they step over the gap,
writes the number into a blue notebook and lifts one hand towards the bridge.

"Will it rain?" asks the younger teacher. Nobody answers, because the clouds above the island have done so already. The
crossing takes forty-five minutes in calm water and rather more than an hour in a swell; in February 1998 it once took
nearly four. Since then there have been blankets under every third seat, tea at 1.20 a cup, and a rule that whoever
finds the thermos empty must fill it again.

Halfway over, the engine changes its tone. To the left lies the lighthouse, painted white and red every spring by a firm
from the mainland; to the right there is nothing but the line on which sea and sky agree. A child presses a coin against
the window and looks through the hole in its middle. Her father explains that coins of that kind have not been made for
many years, that they were worth less than a matchbox, and that she may keep it if she promises not to swallow it.

On the other side a bus is waiting. Its driver knows every face, closes the doors behind the last one and begins to
climb, past gardens, a quarry, the school and the small hospital on the hill.
"""


@torch.inference_mode()
def sinks_for(trial: Trial, fit: Fit, *, root: Path) -> Sinks:
    """The border of a run that has passed the gate with the same model and SAE; else that of NEUTRAL_TEXT."""
    for folder in sorted((root / "runs").glob("*")):
        found = _sinks_of_run(RunFolder(folder), trial, fit)
        if found:
            return found
    windows = list(cut([NEUTRAL_TEXT], fit.model.tokenizer, context_tokens=trial.context_tokens, overlap_tokens=0))
    caught = [
        batch.real(capture(fit.model.network, [fit.sink_point], batch.ids, batch.mask)[0])
        for batch in batches(windows, model=fit.model)
    ]
    return sinks_of(torch.cat(caught), multiple=trial.sink_norm_multiple, point=fit.sink_point)


def _sinks_of_run(folder: RunFolder, trial: Trial, fit: Fit) -> Sinks | None:
    request = folder.request()
    if request is None or not _same(request, trial):
        return None
    try:
        prepared = load_prepared(folder)
    except (ValueError, TypeError, KeyError):  # half of an older program's file: not ours to judge here
        return None
    if prepared is None or (prepared.model_revision, prepared.sae_digest) != (fit.model.revision, fit.sae_digest):
        return None
    return prepared.probe.sinks


def _same(request: MiningRequest, trial: Trial) -> bool:
    return all(getattr(request, name) == getattr(trial, name) for name in SAME)
