"""The last language model and the last SAEs of a process: the next shard or trial does not load them again."""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from saeserve.contract import canonical_json
from saeserve.fit import Fit, load_sae_for
from saeserve.language_model import LanguageModel, load_language_model

MOST_SAES = 8
"""SAEs of the last model that are kept, unless one pass needs more of them."""
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[\w./-]+)?")

Stamp = tuple[tuple[str, int, int], ...]


class Loaded:
    """What one process holds in memory. A folder that has changed since is loaded anew."""

    def __init__(
        self, root: Path, *, device: str = "cpu", offline: bool = True, on_forget: Callable[[], None] = lambda: None
    ) -> None:
        """root: the artifact root, from which relative paths count. offline: never ask the hub. on_forget: called when
        the model makes way for another one; lets go of whatever else holds it."""
        self.root, self.device, self._offline, self._on_forget = root, device, offline, on_forget
        self._model: tuple[tuple[Any, ...], LanguageModel] | None = None
        self._fits: OrderedDict[tuple[Any, ...], Fit] = OrderedDict()
        self._most = MOST_SAES

    def model(self, source: str, *, dtype: str) -> LanguageModel:
        """The model of that folder or hub id. Raises BadModel."""
        place = self.place(source)
        key = (str(place), dtype, _stamp(Path(place)))
        if self._model is None or self._model[0] != key:
            self.forget()
            self._model = (
                key,
                load_language_model(place, dtype=dtype, device=self.device, offline=self._offline),
            )
        return self._model[1]

    def fit(self, model: str, sae: str, *, options: Mapping[str, Any], dtype: str) -> Fit:
        """The SAE of that folder or file, with its model. Raises a Refusal that says what does not belong together."""
        network = self.model(model, dtype=dtype)
        path = self.root / sae
        key = (str(path), canonical_json(dict(options)), _stamp(path))
        if key not in self._fits:
            self._fits[key] = load_sae_for(network, path, options=options)
        self._fits.move_to_end(key)
        while len(self._fits) > self._most:
            self._fits.popitem(last=False)
        return self._fits[key]

    def make_room(self, saes: int) -> None:
        """Keep so many SAEs at once from now on, and MOST_SAES at least."""
        self._most = max(MOST_SAES, saes)

    def forget(self) -> None:
        """Let go of everything, so that another model finds the memory free."""
        self._model = None
        self._fits.clear()
        self._on_forget()

    def place(self, source: str) -> Path | str:
        """Where a model lies: a folder under the root or anywhere, or a name on the hub."""
        folder = self.root / source
        return source if HUB_ID.fullmatch(source) and not folder.exists() else folder


def _stamp(path: Path) -> Stamp:
    """Names, sizes and times of a folder's files, or of the one file; empty for what is not there."""
    files = sorted(path.iterdir()) if path.is_dir() else [path] if path.is_file() else []
    return tuple((file.name, (found := file.stat()).st_size, found.st_mtime_ns) for file in files if file.is_file())
