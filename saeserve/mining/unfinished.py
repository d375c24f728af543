"""Runs that were begun and have neither a manifest nor a failure, in the groups that one pass can mine."""

from collections.abc import Iterator
from pathlib import Path

from saeserve.contract import MiningRequest
from saeserve.mining.folders import REQUEST_FILE, RunFolder
from saeserve.mining.together import shared


def unfinished_requests(root: Path) -> Iterator[MiningRequest]:
    """Their requests, by digest. Folders that cannot be read as a run are passed over, and cancelled ones."""
    for file in sorted(root.glob(f"runs/*/{REQUEST_FILE}")):
        folder = RunFolder(file.parent)
        if folder.open and (request := folder.request()):
            yield request


def unfinished_groups(root: Path) -> list[list[MiningRequest]]:
    """The same, together where they differ in their SAE only."""
    groups: dict[str, list[MiningRequest]] = {}
    for request in unfinished_requests(root):
        groups.setdefault(shared(request), []).append(request)
    return list(groups.values())
