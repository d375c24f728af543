"""The key of what a device keeps: hers after every new session, nobody else's, and of this installation only."""

import base64

import pytest
from django.conf import LazySettings

from annotation.models import User
from annotation.rules.device import device_key, device_owner, draft_name, is_hers

ADA, BEN = User(pk=1), User(pk=2)


def test_a_key_is_256_bits_and_the_same_whenever_she_signs_in() -> None:
    assert len(base64.b64decode(device_key(ADA))) == 32
    assert device_key(ADA) == device_key(User(pk=1, password="changed since"))


def test_everybody_has_another_key_and_another_name() -> None:
    assert device_key(ADA) != device_key(BEN)
    assert device_owner(ADA) != device_owner(BEN)
    assert draft_name(ADA, round_id=1, latent_id=12) != draft_name(BEN, round_id=1, latent_id=12)


def test_another_installation_gives_another_key(settings: LazySettings) -> None:
    before = device_key(ADA)
    settings.SECRET_KEY = "of another installation"
    assert device_key(ADA) != before


def test_neither_name_gives_away_the_key_nor_is_one_draft_taken_for_another() -> None:
    assert device_owner(ADA) not in base64.b64decode(device_key(ADA)).hex()
    assert draft_name(ADA, round_id=1, latent_id=12) != draft_name(ADA, round_id=11, latent_id=2)


@pytest.mark.parametrize(
    ("claimed", "hers"), [(None, True), (device_owner(ADA), True), (device_owner(BEN), False), ("", False)]
)
def test_what_another_persons_page_sends_is_not_hers(claimed: str | None, hers: bool) -> None:
    assert is_hers(claimed, ADA) is hers
