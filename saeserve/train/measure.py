"""What is measured of every trained SAE on the held-out documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from saeserve.coders.base import Coder
from saeserve.language_model import LanguageModel
from saeserve.quality import NextToken, Reconstruction, Splice, by_mean, by_sae, next_token, reconstruction
from saeserve.train.activations import Place
from saeserve.train.held_out import HeldOut
from saeserve.train.paired import Difference, difference
from saeserve.windows import Window, batches

Documents = Sequence[Sequence[Window]]


@dataclass(frozen=True)
class Plain:
    """The model's own cross-entropy of the next token."""

    documents: Documents
    """The windows of each document that was read."""
    found: list[NextToken]
    """One a document."""

    @property
    def tokens(self) -> int:
        return sum(one.tokens for one in self.found)


@dataclass(frozen=True)
class Measured:
    """Of one SAE. Cross-entropies are of the next token, one a document; None for an encoder, which predicts none."""

    reconstruction: Reconstruction
    plain: list[NextToken] | None = None
    with_sae: list[NextToken] | None = None
    with_mean: list[NextToken] | None = None
    """With the mean activation in place of each token's: what the information at that point is worth."""

    @property
    def rise(self) -> Difference | None:
        """Of the cross-entropy, nats."""
        return None if self.plain is None or self.with_sae is None else difference(self.with_sae, self.plain)


def plain_cross_entropy(model: LanguageModel, windows: Sequence[Window], *, tokens: int) -> Plain | None:
    """On whole documents from the front, about so many tokens; None for an encoder, and where nothing is predicted."""
    if not model.predicts_next:
        return None
    documents: list[list[Window]] = []
    for _, of_document in groupby(windows, key=lambda window: window.document):
        if sum(len(window) for document in documents for window in document) >= tokens:
            break
        documents.append(list(of_document))
    found = _by_document(model, documents, None)
    return Plain(documents, found) if any(one.tokens for one in found) else None


def measure(
    model: LanguageModel, place: Place, coder: Coder, held_out: HeldOut, plain: Plain | None, *, ablate: bool = False
) -> Measured:
    """`ablate`: also with the mean in place, which takes as long again."""
    coder = coder.to(model.device)
    activations = held_out.activations.to(model.device)
    quality = reconstruction(coder, activations)
    if plain is None:
        return Measured(quality)
    splice = Splice(place.point, place.point, place.sinks, by_sae(coder))
    with_sae = _by_document(model, plain.documents, splice)
    ablation = Splice(place.point, place.point, place.sinks, by_mean(activations))
    with_mean = _by_document(model, plain.documents, ablation) if ablate else None
    return Measured(quality, plain.found, with_sae, with_mean)


def _by_document(model: LanguageModel, documents: Documents, splice: Splice | None) -> list[NextToken]:
    return [next_token(model, batches(windows, model=model), splice) for windows in documents]
