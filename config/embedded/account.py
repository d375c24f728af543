"""The account that the database servers run as when we are root: Postgres refuses to run as root, Valkey need not."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from config.embedded import StartError


class AccountMissingError(StartError):
    pass


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """`postgres` where the machine has it, else `nobody`; None when we are a plain user already."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise AccountMissingError(
        "Postgres refuses to run as root, and this machine has neither an account `postgres` nor `nobody`. "
        "Run the same command as a plain user, or set DATABASE_URL and REDIS_URL to servers of your own."
    )


def give(path: Path, account: Account | None) -> None:
    """Hand `path` to the account alone (directory 0700, file 0600)."""
    path.chmod(0o700 if path.is_dir() else 0o600)
    if account is not None:
        os.chown(path, account.uid, account.gid)
