"""Random secrets, made once and kept in files that only their owner reads."""

import os
import secrets
from pathlib import Path


def secret(path: Path) -> str:
    """The secret kept at `path` (43 URL-safe characters, 256 bits); made now where there is none yet."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return path.read_text().strip()


def fernet_key(path: Path) -> str:
    """The secret kept at `path` as a Fernet key: 32 bytes in URL-safe base64, padding and all."""
    return secret(path) + "="


def write_private(path: Path, text: str) -> None:
    """Write a file that is never, not even for a moment, readable by others or half-written."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)
