"""Every state in the vocabulary has a sign of its own, so that no page tells it by colour alone."""

import pytest
from django.db.models import TextChoices

from annotation import enums
from annotation.views.drawing.icons import UnknownIcon, icon_path
from annotation.views.drawing.states import LOOKS, state

STATE_ENUMS = [
    member for name, member in vars(enums).items() if name.endswith("State") and issubclass(member, TextChoices)
]


@pytest.mark.parametrize("choices", STATE_ENUMS)
def test_every_state_has_a_look(choices: type[TextChoices]) -> None:
    assert [value for value in choices.values if value not in LOOKS] == []


def test_every_look_has_a_drawn_sign_and_a_known_tone() -> None:
    for tone, sign in LOOKS.values():
        assert icon_path(sign)
        assert tone in {"neutral", "active", "good", "warn", "bad"}


def test_a_state_is_written_with_its_label_or_its_enums_or_its_name() -> None:
    assert state("open", "Waiting").word == "Waiting"
    assert state(enums.LatentState.PERSISTENT).word == "Persistently ambiguous"
    assert state("not-clinical").word == "Not clinical"


def test_an_icon_that_is_not_drawn_is_named_in_the_error() -> None:
    with pytest.raises(UnknownIcon, match="unicorn"):
        icon_path("unicorn")
