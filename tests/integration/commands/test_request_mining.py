"""Mining is asked for from the command line: one SAE or several, each with what its files do not say."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from annotation.models import Corpus, MiningRun, Sae
from tests.world import World, write_sae

pytestmark = pytest.mark.django_db


@pytest.fixture
def corpus(before_round: World) -> Corpus:
    assert before_round.study.run is not None
    return before_round.study.run.corpus


@pytest.fixture(autouse=True)
def _artifacts_of_its_own(tmp_path: Path, settings: Settings) -> None:
    settings.ARTIFACT_ROOT = tmp_path / "artifacts"


def ask(corpus: Corpus, model: Path, *arguments: str) -> str:
    out = StringIO()
    call_command(
        "request_mining", "--corpus", corpus.name, "--model", str(model), "--model-name", "M", *arguments, stdout=out
    )
    return out.getvalue()


def saes(folder: Path, *layers: int) -> list[str]:
    arguments = []
    for layer in layers:
        write_sae(folder / f"layer {layer}", 4, layer=layer)
        arguments += ["--sae", str(folder / f"layer {layer}"), "--sae-name", f"layer {layer}"]
    return arguments


def test_several_saes_are_asked_for_together(corpus: Corpus, tmp_path: Path) -> None:
    said = ask(corpus, tmp_path, *saes(tmp_path, 3, 4))
    runs = MiningRun.objects.filter(sae__name__startswith="layer").order_by("sae__name")
    assert [run.sae.name for run in runs] == ["layer 3", "layer 4"]
    assert len({run.asked_with for run in runs}) == 1
    for run in runs:
        assert f"{run.sae.name}: mining run {run.digest} is queued." in said


def test_what_the_files_do_not_say_is_given_for_each_sae(corpus: Corpus, tmp_path: Path) -> None:
    options = ["--norm-scaling-factor", "-", "--norm-scaling-factor", "24.5"]
    hooks = ["--hook-point", "blocks.3.hook_resid_post", "--hook-point", "-"]
    ask(corpus, tmp_path, *saes(tmp_path, 3, 4), *options, *hooks)
    assert Sae.objects.get(name="layer 3").options == {"hook_point": "blocks.3.hook_resid_post"}
    assert Sae.objects.get(name="layer 4").options == {"norm_scaling_factor": 24.5}
    assert MiningRun.objects.get(sae__name="layer 4").request["sae_options"] == {"norm_scaling_factor": 24.5}


def test_a_declared_l0_is_given_for_each_sae(corpus: Corpus, tmp_path: Path) -> None:
    ask(corpus, tmp_path, *saes(tmp_path, 3, 4), "--l0", "62.5", "--l0", "-")
    assert MiningRun.objects.get(sae__name="layer 3").request["sae_options"] == {"l0": 62.5}
    assert Sae.objects.get(name="layer 4").options == {}


def test_a_model_on_the_hub_is_named_as_it_is(corpus: Corpus, tmp_path: Path) -> None:
    ask(corpus, Path("an-owner/a-model"), *saes(tmp_path, 3))
    assert MiningRun.objects.get(sae__name="layer 3").request["model"] == "an-owner/a-model"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--sae-name", "one more"], "--sae-name was given 3 times for 2 SAEs"),
        (["--hook-point", "x"], "--hook-point was given 1 times for 2 SAEs. .* - leaves one out"),
        (["--norm-scaling-factor", "much", "--norm-scaling-factor", "-"], "--norm-scaling-factor is much"),
        (["--norm-scaling-factor", "nan", "--norm-scaling-factor", "-"], "--norm-scaling-factor is nan; .* above 0"),
        (["--l0", "-", "--l0", "-3"], "--l0 is -3; give a number above 0, such as 60"),
        (["--l0", "60"], "--l0 was given 1 times for 2 SAEs"),
    ],
)
def test_options_that_do_not_fit_get_a_sentence_and_nothing_is_registered(
    corpus: Corpus, tmp_path: Path, arguments: list[Any], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        ask(corpus, tmp_path, *saes(tmp_path, 3, 4), *arguments)
    assert not Sae.objects.filter(name__startswith="layer").exists()


def test_one_sae_that_cannot_be_read_leaves_none_registered(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="does not exist"):
        ask(corpus, tmp_path, *saes(tmp_path, 3), "--sae", str(tmp_path / "nowhere"), "--sae-name", "gone")
    assert not Sae.objects.filter(name="layer 3").exists()
