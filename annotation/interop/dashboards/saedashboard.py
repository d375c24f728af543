"""SAEDashboard's `batch-N.json`, as its Neuronpedia runner leaves them in a folder.

Fields as written by sae-dashboard 0.8. Tokens come without the first of each prompt, values with 3 to 5 decimals,
activations in units of the decoder's norm, which the tool folds in before it looks.
"""

from pathlib import Path

from annotation.interop.dashboards.feature_fields import feature_fields
from annotation.interop.dashboards.gathered import MOST_LATENTS, Feature, Gathered
from annotation.interop.dashboards.rows import DashboardReading, Names
from annotation.interop.files import check_folder, digests, named
from annotation.interop.json_files import read_object
from annotation.interop.record import Record
from annotation.interop.unreadable import Unreadable

EXAMPLES = 10_000
"""Of one latent."""


def read_saedashboard(folder: Path) -> DashboardReading:
    """Raises Unreadable with the first thing that is wrong."""
    check_folder(folder)
    paths = named(folder, r"batch-\d+\.json")
    if not paths:
        raise Unreadable(f"{folder} holds no batch-0.json, batch-1.json, …: name the folder that SAEDashboard wrote.")
    gathered = Gathered()
    names = {_read(path, gathered) for path in paths}
    if len(names) > 1:
        raise Unreadable(f"{folder} holds dashboards of several models or SAEs. Import each in a folder of its own.")
    return DashboardReading(names.pop(), gathered, digests(folder, paths))


def _read(path: Path, gathered: Gathered) -> Names:
    batch = read_object(path)
    seen: set[tuple[int, int]] = set()
    for record in batch.records("features", limit=MOST_LATENTS):
        feature = Feature(index=record.index("feature_index"), **feature_fields(record))
        gathered.add_feature(record.place, feature)
        seen.add((_count(record, "n_prompts_total"), _count(record, "n_tokens_in_prompt")))
        for example in record.records("activations", limit=EXAMPLES):
            gathered.add_example(feature.index, example)
    if len(seen) > 1:
        raise Unreadable(f"{path.name}: its features were made over different numbers of prompts.")
    prompts, tokens = seen.pop() if seen else (0, 0)
    return _names(batch, prompts * tokens, tokens)


def _names(batch: Record, tokens: int, window: int) -> Names:
    suffix = batch.text("sae_id_suffix", default="")
    return Names(
        tool="saedashboard",
        model=batch.text("model_id", limit=120),
        sae="-".join(part for part in (str(batch.index("layer")), batch.text("sae_set", default="", limit=80)) if part)
        + (f"__{suffix}" if suffix else ""),
        hook_point="",
        tokens=tokens,
        window=window,
    )


def _count(record: Record, name: str) -> int:
    return record.index(name) if name in record else 0
