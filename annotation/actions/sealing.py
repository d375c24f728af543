"""Words that the site hands to a browser and takes back: nobody on the way can read or alter them."""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac


class BrokenSeal(ValueError):
    """It was not sealed here, for this purpose, with a key that is still in use; or it was altered."""


def seal(purpose: str, content: bytes) -> str:
    """Encrypted and signed for this purpose alone, printable. Its length tells the content's, and nothing else does."""
    return _keys(purpose).encrypt(content).decode("ascii")


def unseal(purpose: str, text: str) -> bytes:
    """Raises BrokenSeal. There is no age at which a seal breaks: a form may come back late."""
    try:
        # Base64 passes over letters behind its end: such a text is not the one that was written.
        if base64.urlsafe_b64encode(base64.urlsafe_b64decode(text)) != text.encode():
            raise BrokenSeal(purpose)
        return _keys(purpose).decrypt(text.encode())
    except (InvalidToken, ValueError) as error:
        raise BrokenSeal(purpose) from error


def _keys(purpose: str) -> MultiFernet:
    return _derived(purpose, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=16)
def _derived(purpose: str, secrets: tuple[str, ...]) -> MultiFernet:
    """A key of its own for each purpose; the first seals, the others open what was sealed before the key changed."""
    digests = [salted_hmac("consilium.seal", purpose, secret=secret, algorithm="sha256").digest() for secret in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
