"""Dtypes of the language model's forward pass, and the one that a device is built for."""

import torch

AUTO = "auto"
DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32, "float16": torch.float16}


def dtype_for(wanted: str, device: torch.device) -> str:
    """The dtype asked for; for `auto` bfloat16 where the device multiplies in it, and float32 elsewhere.

    A CPU without such instructions emulates bfloat16, which is slower than float32.
    """
    if wanted != AUTO:
        return wanted
    return "bfloat16" if _has_bfloat16(device) else "float32"


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        able = torch.cpu.get_capabilities()
        return any(able.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    return False
