"""What the site hands to a browser comes back as it was, or not at all."""

import pytest
from django.test import override_settings

from annotation.actions.sealing import BrokenSeal, seal, unseal

CONTENT = b"\x00seven\xff"


def test_what_was_sealed_opens_for_its_purpose_alone_and_reads_differently_each_time() -> None:
    one, other = seal("a", CONTENT), seal("a", CONTENT)
    assert unseal("a", one) == unseal("a", other) == CONTENT
    assert one != other
    with pytest.raises(BrokenSeal):
        unseal("b", one)


@pytest.mark.parametrize("spoilt", ["", "x", "🫀", "{0}x", "{0}=", " {0}", "{0}\n", "x{0}"])
def test_whatever_was_altered_is_refused(spoilt: str) -> None:
    with pytest.raises(BrokenSeal):
        unseal("a", spoilt.format(seal("a", CONTENT)))


def test_every_letter_counts() -> None:
    text = seal("a", CONTENT)
    for at, letter in enumerate(text.rstrip("=")):
        with pytest.raises(BrokenSeal):
            unseal("a", text[:at] + ("A" if letter != "A" else "B") + text[at + 1 :])


def test_forms_that_are_open_while_the_key_is_changed_stay_good_until_the_old_one_goes() -> None:
    with override_settings(SECRET_KEY="old" * 20):
        text = seal("a", CONTENT)
    with override_settings(SECRET_KEY="new" * 20, SECRET_KEY_FALLBACKS=["old" * 20]):
        assert unseal("a", text) == CONTENT
    with override_settings(SECRET_KEY="new" * 20), pytest.raises(BrokenSeal):
        unseal("a", text)
