"""A source in Neuronpedia's bulk layout, from local files.

    <model>/<source>/source.jsonl, features/*.jsonl[.gz], activations/…, explanations/… or explanations-<model>/…

Fields as in the public exports and as SAEDashboard's exporter writes them. Only features are required.
"""

from collections.abc import Iterator
from pathlib import Path

from annotation.interop.dashboards.feature_fields import NEIGHBOURS, feature_fields
from annotation.interop.dashboards.gathered import Feature, Gathered
from annotation.interop.dashboards.rows import DashboardReading, Names
from annotation.interop.files import check_folder, digests, named
from annotation.interop.json_files import read_lines
from annotation.interop.reading import Explanation
from annotation.interop.record import Record
from annotation.interop.unreadable import Unreadable

LINES = r".+\.jsonl(\.gz)?"
MOST_EXPLANATIONS = 5_000_000


def read_neuronpedia(folder: Path) -> DashboardReading:
    """Raises Unreadable with the first thing that is wrong."""
    check_folder(folder)
    features = _files(folder, "features")
    if not features:
        raise Unreadable(
            f"{folder} holds no features/*.jsonl or .jsonl.gz: name the folder of one source, such as "
            "v1/gpt2-small/6-res-jb."
        )
    activations = _files(folder, "activations")
    explanations = [path for inside in _explanation_folders(folder) for path in _files(folder, inside)]
    gathered, source = Gathered(), _Source()
    for record in _lines(features):
        source.check(record)
        source.hook_point = source.hook_point or record.text("hookName", default="", limit=200)
        gathered.add_feature(record.place, _feature(record))
    for record in _lines(activations):
        source.check(record)
        gathered.add_example(_known(record, gathered), record)
    for record in _lines(explanations):
        source.check(record)
        if len(gathered.explanations) >= MOST_EXPLANATIONS:
            raise Unreadable(f"{record.place}: there are more than {MOST_EXPLANATIONS:,} explanations.")
        gathered.explanations.append(_explanation(record, _known(record, gathered)))
    described = [path for path in (folder / "source.jsonl",) if path.is_file()]
    for record in _lines(described):
        source.describe(record)
    read = [*features, *activations, *explanations, *described]
    return DashboardReading(source.names(), gathered, digests(folder, read))


class _Source:
    """Which model and source the lines are of: one, whichever file they are in."""

    def __init__(self) -> None:
        self.name: tuple[str, str] | None = None
        self.hook_point = ""
        self.tokens, self.window = 0, 0

    def check(self, record: Record) -> None:
        found = record.text("modelId", limit=120), record.text("layer", limit=120)
        self.name = self.name or found
        if found != self.name:
            raise Unreadable(
                f"{record.place}: is of {'/'.join(found)}, and the lines before are of {'/'.join(self.name)}. "
                "Import each source by itself."
            )

    def describe(self, record: Record) -> None:
        if self.name == (record.text("modelId", limit=120), record.text("id", limit=120)):
            self.window = record.index("num_tokens_in_prompt") if "num_tokens_in_prompt" in record else 0
            self.tokens = self.window * (record.index("num_prompts") if "num_prompts" in record else 0)

    def names(self) -> Names:
        if self.name is None:
            raise Unreadable("The feature files hold no line. Download them again.")
        return Names(
            tool="neuronpedia",
            model=self.name[0],
            sae=self.name[1],
            hook_point=self.hook_point,
            tokens=self.tokens,
            window=self.window,
        )


def _explanation_folders(folder: Path) -> list[str]:
    return sorted(
        inside.name
        for inside in folder.iterdir()
        if inside.is_dir() and (inside.name == "explanations" or inside.name.startswith("explanations-"))
    )


def _files(folder: Path, inside: str) -> list[Path]:
    return named(folder / inside, LINES) if (folder / inside).is_dir() else []


def _lines(paths: list[Path]) -> Iterator[Record]:
    for path in paths:
        yield from read_lines(path)


def _feature(record: Record) -> Feature:
    others, cosines = record.indices("topkCosSimIndices", limit=NEIGHBOURS), record.numbers("topkCosSimValues")
    if len(others) != len(cosines):
        raise Unreadable(f"{record.place}: topkCosSimIndices and topkCosSimValues differ in length.")
    return Feature(
        index=record.index("index"), alike=tuple(zip(others, cosines, strict=True))[:8], **feature_fields(record)
    )


def _known(record: Record, gathered: Gathered) -> int:
    index = record.index("index")
    if index not in gathered.features:
        raise Unreadable(
            f"{record.place}: latent {index} is in no features file. Put the missing file beside the others."
        )
    return index


def _explanation(record: Record, latent: int) -> Explanation:
    return Explanation(
        latent=latent,
        text=record.text("description", limit=20_000),
        author=record.text("authorId", default="", limit=200),
        method=record.text("typeName", default="", limit=200),
        model=record.text("explanationModelName", default="", limit=200),
        created=record.text("createdAt", default="", limit=60),
    )
