"""An identity names one latent of one SAE on one model, and changes with whatever changes its activations."""

import time
from dataclasses import replace

import pytest
import torch

from saeserve.coders.base import Coder
from saeserve.coders.gated import Gated
from saeserve.coders.inputs import LAYER_NORM, Inputs
from saeserve.coders.jumprelu import JumpReLU
from saeserve.coders.topk import TopK
from saeserve.identity import latent_identities, sae_digest
from tests.unit.saeserve.made_up_saes import weights
from tests.unit.saeserve.test_coders import CODERS, every_coder

HOOKS = ("model.layers.1", "model.layers.1")


def identities(coder: Coder, *, revision: str = "m", hooks: tuple[str, str] = HOOKS) -> list[str]:
    return latent_identities(coder, model_revision=revision, hook_points=hooks)


@every_coder
def test_every_latent_has_an_identity_of_its_own_that_stays(coder: Coder) -> None:
    assert len(set(identities(coder))) == coder.width
    assert identities(coder) == identities(coder.to("cpu"))


def test_no_two_coders_share_an_identity_or_digest() -> None:
    every = [identity for coder in CODERS.values() for identity in identities(coder)]
    assert len(every) == len(set(every))
    assert len({sae_digest(coder) for coder in CODERS.values()}) == len(CODERS)


@pytest.mark.parametrize("place", ["W_enc", "W_dec", "b_enc", "threshold"])
def test_a_latents_own_weights_change_its_identity_alone(place: str) -> None:
    coder = CODERS["jumprelu"]
    assert isinstance(coder, JumpReLU)
    tensor = getattr(coder, place).clone()
    tensor[(0, 7) if place == "W_enc" else 7] += 0.5
    changed = replace(coder, **{place: tensor})
    differ = [i for i, (a, b) in enumerate(zip(identities(coder), identities(changed), strict=True)) if a != b]
    assert differ == [7]
    assert sae_digest(changed) != sae_digest(coder)


def test_what_all_latents_share_changes_every_identity() -> None:
    coder = TopK(**weights(), k=3)
    others = [
        replace(coder, k=4),
        replace(coder, subtract_b_dec=False),
        replace(coder, rescale_by_decoder_norm=True),
        replace(coder, inputs=Inputs(LAYER_NORM)),
        replace(coder, b_dec=coder.b_dec + 1),
    ]
    for other in others:
        assert not set(identities(coder)) & set(identities(other))
        assert sae_digest(other) != sae_digest(coder)


def test_model_revision_and_hook_points_are_part_of_it() -> None:
    coder = CODERS["gated"]
    assert isinstance(coder, Gated)
    here = set(identities(coder))
    assert not here & set(identities(coder, revision="another"))
    assert not here & set(identities(coder, hooks=("model.layers.1", "model.layers.2")))
    assert not here & set(identities(coder, hooks=("model.layers.2", "model.layers.1")))


def test_65536_latents_take_seconds() -> None:
    coder = TopK(**weights(latents=65_536, width=64), k=32)
    started = time.process_time()
    assert len(set(identities(coder))) == 65_536
    assert time.process_time() - started < 10


def test_the_dtype_in_which_weights_were_stored_does_not_matter() -> None:
    narrow = {name: tensor.half().float() for name, tensor in weights().items()}
    assert sae_digest(TopK(**narrow, k=3)) == sae_digest(TopK(**{n: t.half() for n, t in narrow.items()}, k=3))
    assert torch.equal(TopK(**narrow, k=3).W_enc, narrow["W_enc"])
