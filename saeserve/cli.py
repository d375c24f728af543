"""`python -m saeserve`: the powers of the GPU side from a shell, with plain progress lines and an exit code."""

import argparse
import json
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from saeserve.contract import MiningRequest, Progress, UnknownVersion
from saeserve.mining.lock import AlreadyMining
from saeserve.refusal import Refusal
from saeserve.threads import wait_passively

Say = Callable[[str], None]
REQUEST_NUMBERS = {"context_tokens": int, "reserved_share": float, "top": int, "per_decile": int, "foils": int}
REQUEST_NUMBERS |= {"held_out": int, "shard_documents": int, "seed": int}
PLAN_NUMBERS = {
    "width": 4096,
    "k": 32,
    "train_tokens": 450_000,
    "held_out_tokens": 50_000,
    "epochs": 8,
    "batch": 1024,
    "seed": 1,
}


class BadRequest(Refusal):
    """The request file cannot be read."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when done, 1 with one sentence when refused, 2 for a wrong command line, 130 when interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser().parse_args(given)
    try:
        _prepare(options)
        record = options.run(options, given, _say_to(sys.stderr if options.json else sys.stdout))
    except (Refusal, AlreadyMining) as refusal:
        print(f"saeserve: {refusal}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("saeserve: interrupted; the same command continues where it stopped.", file=sys.stderr)
        return 130
    if options.json:
        print(json.dumps(record, ensure_ascii=False, allow_nan=False))
    return 0


def inspect(options: argparse.Namespace, _given: list[str], say: Say) -> dict[str, Any]:
    from saeserve.fit import load_fit

    fit = load_fit(options.model, options.sae, dtype=options.dtype, device=options.device)
    record = {
        "model": fit.model.name,
        "model_revision": fit.model.revision,
        "hook_point": fit.path,
        "architecture": fit.sae.coder.architecture,
        "input_width": fit.sae.coder.input_width,
        "width": fit.sae.coder.width,
        "unit": fit.sae.coder.unit,
        "encoding": fit.sae.encoding,
        "sae_digest": fit.sae_digest,
        "declared": fit.declared,
    }
    for name, value in record.items():
        say(f"{name}: {value}")
    return record


def gate(options: argparse.Namespace, _given: list[str], say: Say) -> dict[str, Any]:
    from saeserve.fit import load_fit
    from saeserve.gate import check_gate, measured_figures
    from saeserve.mining.index import index_corpus
    from saeserve.mining.run import probe_texts
    from saeserve.probe import probe

    index = index_corpus(options.corpus, reserved_share=0.0, seed=options.seed)
    fit = load_fit(options.model, options.sae, dtype=options.dtype, device=options.device)
    texts = probe_texts(options.corpus, index, seed=options.seed)
    found = probe(
        fit.model, fit.path, fit.sae.coder, texts, context_tokens=options.context_tokens, declared=fit.declared
    )
    for name, value in measured_figures(found.gate).items():
        say(f"{name}: {value:.4g}" + (f" (declared {fit.declared[name]:.4g})" if name in fit.declared else ""))
    check_gate(found.gate)
    say("The SAE fits this model on this corpus.")
    return asdict(found.gate)


def mine(options: argparse.Namespace, _given: list[str], say: Say) -> dict[str, Any]:
    from saeserve.mining.run import mine as mine_request
    from saeserve.mining.run import run_folder

    request = _request(options, say)
    manifest = mine_request(
        request, root=options.root, device=options.device, watch=lambda progress: say(_line(progress))
    )
    say(f"The run is in {run_folder(options.root, request)}.")
    return manifest.to_dict()


def train(options: argparse.Namespace, given: list[str], say: Say) -> dict[str, Any]:
    from saeserve.artifacts import read_json
    from saeserve.train.card import CARD_FILE
    from saeserve.train.plan import TrainPlan
    from saeserve.train.run import train_sae

    plan = TrainPlan(
        **{field.name: getattr(options, field.name) for field in fields(TrainPlan) if hasattr(options, field.name)}
    )
    train_sae(plan, command=shown_command(given), say=say)
    return read_json(plan.into / CARD_FILE)


def reference(options: argparse.Namespace, _given: list[str], say: Say) -> dict[str, Any]:
    from saeserve.reference import prepare_reference

    return {"folder": str(prepare_reference(options.into, package_folder=options.package, say=say))}


def shown_command(given: Sequence[str]) -> str:
    """The command as another person can type it: the folder of corpora is named by its variable."""
    corpora = os.environ.get("CORPORA_DIR", "")
    shown = []
    for word in given:
        inside = bool(corpora) and Path(word).is_absolute() and Path(word).is_relative_to(corpora)
        shown.append(f'"$CORPORA_DIR/{Path(word).relative_to(corpora)}"' if inside else shlex.quote(word))
    return " ".join(["python -m saeserve", *shown])


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="saeserve", description="SAE inference, mining and training.")
    top.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="CPU threads (default: all cores)")
    commands = top.add_subparsers(required=True, metavar="inspect | gate | mine | train | reference")
    _add_inspect(_command(commands, inspect, "say what a model and an SAE are"))
    _add_gate(_command(commands, gate, "check that an SAE reconstructs a model on a corpus"))
    _add_mine(_command(commands, mine, "mine every latent's snippets from a corpus"))
    _add_train(_command(commands, train, "train a TopK SAE and write it with its card"))
    _add_reference(_command(commands, reference, "fetch and convert the reference model"))
    return top


def _command(commands: Any, run: Callable[..., dict[str, Any]], help_line: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(run.__name__, help=help_line)
    command.add_argument("--json", action="store_true", help="print the result as one JSON object, progress on stderr")
    command.set_defaults(run=run)
    return command


def _add_inspect(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", type=Path, required=True, help="folder in transformers format")
    command.add_argument("--sae", type=Path, required=True, help="folder in SAELens v6 format")
    command.add_argument("--dtype", default="bfloat16")
    command.add_argument("--device", default="cpu")


def _add_gate(command: argparse.ArgumentParser) -> None:
    _add_inspect(command)
    command.add_argument("--corpus", type=Path, required=True, help=".jsonl or .jsonl.gz with id and text")
    command.add_argument("--context-tokens", type=int, default=MiningRequest.context_tokens)
    command.add_argument("--seed", type=int, default=MiningRequest.seed)


def _add_mine(command: argparse.ArgumentParser) -> None:
    command.add_argument("--root", type=Path, required=True, help="artifact root")
    command.add_argument("--request", type=Path, help="a mining request as JSON; instead of the options below")
    command.add_argument("--model", type=Path, help="folder in transformers format")
    command.add_argument("--sae", type=Path, help="folder in SAELens v6 format")
    command.add_argument("--corpus", type=Path, help=".jsonl or .jsonl.gz with id and text")
    command.add_argument("--dtype", default=MiningRequest.dtype)
    command.add_argument("--device", default="cpu")
    for name, kind in REQUEST_NUMBERS.items():
        command.add_argument(f"--{name.replace('_', '-')}", type=kind, default=getattr(MiningRequest, name))


def _add_train(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", type=Path, required=True)
    command.add_argument("--hook-point", required=True, help="e.g. model.layers.15")
    command.add_argument("--corpus", type=Path, required=True, help=".jsonl or .jsonl.gz with id and text")
    command.add_argument("--into", type=Path, required=True)
    command.add_argument("--cache", type=Path, default=Path("var/train"))
    command.add_argument("--data-note", default="", help="a sentence for the card: what the corpus is")
    for name, default in PLAN_NUMBERS.items():
        command.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)


def _add_reference(command: argparse.ArgumentParser) -> None:
    command.add_argument("--into", type=Path, required=True, help="folder that gets smollm2-135m-instruct")
    command.add_argument("--package", type=Path, help="folder of the fetched package (default: INTO/package)")


def _request(options: argparse.Namespace, say: Say) -> MiningRequest:
    from saeserve.corpus_import import import_corpus

    if options.request:
        try:
            return MiningRequest.from_dict(json.loads(options.request.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, UnknownVersion) as error:
            raise BadRequest(f"{options.request} is not a mining request that can be read ({error}).") from error
    missing = [f"--{name}" for name in ("model", "sae", "corpus") if getattr(options, name) is None]
    if missing:
        raise BadRequest(f"Give {', '.join(missing)}, or a whole request with --request.")
    digest = import_corpus(options.corpus, options.root)
    say(f"The corpus is {digest}.")
    return MiningRequest(
        model=str(options.model.resolve()),
        sae=str(options.sae.resolve()),
        corpus_digest=digest,
        dtype=options.dtype,
        **{name: getattr(options, name) for name in REQUEST_NUMBERS},
    )


def _prepare(options: argparse.Namespace) -> None:
    if options.threads < 1:
        raise BadRequest(f"--threads is {options.threads}; give a whole number above 0.")
    wait_passively()
    import torch

    torch.set_num_threads(options.threads)
    if getattr(options, "device", "cpu").startswith("cuda") and not torch.cuda.is_available():
        raise BadRequest("This machine has no CUDA device; leave --device out.")


def _line(progress: Progress) -> str:
    speed = f", {progress.tokens_per_second:,.0f} a second" if progress.tokens_per_second else ""
    return f"{progress.phase}: {progress.done:,} of {progress.total:,}{speed}"


def _say_to(stream: Any) -> Say:
    return lambda line: print(line, file=stream, flush=True)
