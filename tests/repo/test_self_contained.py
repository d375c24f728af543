"""The tree names no package registry: where packages come from is the reader's own pip configuration."""

from pathlib import Path

import pytest

from tests.repo.tree import texts

# In pieces, so that this file does not name them.
REGISTRIES = [
    ".".join(labels)
    for labels in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("download", "pytorch", "org"),
        ("registry", "npmjs", "org"),
        ("huggingface", "co"),
        ("deb", "debian", "org"),
        ("unpkg", "com"),
        ("jsdelivr", "net"),
        ("cdnjs", "cloudflare", "com"),
    )
]


@pytest.mark.parametrize("host", REGISTRIES)
def test_no_file_names_a_registry(host: str) -> None:
    naming = [str(path) for path, text in texts().items() if host in text and not vendored(path)]
    assert naming == []


def vendored(path: Path) -> bool:
    """A library's own file may name its home in a comment; it is served from here all the same."""
    return "vendor" in path.parts
