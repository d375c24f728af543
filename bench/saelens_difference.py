"""How far this program's encoding is from sae-lens', the field's reference, on the same activations.

sae-lens needs other versions of the packages that this project uses, so it lives in an environment of its own,
var/witness, made the first time. That environment sees the project's torch behind its own packages: both sides multiply
with the same kernels. Folders are written by this program and read by sae-lens; raw BatchTopK and Matryoshka
checkpoints are written by sae-lens and read by this program, and compared with the JumpReLU SAEs that sae-lens makes of
them.
"""

import itertools
import os
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from bench.harness import BenchError, at_most
from saeserve.coders.base import Coder
from saeserve.coders.batchtopk import BatchTopK
from saeserve.coders.gated import Gated
from saeserve.coders.inputs import CONSTANT_NORM, LAYER_NORM, Inputs
from saeserve.coders.jumprelu import JumpReLU
from saeserve.coders.matryoshka import Matryoshka
from saeserve.coders.relu import ReLU
from saeserve.coders.skip_transcoder import SkipTranscoder
from saeserve.coders.topk import TopK
from saeserve.coders.transcoder import Transcoder
from saeserve.documents import read_documents
from saeserve.fit import Fit, load_fit
from saeserve.formats.read import read_sae
from saeserve.formats.saelens import write_saelens
from saeserve.hooks import capture
from saeserve.reference import prepare_reference
from saeserve.windows import batches, cut

NAME = "saelens_difference"
HOW = "largest difference from sae-lens' activations and reconstructions, over the largest of the token, float32"
LIMIT = 1e-5
TARGET = at_most(LIMIT)
REPOSITORY = Path(__file__).parents[1]
ENVIRONMENT = REPOSITORY / "var" / "witness"
REQUIREMENTS = ("sae-lens==6.18.0", "pyarrow==21.0.0")
"""sae-lens 6.18 holds numpy below 2, which later versions of pyarrow do not take."""
INSTALL_SECONDS, RUN_SECONDS = 1200, 900
TOKENS, LATENTS = 1000, 2048
METADATA = {"model_name": "SmolLM2-135M-Instruct", "hook_name": "blocks.15.hook_resid_post"}


class Difference(NamedTuple):
    """Between two sets of codes and outputs of the same tokens."""

    activations: float
    outputs: float
    support: int
    """Places where one side fires above LIMIT of the token's strongest activation and the other does not at all."""


def measure() -> dict[str, float | str]:
    """{"value": largest relative difference of any architecture, "detail": of which, and how many were compared}."""
    python = witness()
    model = prepare_reference(
        REPOSITORY / "var" / "models", package_folder=REPOSITORY / "var" / "weights", say=lambda line: None
    )
    fit = load_fit(model, REPOSITORY / "demo" / "saes" / "layer-18", dtype="float32", device="cpu")
    x = residuals(fit)
    with tempfile.TemporaryDirectory(prefix="saelens-bench-") as scratch:
        found = compared(python, Path(scratch), fit.sae.coder, x)
    worst = max(found, key=lambda name: max(found[name][:2]))
    activations, outputs = (
        max(each.activations for each in found.values()),
        max(each.outputs for each in found.values()),
    )
    return {
        "value": max(activations, outputs),
        "detail": f"{len(x):,} tokens of the demo notes, {LATENTS:,} latents, {len(found)} SAEs: {', '.join(found)}; "
        f"{sum(each.support for each in found.values())} firings of one side only; activations differ by "
        f"{activations:.1e} at most, reconstructions by {outputs:.1e}, largest in {worst}",
    }


