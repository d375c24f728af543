"""Each annotation of a release's tasks against the labeling config, by Label Studio's own SDK.

In an environment that has `label-studio-sdk` (2.1.2 was used) and need not have this project's packages:

    python -m bench.tool_files.label_studio_check TASKS_FOLDER

Ends with 1 where an annotation does not pass, or where one that was spoilt on purpose does.
"""

import copy
import json
import sys
from pathlib import Path
from typing import Any


def main(folder: Path) -> int:
    """folder: of `export_latents label-studio`."""
    from label_studio_sdk.label_interface import LabelInterface

    config = LabelInterface((folder / "config.xml").read_text(encoding="utf-8"))
    tasks = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
    annotations = [annotation for task in tasks for annotation in task["annotations"]]
    passed = [config.validate_annotation(annotation) for annotation in annotations]
    spoilt = [config.validate_annotation(_spoilt(annotation)) for annotation in annotations]
    print(f"{sum(passed)} of {len(passed)} annotations pass; of as many spoilt ones {sum(spoilt)}.")
    return 0 if passed and all(passed) and not any(spoilt) else 1


def _spoilt(annotation: dict[str, Any]) -> dict[str, Any]:
    """The same with a choice that the config does not offer."""
    other = copy.deepcopy(annotation)
    result = next(result for result in other["result"] if result["type"] == "choices")
    result["value"]["choices"] = ["no such choice"]
    return other


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
