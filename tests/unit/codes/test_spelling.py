"""British and American spellings are one, from the first letters on."""

import pytest

from annotation.codes.spelling import american, spellings
from annotation.codes.text import fold, matches, words

PAIRS = [
    ("oedema", "edema"), ("haemorrhage", "hemorrhage"), ("anaemia", "anemia"), ("ischaemia", "ischemia"),
    ("paediatric", "pediatric"), ("tumour", "tumor"), ("oesophagus", "esophagus"), ("diarrhoea", "diarrhea"),
    ("dyspnoea", "dyspnea"), ("leukaemia", "leukemia"), ("leucocytosis", "leukocytosis"), ("anaesthesia", "anesthesia"),
    ("gynaecology", "gynecology"), ("faecal", "fecal"), ("caecum", "cecum"), ("oestrogen", "estrogen"),
    ("aetiology", "etiology"), ("coeliac", "celiac"), ("foetus", "fetus"), ("orthopaedic", "orthopedic"),
    ("fibre", "fiber"), ("sulphonamide", "sulfonamide"), ("paralysed", "paralyzed"),
    ("immobilisation", "immobilization"),
    ("hypercholesterolaemia", "hypercholesterolemia"), ("haematuria", "hematuria"), ("caesarean", "cesarean"),
    ("bronchiectasis", "bronchiectasis"),
]  # fmt: skip


@pytest.mark.parametrize(("british", "usual"), PAIRS)
def test_two_spellings_compare_as_one(british: str, usual: str) -> None:
    assert american(british) == american(usual)


@pytest.mark.parametrize(("british", "usual"), PAIRS)
def test_every_beginning_of_either_spelling_finds_the_word(british: str, usual: str) -> None:
    for typed, shown in ((british, usual), (usual, british)):
        missed = [typed[:end] for end in range(1, len(typed) + 1) if not matches([typed[:end]], spellings(shown))]
        missed = [part for part in missed if not matches([american(part)], spellings(shown))]
        assert missed == []


@pytest.mark.parametrize("other", ["edema edematous", "heart hard", "anemia anuria", "fever fiber", "colon color"])
def test_words_that_are_not_one_stay_two(other: str) -> None:
    one, two = other.split()
    assert american(one) != american(two)


def test_accents_case_apostrophes_and_hyphens_do_not_count() -> None:
    assert fold("Sjögren’s  SYNDROME, (dry-eye)") == "sjogrens syndrome dry eye"
    assert fold("ﬁbrosis of the 5th\x00 finger") == "fibrosis of the 5th finger"
    assert words(" – ") == ()


def test_typed_beginnings_match_in_any_order() -> None:
    assert matches(words("inf myo"), words("acute myocardial infarction"))
    assert not matches(words("inf myx"), words("acute myocardial infarction"))
