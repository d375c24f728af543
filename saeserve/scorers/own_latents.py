"""No judge of its own: a model that judges latents of its own sees with the very features that it is to foretell.

Compared are the weights, where both lie on this machine, and names, which is all that a host tells of its model.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from saeserve.checkpoint import BadModel, Checkpoint, find_checkpoint, weights_digest
from saeserve.scorers.base import BadQuestion

Place = Callable[[str], Path | str]
THE_SAME = (
    "The judge is the language model whose latents are judged, or bears its name. Name another one in SAESERVE_JUDGE "
    "or SAESERVE_JUDGE_NAME, or switch the judge off in the study's settings."
)


def check_other_weights(subject: str, place: Place, *, name: str, revision: str) -> None:
    """Of a judge on this machine: its name, and its weights' digest, which differs in a copy of another dtype.

    Raises BadQuestion, too where nobody can tell.
    """
    if not subject:
        return
    try:
        found = find_checkpoint(place(subject), offline=True)
        same = same_name(found.name, name) or _digest(found.folder, _stamp(found)) == revision
    except BadModel as error:
        raise BadQuestion(
            "Whether the judge is the language model whose latents are judged cannot be told: that one is not where "
            "its mining run found it. Put it back, or switch the judge off in the study's settings."
        ) from error
    if same:
        raise BadQuestion(THE_SAME)


def check_other_name(subject: str, place: Place, *, name: str) -> None:
    """Of a judge on another host, whose weights nobody sees here. Raises BadQuestion."""
    if not subject:
        return
    names = [Path(subject).name]
    with suppress(BadModel):  # then its folder or hub id is all that is known of it
        names.append(find_checkpoint(place(subject), offline=True).name)
    if any(same_name(one, name) for one in names):
        raise BadQuestion(THE_SAME)


def same_name(one: str, other: str) -> bool:
    """Whether two names differ in nothing but organisation, revision, tag, case and punctuation."""
    return bool(_bare(one)) and _bare(one) == _bare(other)


def _bare(name: str) -> str:
    last = re.split(r"[@:]", name.rstrip("/").rpartition("/")[2])[0]
    return re.sub(r"[\W_]", "", last).lower()


def _stamp(found: Checkpoint) -> tuple[tuple[str, int, int], ...]:
    files = sorted(file for file in found.folder.iterdir() if file.is_file())
    return tuple((file.name, (stat := file.stat()).st_size, stat.st_mtime_ns) for file in files)


@lru_cache(maxsize=8)
def _digest(folder: Path, _as_it_is: tuple[tuple[str, int, int], ...]) -> str:
    """Read once for as long as the folder's files stay as they are: weights may be gigabytes."""
    return weights_digest(folder)
