"""A release's tasks through a running Label Studio: imported, answered once more, exported by it as JSON.

In any environment, beside a Label Studio of one's own (1.23.2 was used) started with `--enable-legacy-api-token`:

    python -m bench.tool_files.label_studio TASKS_FOLDER http://127.0.0.1:8080 TOKEN FOLDER/label-studio/export.json
"""

import json
import sys
import urllib.request
from pathlib import Path
from typing import Any


def main(folder: Path, address: str, token: str, target: Path) -> None:
    """folder: of `export_latents label-studio`."""

    def call(method: str, path: str, body: object = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(address + path, content, headers, method=method)) as answer:
            return json.load(answer)

    config = (folder / "config.xml").read_text(encoding="utf-8")
    tasks = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
    project = call("POST", "/api/projects", {"title": "A release", "label_config": config})["id"]
    taken = call("POST", f"/api/projects/{project}/import", tasks)
    print(f"{taken['task_count']} tasks and {taken['annotation_count']} annotations were taken.")
    for task in call("GET", f"/api/tasks?project={project}&page_size=1000")["tasks"]:
        annotations = call("GET", f"/api/tasks/{task['id']}")["annotations"]
        if annotations:
            results = [result for result in annotations[0]["result"] if result["from_name"] != "rater"]
            call("POST", f"/api/tasks/{task['id']}/annotations/", {"result": results, "lead_time": 12.5})
    exported = call("GET", f"/api/projects/{project}/export?exportType=JSON&download_all_tasks=true")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(exported), encoding="utf-8")
    print(f"{sum(len(task['annotations']) for task in exported)} annotations were exported.")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2].rstrip("/"), sys.argv[3], Path(sys.argv[4]))
