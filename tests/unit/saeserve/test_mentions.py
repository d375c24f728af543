"""Words that are negated or said of a relative are told from those that hold of the patient."""

import pytest

from saeserve.mining.mentions import mentioned


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("He denies chest pain, dyspnoea or syncope.", "syncope"),
        ("There is no evidence of pneumothorax.", "pneumothorax"),
        ("Chest X-ray negative for infiltrate.", "infiltrate"),
        ("Walks well without pain.", "pain"),
        ("Pulmonary embolism was ruled out.", "embolism"),
        ("No fever. Cough persists.", "fever"),
        ("Her mother had breast cancer at 40.", "cancer"),
        ("Family history of stroke.", "stroke"),
        ("FH: father MI at 49", "mi"),
        ("Maternal aunt with lupus.", "lupus"),
        ("The lesion is not seen on this study.", "lesion"),
        ("He doesn't have diabetes.", "diabetes"),
        ("Troponin was negative", "troponin"),
    ],
)
def test_mentioned_without_holding(text: str, word: str) -> None:
    assert word in mentioned(text)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("He has chest pain.", "pain"),
        ("No fever but cough persists.", "cough"),
        ("No fever. Cough persists.", "cough"),
        ("There is no change in the effusion.", "effusion"),
        ("Gram-negative sepsis.", "sepsis"),
        ("Mother states that he has a fever.", "fever"),
        ("Denies nausea; vomiting twice today", "vomiting"),
        ("Extubated without difficulty, pneumonia improving", "pneumonia"),
        ("Not only pain and swelling", "swelling"),
        ("", "pain"),
    ],
)
def test_what_holds_of_the_patient_is_left(text: str, word: str) -> None:
    assert word not in mentioned(text)
