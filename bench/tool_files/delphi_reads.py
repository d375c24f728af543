"""`python -m bench.tool_files.delphi_reads CACHE EXPLANATIONS`: delphi itself finds and reads our explanation files.

CACHE: the folder above a hook point's. EXPLANATIONS: one point of view of `export_latents delphi`. For every latent of
the cache that has a file, delphi's own name of it and its own reading of the file.
"""

import sys
from pathlib import Path

import orjson
from delphi.latents.loader import TensorBuffer


def main(cache: Path, explanations: Path) -> None:
    found: dict[str, str] = {}
    for hook_point in sorted(path for path in cache.iterdir() if path.is_dir()):
        for split in sorted(hook_point.glob("*.safetensors")):
            for data in TensorBuffer(str(split), hook_point.name):
                path = explanations / f"{data.latent}.txt"
                if path.exists():
                    found[path.name] = orjson.loads(path.read_bytes())
    unread = {path.name for path in explanations.iterdir()} - set(found)
    if unread:
        raise SystemExit(f"delphi does not find {sorted(unread)[0]}.")
    if not all(isinstance(text, str) and text for text in found.values()):
        raise SystemExit("An explanation is no text.")
    sys.stdout.write(f"delphi reads {len(found)} explanations.\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
