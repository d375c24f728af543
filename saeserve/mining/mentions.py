"""Words of a text that it mentions without saying that this patient has them: negated, or said of a relative.

Rules of ours in the manner of NegEx (Chapman et al. 2001): a cue opens a scope that ends with the sentence, at a word
such as "but", or after SCOPE words.
"""

import re

SCOPE = 20
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_WORD = re.compile(r"\w+")
_BEFORE = re.compile(
    r"\b(?:den(?:y|ies|ied|ying)|no|not|without|w/o|never|nor|neither|absen(?:t|ce of)|negative for|neg for|free of"
    r"|ruled? out|rules out|lack(?:s|ed|ing)?(?: of)?|failed to reveal|(?:does|did|do|has|have|had|is|was"
    r"|were)n['\u2019]?t)\b",
    re.IGNORECASE,
)
"""What negates the words after it."""
_AFTER = re.compile(
    r"\b(?:(?:(?:is|was|were|are|has been|have been) )?(?:ruled out|not (?:seen|present|identified|noted|found"
    r"|detected|visuali[sz]ed"
    r"|demonstrated|appreciated)|absent|denied|unlikely|excluded|negative))\b",
    re.IGNORECASE,
)
"""What negates the words before it."""
_NO_CUE = re.compile(
    r"\b(?:no (?:change|increase|decrease|significant change|doubt|longer)|not (?:only|just|necessarily|certain|sure)"
    r"|gram[ -]negative|without (?:difficulty|complications?|incident|delay)|no\.? ?\d)",
    re.IGNORECASE,
)
"""What looks like a cue and negates nothing."""
_END = re.compile(
    r"\b(?:but|however|although|though|except|aside from|apart from|which|who|yet|nevertheless|secondary to|due to"
    r"|because|presents|presented|complains|reports|reported)\b",
    re.IGNORECASE,
)
"""What ends a scope within a sentence."""
_KIN = re.compile(
    r"\b(?:family (?:history|hx)|fh|fhx|famhx|mother|father|mom|dad|brothers?|sisters?|siblings?|sons?|daughters?"
    r"|aunts?|uncles?"
    r"|grand(?:mother|father|parents?|ma|pa)|cousins?|(?:maternal|paternal) \w+|parents?)\b",
    re.IGNORECASE,
)
_KIN_SPEAKS = re.compile(
    r"\W*(?:\w+\W+){0,2}?(?:states?|stated|says?|said|reports?|reported|denie[sd]|noticed|noted|brought|called|is|was"
    r"|feels?|thinks?"
    r"|aware|present|at bedside|agrees?|concerned|gives?|gave|will|understands?)\b",
    re.IGNORECASE,
)
"""After a relative: she speaks of the patient or looks after him, and the sentence is not about her illness."""
_KIN_ILL = re.compile(r"\W*(?:\w+\W+){0,3}?(?:had|has|have|died|with|suffer\w*|diagnosed|history|of|:)", re.IGNORECASE)


def mentioned(text: str) -> frozenset[str]:
    """Lower-case words that the text negates or says of a relative."""
    found: set[str] = set()
    for sentence in _SENTENCE.split(text):
        for scope in (*_negated(sentence), *_of_relatives(sentence)):
            found.update(_WORD.findall(scope.lower()))
    return frozenset(found)


def _negated(sentence: str) -> list[str]:
    masked = _NO_CUE.sub(lambda match: "_" * len(match.group()), sentence)
    scopes = [_forward(masked, cue.end()) for cue in _BEFORE.finditer(masked)]
    return scopes + [_backward(masked, cue.start()) for cue in _AFTER.finditer(masked)]


def _of_relatives(sentence: str) -> list[str]:
    scopes = []
    for kin in _KIN.finditer(sentence):
        rest = sentence[kin.end() :]
        family = "family" in kin.group().lower() or kin.group().lower().startswith(("fh", "fam"))
        if family or (_KIN_ILL.match(rest) and not _KIN_SPEAKS.match(rest)):
            scopes.append(_forward(sentence, kin.end(), ends=family))
    return scopes


def _forward(sentence: str, start: int, *, ends: bool = True) -> str:
    end = _END.search(sentence, start) if ends else None
    return _words(sentence[start : end.start() if end else len(sentence)], from_front=True)


def _backward(sentence: str, end: int) -> str:
    ends = list(_END.finditer(sentence, 0, end))
    return _words(sentence[ends[-1].end() if ends else 0 : end], from_front=False)


def _words(scope: str, *, from_front: bool) -> str:
    words = scope.split()
    return " ".join(words[:SCOPE] if from_front else words[-SCOPE:])
