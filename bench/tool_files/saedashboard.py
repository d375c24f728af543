"""`python -m bench.tool_files.saedashboard FOLDER`: dashboards that SAEDashboard itself writes.

A small random transformer with the reference model's vocabulary and a small random SAE over the demo's notes: what it
finds means nothing, and every field of the files is the tool's own. Seconds on two cores.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from sae_dashboard.components_config import (
    ActsHistogramConfig,
    Column,
    FeatureTablesConfig,
    LogitsHistogramConfig,
    LogitsTableConfig,
    SequencesConfig,
)
from sae_dashboard.layout import SaeVisLayoutConfig
from sae_dashboard.neuronpedia.neuronpedia_converter import NeuronpediaConverter
from sae_dashboard.neuronpedia.neuronpedia_runner import HTML_ANOMALIES
from sae_dashboard.neuronpedia.neuronpedia_runner_config import NeuronpediaRunnerConfig
from sae_dashboard.sae_vis_data import SaeVisConfig
from sae_dashboard.sae_vis_runner import SaeVisRunner
from sae_lens import SAE
from sae_lens.saes.standard_sae import StandardSAE, StandardSAEConfig
from transformer_lens import HookedTransformer, HookedTransformerConfig
from transformers import AutoTokenizer

ROOT = Path(__file__).resolve().parents[2]
MODEL, NOTES = ROOT / "var/models/smollm2-135m-instruct", ROOT / "demo/notes"
HOOK, PROMPTS, CONTEXT, WIDTH, D_MODEL, BATCH = "blocks.0.hook_resid_post", 256, 64, 32, 32, 16


def main(folder: Path) -> None:
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    model, sae = _model(tokenizer), _sae()
    settings = NeuronpediaRunnerConfig(
        sae_set="res-demo",
        sae_path="",
        outputs_dir=str(folder),
        model_id="small-random",
        layer=0,
        n_prompts_total=PROMPTS,
        n_tokens_in_prompt=CONTEXT,
        huggingface_dataset_path="demo/notes",
    )
    vocabulary = {number: _cleaned(token) for token, number in tokenizer.get_vocab().items()}
    prompts = _prompts(tokenizer)
    folder.mkdir(parents=True, exist_ok=True)
    for number, first in enumerate(range(0, WIDTH, BATCH)):
        found = SaeVisRunner(_asked(list(range(first, first + BATCH)))).run(encoder=sae, model=model, tokens=prompts)
        text = NeuronpediaConverter.convert_to_np_json(model, found, settings, vocabulary)
        (folder / f"batch-{number}.json").write_text(text)


def _model(tokenizer: Any) -> HookedTransformer:
    config = HookedTransformerConfig(
        n_layers=1, d_model=D_MODEL, n_ctx=CONTEXT, d_head=8, d_mlp=64, d_vocab=len(tokenizer), act_fn="gelu", seed=0
    )
    return HookedTransformer(config, tokenizer=tokenizer)


def _sae() -> SAE:
    sae = StandardSAE(StandardSAEConfig(d_in=D_MODEL, d_sae=WIDTH))
    with torch.no_grad():
        sae.W_enc.copy_(torch.randn(D_MODEL, WIDTH))
        sae.W_dec.copy_(sae.W_enc.T)
        sae.b_enc.fill_(-3.0)
    sae.cfg.metadata.hook_name = HOOK
    sae.fold_W_dec_norm()
    return sae


def _prompts(tokenizer: Any) -> torch.Tensor:
    ids: list[int] = []
    for path in sorted(NOTES.glob("*.jsonl")):
        for line in path.open(encoding="utf-8"):
            ids += tokenizer(json.loads(line)["text"], add_special_tokens=False)["input_ids"]
    rows = torch.tensor(ids[: PROMPTS * (CONTEXT - 1)]).reshape(PROMPTS, CONTEXT - 1)
    return torch.cat([torch.full((PROMPTS, 1), tokenizer.bos_token_id), rows], dim=1)


def _asked(latents: list[int]) -> SaeVisConfig:
    parts = [
        SequencesConfig(
            stack_mode="stack-all",
            buffer=None,
            compute_buffer=True,
            n_quantiles=5,
            top_acts_group_size=20,
            quantile_group_size=5,
        ),
        ActsHistogramConfig(),
        LogitsHistogramConfig(),
        LogitsTableConfig(),
        FeatureTablesConfig(n_rows=3),
    ]
    return SaeVisConfig(
        hook_point=HOOK,
        features=latents,
        minibatch_size_features=BATCH,
        minibatch_size_tokens=32,
        feature_centric_layout=SaeVisLayoutConfig(columns=[Column(*parts)]),
        perform_ablation_experiments=False,
        device="cpu",
        dtype="float32",
        ignore_tokens={1, 2},
    )


def _cleaned(token: str) -> str:
    """As the tool's own runner cleans its vocabulary."""
    for spoilt, meant in HTML_ANOMALIES.items():
        token = token.replace(spoilt, meant)
    return token


if __name__ == "__main__":
    main(Path(sys.argv[1]))
