"""Runs that were begun and have neither a manifest nor a failure."""

import json
from collections.abc import Iterator
from pathlib import Path

from saeserve.artifacts import read_json
from saeserve.contract import FAILURE_FILE, MANIFEST_FILE, MiningRequest, UnknownVersion

REQUEST_FILE = "request.json"


def unfinished_requests(root: Path) -> Iterator[MiningRequest]:
    """Their requests, by digest. Folders that cannot be read as a run are passed over."""
    for file in sorted(root.glob(f"runs/*/{REQUEST_FILE}")):
        if any((file.parent / ended).exists() for ended in (MANIFEST_FILE, FAILURE_FILE)):
            continue
        try:
            request = MiningRequest.from_dict(read_json(file))
        except (json.JSONDecodeError, UnknownVersion, TypeError):
            continue
        if request.digest == file.parent.name:
            yield request
