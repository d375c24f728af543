"""What a browser needs to keep a person's unsent answers on her device so that she alone can read them.

Nothing of it is stored: it follows from SECRET_KEY and from who is signed in (docs/adr/0011-what-a-device-keeps.md).
"""

import base64

from django.utils.crypto import constant_time_compare, salted_hmac

from annotation.models import User

NAME_LENGTH = 32
PERSON_HEADER = "X-Consilium-Person"
"""A script says here whose page it runs in (`device_owner`), because someone else may have signed in meanwhile."""
SOMEONE_ELSE = "Someone else is signed in in this browser now. Sign in again, and what you wrote is sent."


def device_key(user: User) -> str:
    """The AES-256 key of her answers on any device, in base64. Only a page of her own session may carry it."""
    return base64.b64encode(_mac("consilium.device.key", user.pk)).decode("ascii")


def device_owner(user: User) -> str:
    """A name for her on a device that says nothing of who she is: 32 hexadecimal digits."""
    return _mac("consilium.device.owner", user.pk).hex()[:NAME_LENGTH]


def is_hers(claimed: str | None, user: User) -> bool:
    """Whether what a page sends was written by the person whose session sends it. Without the header it is."""
    return claimed is None or constant_time_compare(claimed, device_owner(user))


def draft_name(user: User, *, round_id: int, latent_id: int) -> str:
    """A name for her draft of one latent in one round, the same after a new lease: 32 hexadecimal digits."""
    return _mac("consilium.device.draft", user.pk, round_id, latent_id).hex()[:NAME_LENGTH]


def revision_name(user: User, *, rating_id: int) -> str:
    """A name for her second thought on a rating: 32 hexadecimal digits."""
    return _mac("consilium.device.revision", user.pk, rating_id).hex()[:NAME_LENGTH]


def _mac(purpose: str, *parts: int) -> bytes:
    return salted_hmac(purpose, " ".join(map(str, parts)), algorithm="sha256").digest()