def witness() -> Path:
    """The interpreter that has sae-lens, installed first where it is missing. Raises BenchError where it cannot be."""
    python, ready = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "ready"
    if ready.is_file() and ready.read_text() == "\n".join(REQUIREMENTS):
        return python
    print("Installing sae-lens into var/witness (once, some minutes)", flush=True)
    made = _run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], INSTALL_SECONDS)
    packages = next(ENVIRONMENT.glob("lib/python*/site-packages"), None)
    if made or packages is None:
        raise BenchError(f"No environment could be made in {ENVIRONMENT} ({made or 'it has no site-packages'}).")
    (packages / "project.pth").write_text(sysconfig.get_path("purelib") + "\n")
    failed = _run(
        [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--quiet", *REQUIREMENTS], INSTALL_SECONDS
    )
    if failed:
        raise BenchError(f"sae-lens, the second witness, could not be installed: {failed}")
    ready.write_text("\n".join(REQUIREMENTS))
    return python


def residuals(fit: Fit) -> Tensor:
    """[token, width] of the first demo notes, float32."""
    notes = sorted((REPOSITORY / "demo" / "notes").glob("*.jsonl"))
    texts = (document.text for file in notes for document in read_documents(file))
    windows = list(itertools.islice(cut(texts, fit.model.tokenizer, context_tokens=255, overlap_tokens=0), 12))
    caught = [
        batch.real(capture(fit.model.network, [fit.point], batch.ids, batch.mask)[0])
        for batch in batches(windows, model=fit.model)
    ]
    return torch.cat(caught)[:TOKENS].float().contiguous()


def compared(python: Path, folder: Path, reference: Coder, x: Tensor) -> dict[str, Difference]:
    """Differences by the name of the SAE."""
    ours = coders(reference)
    for part in ("read", "write", "found"):
        (folder / part).mkdir()
    for name, coder in ours.items():
        write_saelens(folder / "read" / name, coder, metadata=METADATA)
    write_saelens(folder / "read" / "half", ours["topk"], metadata=METADATA, matrices=torch.float16)
    checkpoints = raw_checkpoints(reference)
    for name, state in checkpoints.items():
        save_file(state, folder / "write" / f"{name}.safetensors")
    save_file({"x": x}, folder / "x.safetensors")
    script = REPOSITORY / "bench" / "witness" / "encode_with_saelens.py"
    failed = _run([str(python), str(script), str(folder)], RUN_SECONDS)
    if failed:
        raise BenchError(f"sae-lens could not encode what this program wrote: {failed}")
    read: dict[str, Coder] = {
        **ours,
        "half": read_sae(folder / "read" / "half").coder,
        **{f"raw-{name}": read_sae(folder / "checkpoints" / name).coder for name in checkpoints},
    }
    return {
        name: difference(coder, x, load_file(folder / "found" / f"{name}.safetensors")) for name, coder in read.items()
    }


def difference(coder: Coder, x: Tensor, theirs: dict[str, Tensor]) -> Difference:
    codes = coder.encode(x)
    dense = torch.zeros(len(x), coder.width)
    dense[codes.tokens, codes.latents] = codes.values
    strongest = theirs["codes"].amax(dim=1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)
    silent = (dense == 0) != (theirs["codes"] == 0)
    outputs = coder.decode(codes, x) - theirs["output"]
    return Difference(
        float(((dense - theirs["codes"]).abs() / strongest).max()),
        float((outputs.norm(dim=1) / theirs["output"].norm(dim=1)).max()),
        int((silent & (torch.maximum(dense, theirs["codes"]) > LIMIT * strongest)).sum()),
    )


def weights(reference: Coder) -> dict[str, Any]:
    """The demo SAE's first latents, decoder rows at different lengths, so that a wrong norm shows."""
    tensors, chance = reference.latent_tensors(), torch.Generator().manual_seed(1)
    lengths = torch.rand(LATENTS, 1, generator=chance) * 1.5 + 0.5
    return {
        "W_enc": tensors["W_enc"][:LATENTS].T.contiguous(),
        "b_enc": tensors["b_enc"][:LATENTS],
        "W_dec": tensors["W_dec"][:LATENTS] * lengths,
        "b_dec": reference.shared_tensors()["b_dec"],
    }


def coders(reference: Coder) -> dict[str, Coder]:
    """An SAE of each architecture that sae-lens loads."""
    plain, chance = weights(reference), torch.Generator().manual_seed(2)
    thresholds, skip = torch.rand(LATENTS, generator=chance) * 20, torch.eye(len(plain["b_dec"])) * 0.3
    gates: dict[str, Any] = {name: torch.randn(LATENTS, generator=chance) * 0.3 for name in ("b_mag", "r_mag")}
    across = {**plain, "subtract_b_dec": False}
    ungated: dict[str, Any] = {name: tensor for name, tensor in plain.items() if name != "b_enc"}
    topk = TopK(**plain, k=32)
    return {
        "standard": ReLU(**plain),
        "standard-without-b_dec": ReLU(**across),
        "standard-layer_norm": ReLU(**plain, inputs=Inputs(LAYER_NORM)),
        "standard-constant_norm_rescale": ReLU(**plain, inputs=Inputs(CONSTANT_NORM)),
        "topk": topk,
        "topk-rescaled": replace(topk, rescale_by_decoder_norm=True),
        "jumprelu": JumpReLU(**plain, threshold=thresholds),
        "batchtopk": BatchTopK(**plain, threshold=8.0),
        "batchtopk-rescaled": BatchTopK(**plain, threshold=8.0, rescale_by_decoder_norm=True),
        "matryoshka": Matryoshka(**plain, threshold=8.0, group_sizes=(256, 768, 1024)),
        "gated": Gated(**ungated, b_gate=plain["b_enc"] - 5, **gates),
        "transcoder": Transcoder(ReLU(**across)),
        "jumprelu_transcoder": Transcoder(JumpReLU(**across, threshold=thresholds)),
        "skip_transcoder": SkipTranscoder(ReLU(**across), skip),
    }


def raw_checkpoints(reference: Coder) -> dict[str, dict[str, Tensor]]:
    """Weights of training SAEs, which sae-lens saves in its own layouts."""
    state = {**weights(reference), "topk_threshold": torch.tensor(8.0, dtype=torch.float64)}
    return {"batchtopk": state, "matryoshka_batchtopk": state}


def _run(command: list[str], seconds: int) -> str:
    """Nothing where the command succeeded, else the last line that it said."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "WANDB_MODE": "disabled", "OMP_WAIT_POLICY": "PASSIVE"}
    try:
        ran = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return f"it took more than {seconds} seconds"
    except OSError as error:
        return str(error)
    said = (ran.stderr.strip() or ran.stdout.strip() or f"exit code {ran.returncode}").splitlines()
    return said[-1] if ran.returncode else ""
