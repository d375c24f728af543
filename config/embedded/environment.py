"""The environment that the supervisor gives to every program of the site."""

from collections.abc import Mapping

from config.embedded import StartError
from config.embedded.place import Place
from config.embedded.secret_files import fernet_key, secret


class PortError(StartError):
    pass


def site_environment(given: Mapping[str, str], place: Place, address: str) -> dict[str, str]:
    """What the site needs beyond `given`; nothing that is given is changed. The servers' URLs are added later."""
    wanted = {
        "SECRET_KEY": secret(place.secrets / "django"),
        "ARTIFACT_KEY": fernet_key(place.secrets / "artifacts"),
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "SITE_URL": address,
        "HTTPS": "0",  # loopback: there is no TLS proxy in front
        "ARTIFACT_ROOT": str(place.artifacts),
        "IMPORT_ROOT": str(place.imports),
        "STATIC_ROOT": str(place.static),
        "PYTHONUNBUFFERED": "1",
    }
    return {name: value for name, value in wanted.items() if name not in given}


def port(given: Mapping[str, str]) -> int:
    """The site's port: PORT, or 8000."""
    word = given.get("PORT") or "8000"
    if not word.isdecimal() or int(word) > 65535:
        raise PortError(f"PORT is {word!r}. Set it to a number from 1024 to 65535, or leave it out for 8000.")
    return int(word)
