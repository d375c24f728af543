"""A release opened by Hugging Face's `datasets`, as its data card says: every table with rows.

In an environment that has `datasets` (see docs/guides/interoperability.md for the version used) and need not have this
project's packages:

    python -m bench.tool_files.datasets_check RELEASE

Ends with 1 where a table's rows or columns are not those of the manifest.
"""

import json
import sys
import tempfile
from pathlib import Path


def main(folder: Path) -> int:
    """folder: an unpacked release."""
    from datasets import get_dataset_config_names, load_dataset

    tables = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["tables"]
    names = get_dataset_config_names(str(folder))
    wrong = sorted({name for name in tables if tables[name]["rows"]} ^ set(names))
    rows = 0
    with tempfile.TemporaryDirectory() as cache:
        for name in sorted(set(tables) & set(names)):
            found = load_dataset(str(folder), name, split="train", cache_dir=cache)
            rows += found.num_rows
            columns = [column["name"] for column in tables[name]["columns"]]
            if found.num_rows != tables[name]["rows"] or found.column_names != columns:
                wrong.append(name)
    print(f"{len(names)} tables, {rows:,} rows; not as the manifest says: {', '.join(wrong) or 'none'}.")
    return 1 if wrong or not names else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
