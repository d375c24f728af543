import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.science.digest import digest
from annotation.science.types import Answer

RECORDS = [
    ("1", "ada", 0.1),
    ("1", "ben", None),
    {"latent": "2", "value": frozenset({"b", "a"})},
    Answer("3", "ada", 4),
]


@given(order=st.permutations(RECORDS))
def test_the_order_of_the_records_does_not_count(order):
    assert digest(order, seed=1) == digest(RECORDS, seed=1)


def test_every_change_shows():
    base = digest(RECORDS, seed=1)
    others = [digest(RECORDS, seed=2), digest(RECORDS[1:], seed=1), digest([*RECORDS, RECORDS[0]], seed=1),
              digest([("1", "ada", 0.1 + 1e-16), *RECORDS[1:]], seed=1), digest(RECORDS, seed="1")]  # fmt: skip
    assert len({base, *others}) == 6
    assert len(base) == 64


def test_a_known_digest_stays_what_it_is():
    """Stored rows carry it: a change of the canonical form makes every result stale."""
    assert digest([("1", "ada", 1)], seed=1) == digest([["1", "ada", 1]], seed=1)
    assert digest([]) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_what_has_no_plain_form_is_refused():
    with pytest.raises(TypeError, match="cannot be part of a digest"):
        digest([object()])
