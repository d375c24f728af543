"""British and American spellings of one word: oedema and edema, haemorrhage and hemorrhage, tumour and tumor.

A term is found under both spellings, from the first letter on, and two terms that differ in nothing else are the same.
"""

import re
from functools import lru_cache

TO_AMERICAN = (
    (r"ae|oe", "e"),
    (r"(tum|col|od|hum|lab|behavi|fav|vap|rum|sav)our", r"\1or"),
    (r"(l|i)s(ation|e|ed|er|ing|es)$", r"\1z\2"),
    (r"ys(e|ed|er|ing|es)$", r"yz\1"),
    (r"(cent|fib|lit|met|calib|spect|och|goit)re(s?)$", r"\1er\2"),
    (r"manevre", "maneuver"),
    (r"maneuvre", "maneuver"),
    (r"sulph", "sulf"),
    (r"leuc(?=[aeoy])", "leuk"),
    (r"labell", "label"),
    (r"ageing$", "aging"),
    (r"grey", "gray"),
    (r"mould", "mold"),
    (r"disc(s?)$", r"disk\1"),
    (r"aluminium", "aluminum"),
    (r"defence", "defense"),
    (r"programme", "program"),
)
TO_BRITISH = (
    (r"(?<![ao])edem", "oedem"),
    (r"h(?=em(?!i[sp]))", "ha"),
    (r"(?<![aoh])emi(?=[ac])", "aemi"),
    (r"p(?=edi(a|c))", "pa"),
    (r"(?<![ao])esoph", "oesoph"),
    (r"(?<![ao])estr(?=[aio])", "oestr"),
    (r"an(?=esth)", "ana"),
    (r"\bc(?=ec)", "ca"),
    (r"\bf(?=ec[ae])", "fa"),
    (r"gyn(?=ec)", "gyna"),
    (r"rrhe(?=[aiu])", "rrhoe"),
    (r"pne(?=[aiu])", "pnoe"),
    (r"\betiol", "aetiol"),
    (r"\bc(?=eliac)", "co"),
    (r"\bc(?=esarean)", "ca"),
    (r"\bf(?=et(us|al|o))", "fo"),
    (r"(tum|col|od|hum|lab|behavi|fav|vap)or", r"\1our"),
    (r"(l|i)z(ation|e|ed|er|ing|es)$", r"\1s\2"),
    (r"yz(e|ed|er|ing|es)$", r"ys\1"),
    (r"(cent|fib|lit)er(s?)$", r"\1re\2"),
    (r"sulf", "sulph"),
    (r"leuk(?=o)", "leuc"),
    (r"\bgray", "grey"),
    (r"aging$", "ageing"),
    (r"disk(s?)$", r"disc\1"),
)
AMERICAN = [(re.compile(pattern), new) for pattern, new in TO_AMERICAN]
BRITISH = [(re.compile(pattern), new) for pattern, new in TO_BRITISH]
SHORTEST = 4
"""Shorter words are spelt alike on both sides; and so few letters of a longer word would stand for too many."""


@lru_cache(maxsize=65536)
def american(word: str) -> str:
    """The folded word as it is compared: the same for both spellings, not always real ("aerobic": "erobic")."""
    return _rewritten(word, AMERICAN)


@lru_cache(maxsize=65536)
def spellings(word: str) -> tuple[str, ...]:
    """The folded word, then its other spellings where there are any."""
    return tuple(dict.fromkeys((word, american(word), _rewritten(word, BRITISH))))


def _rewritten(word: str, rules: list[tuple[re.Pattern[str], str]]) -> str:
    if len(word) < SHORTEST:
        return word
    for pattern, new in rules:
        word = pattern.sub(new, word)
    return word
