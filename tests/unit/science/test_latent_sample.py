from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.science.sampling import draw_sample
from annotation.science.types import ScienceError


@pytest.fixture
def latents():
    rng = np.random.default_rng(0)
    density = 10 ** rng.uniform(-5, -0.5, 600)
    documents = rng.integers(0, 200, 600)
    strata = ["layer 3" if i % 3 else "layer 9" for i in range(600)]
    return density, documents, strata


def test_only_eligible_latents_are_drawn(latents):
    density, documents, strata = latents
    sample = draw_sample(density, documents, strata, wanted=60, seed=1)
    assert len(sample.indices) == len(set(sample.indices)) == 60
    assert all(0 < density[i] <= 0.05 and documents[i] >= 20 for i in sample.indices)
    assert sample.eligible == int(((density <= 0.05) & (documents >= 20)).sum())
    assert sample.note == ""


def test_every_stratum_gives_its_share(latents):
    sample = draw_sample(*latents, wanted=60, seed=1)
    assert sum(stratum.eligible for stratum in sample.frame) == sample.eligible
    for stratum in sample.frame:
        assert abs(stratum.drawn - 60 * stratum.eligible / sample.eligible) < 1
    assert Counter(sample.strata) == {stratum.name: stratum.drawn for stratum in sample.frame}
    assert [stratum.name for stratum in sample.frame][:2] == ["layer 3, frequent", "layer 3, middling"]


def test_the_stratum_beside_an_index_is_its_own(latents):
    sample = draw_sample(*latents, wanted=60, seed=1)
    assert all(name.startswith(latents[2][i]) for i, name in zip(sample.indices, sample.strata, strict=True))


def test_the_seed_decides_the_draw(latents):
    first, again, other = (draw_sample(*latents, wanted=60, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.indices != other.indices


def test_each_eligible_latent_is_about_as_likely_to_be_drawn(latents):
    times = Counter(i for seed in range(300) for i in draw_sample(*latents, wanted=60, seed=seed).indices)
    sample = draw_sample(*latents, wanted=60, seed=0)
    expected = 300 * 60 / sample.eligible
    assert len(times) == sample.eligible
    assert 0.5 * expected < min(times.values()) <= max(times.values()) < 1.6 * expected


def test_too_few_eligible_ones_are_all_taken_and_it_is_said():
    sample = draw_sample([0.01, 0.02, 0.3, 0.0], [50, 30, 50, 0], wanted=5, seed=1)
    assert sample.indices == (0, 1)
    assert sample.note == (
        "5 latents were asked for and only 2 fire in at least 20 documents and on at most 5.00% of tokens; "
        "all of them were taken."
    )


def test_none_eligible_is_a_sentence_and_no_sample():
    sample = draw_sample([0.0, 0.5], [0, 90], wanted=5, seed=1)
    assert sample.indices == ()
    assert sample.note.startswith("No latent is eligible: none fires in at least 20 documents")


@given(wanted=st.integers(1, 50), sizes=st.lists(st.integers(1, 30), min_size=1, max_size=5), seed=st.integers(0, 99))
def test_it_draws_what_was_asked_or_all_there_is(wanted, sizes, seed):
    strata = [f"s{k}" for k, size in enumerate(sizes) for _ in range(size)]
    sample = draw_sample([0.01] * len(strata), [30] * len(strata), strata, wanted=wanted, seed=seed)
    assert len(set(sample.indices)) == min(wanted, len(strata))


@pytest.mark.parametrize(
    ("change", "words"),
    [({"documents": [1]}, "one entry for each latent"), ({"wanted": 0}, "at least one"), ({"seed": -1}, "0 or more")],
)
def test_impossible_requests_are_refused(change, words):
    request = {"density": [0.1, 0.1], "documents": [30, 30], "wanted": 1, "seed": 1} | change
    with pytest.raises(ScienceError, match=words):
        draw_sample(**request)


def test_a_second_draw_leaves_out_the_first_and_keeps_its_strata(latents):
    first = draw_sample(*latents, wanted=60, seed=1)
    second = draw_sample(*latents, wanted=30, seed=2, without=first.indices)
    assert not set(first.indices) & set(second.indices)
    assert [stratum.name for stratum in second.frame] == [stratum.name for stratum in first.frame]
    assert second.eligible == first.eligible - 60
    whole = draw_sample(*latents, wanted=10**6, seed=1)
    everyone = dict(zip(whole.indices, whole.strata, strict=True))
    assert all(everyone[i] == stratum for i, stratum in zip(second.indices, second.strata, strict=True))


def test_a_draw_that_leaves_out_everything_says_so(latents):
    everyone = draw_sample(*latents, wanted=10**6, seed=1).indices
    nothing = draw_sample(*latents, wanted=5, seed=1, without=everyone)
    assert nothing.indices == ()
    assert nothing.note
