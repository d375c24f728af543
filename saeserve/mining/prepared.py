"""What is settled before a run's first shard: its plan, its probe, and the very weights it rests on."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from saeserve.artifacts import read_json, write_json
from saeserve.contract import Gate
from saeserve.fit import Fit
from saeserve.hook_points import HookPoint
from saeserve.mining.folders import RunFolder
from saeserve.probe import Probe
from saeserve.refusal import Refusal
from saeserve.sinks import Sinks

PREPARED_FILE = "prepared.json"


class WeightsChanged(Refusal):
    """Half of the run would rest on other weights than the rest."""


@dataclass(frozen=True)
class Prepared:
    """Kept in the run's folder from the gate to the manifest."""

    plan: str
    """Key of the corpus's plan."""
    tokens: int
    """Tokens that the pass will see."""
    shards: int
    model_revision: str
    sae_digest: str
    probe: Probe
    started_at: float
    """Seconds since the epoch."""

    def missing(self, folder: RunFolder) -> list[int]:
        """Numbers of the shards that are still to be mined."""
        done = folder.done()
        return [number for number in range(self.shards) if number not in done]

    def check(self, fit: Fit) -> None:
        """Raises WeightsChanged where model or SAE are not those that passed the gate."""
        for what, then, now in (
            ("model", self.model_revision, fit.model.revision),
            ("SAE", self.sae_digest, fit.sae_digest),
        ):
            if then != now:
                raise WeightsChanged(
                    f"The files of the {what} have changed since this run began; put the old ones back, or delete the "
                    "run's folder and mine again."
                )


def save_prepared(prepared: Prepared, folder: RunFolder) -> None:
    probe = prepared.probe
    record = asdict(prepared) | {
        "probe": {"sinks": asdict(probe.sinks), "edges": probe.edges.tolist(), "gate": asdict(probe.gate)}
    }
    write_json(_file(folder), record)


def load_prepared(folder: RunFolder) -> Prepared | None:
    """None while the run has not passed the gate."""
    try:
        record = read_json(_file(folder))
    except FileNotFoundError:
        return None
    kept = record.pop("probe")
    sinks = Sinks(kept["sinks"]["limit"], HookPoint(**kept["sinks"]["point"]))
    return Prepared(**record, probe=Probe(sinks, np.array(kept["edges"]), Gate(**kept["gate"])))


def _file(folder: RunFolder) -> Path:
    return folder.path / PREPARED_FILE
