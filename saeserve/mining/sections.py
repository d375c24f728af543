"""Sections of a clinical note: where each begins, its header as written, and which of a few kinds it is.

A header stands at the start of a line, or in capitals after the end of a sentence. Its words say its kind; capitals, or
a line of its own, say that it is a header where its words are not known.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

NONE, OTHER = "none", "other"
_WORDS: dict[str, str] = {
    "identification": r"name|date( of \w+)?|mrn|patient id|age|sex|gender|referring physician|dictated|attending"
    r"|author",
    "allergies": r"allerg\w+|nkda|adverse reactions?",
    "family history": r"famil\w+( \w+){0,2} history|fh|fhx|famhx|family hx|history, family",
    "social history": r"(social|occupational|personal|travel|smoking|drug)( \w+)* (history|hx)|sh|shx|social|habits"
    r"|living situation",
    "past history": r"(past|previous|prior|surgical|medical|obstetric\w*|gyn\w*|psychiatric|birth|developmental|psh"
    r"|pmhx?)"
    r"( \w+)* (history|hx|problems|illnesses|surger\w+|operations)|(past )?(medical|surgical) (history|hx)|pmh|pmhx|psh"
    r"|pshx|background|comorbidit\w+|problem list|past \w+",
    "review of systems": r"review of systems|ros|systems? review|systemic enquiry",
    "medications": r"(\w+ )*(medications?|meds|drugs|medicines|prescriptions?)( \w+)*|rx|immuni[sz]ations?|vaccin\w+",
    "complaint": r"(chief|presenting|main|present) (complaints?|concern|problem)|cc|pc|c/o|complaints?|presentation"
    r"|reasons? for \w+( \w+)*|indications?( \w+)*|clinical (information|indication|question)|referral",
    "course": r"(hospital|clinical|ed|emergency \w+|icu|postoperative|post-operative) course|course( \w+)*|progress"
    r"|interval (events|change|update)|events|overnight|summary( \w+)*|brief summary",
    "history": r"(history|hx)( \w+)*|hpi|hpc|(\w+ )*(history|hx)|subjective|s|interim history|history/\w+|narrative",
    "vitals": r"vitals?( \w+)*|obs|observations|bp|hr|rr|temp(erature)?|pulse|sats?|spo2|weight|height|bmi",
    "examination": r"(\w+ )*(exam|examination|findings on examination)( \w+)*|objective|o|o/e|oe|pe|general( \w+)*"
    r"|heent"
    r"|head|eyes?|ears?|nose|throat|mouth|neck|chest|lungs?|heart|cardiac|cardiovascular|cvs?|respiratory|resp"
    r"|abdomen|abdo"
    r"|abd|gi|gu|gastrointestinal|genitourinary|extremit\w+|ext|skin|neuro(logic\w*)?|cns|back|spine|breasts?"
    r"|pelvi\w+|rectal"
    r"|genitalia|lymph\w*|musculoskeletal|msk|psych\w*|mental status( \w+)*|mse|appearance|speech|mood|affect|joints?"
    r"|limbs?"
    r"|constitutional|vascular|pulses",
    "procedure": r"(\w+ )*(procedures?|operations?|operative|surgery|anesthe\w+|anaesthe\w+|surgeons?|assistants?"
    r"|technique"
    r"|blood loss|ebl|complications?|drains?|implants?|counts?|tourniquet|fluids?|incision|closure"
    r"|disposition of specimen)"
    r"( \w+)*",
    "laboratory": r"(\w+ )*(labs?|laborator\w+|bloods?|results?|tests?|investigations?|ix|studies|data|culture\w*"
    r"|micro\w*"
    r"|urinalysis|cbc|fbc|chemistry|abg|csf)( \w+)*|ecg|ekg|electrocardiogram",
    "imaging": r"(\w+ )*(imaging|radiolog\w+|x-?rays?|cxr|ct|mri|mra|ultrasound|us|echo\w*|doppler|scans?|angiogra\w+"
    r"|mammogra\w+|radiographs?|comparisons?|contrast)( \w+)*",
    "findings": r"(\w+ )*findings?( \w+)*|interpretation|(gross|microscopic) description|pathology( \w+)*|histology"
    r"|specimens?",
    "diagnosis": r"(\w+ )*(diagnos[ie]s|dx|ddx|differential)( \w+)*|axis \w+",
    "plan": r"(\w+ )*(plan|plans|recommendations?|disposition|follow-?\s?up|instructions?|advice|management|treatment"
    r"|therapy"
    r"|goals?|discharge (condition|status|medications)|orders|prognosis)( \w+)*|p|rec|dispo",
    "assessment": r"(\w+ )*(assessment|impressions?|conclusions?|formulation|opinion|discussion|comments?"
    r"|decision making)"
    r"( \w+)*|a|imp|a/p|ap|a&p",
}
"""Whole headers of each kind, in lower case, and the first kind that fits counts. Words of ours."""
KINDS = (NONE, *_WORDS, OTHER)
"""Kinds of section; a section's number is its place here."""
_PLANNED = re.compile(r"(assessment|impression|a)\s*(and|&|/|,|\+)\s*(plan|p|recommendations?)\b")
_FITS = [(kind, re.compile(pattern)) for kind, pattern in _WORDS.items()]
_AT_LINE = re.compile(
    r"^[ \t]*(?:\d{1,2}[.)][ \t]*|[#*•-]+[ \t]*)?(?P<name>[^\W\d_][^\n:]{0,60}?)[ \t]*"
    r"(?P<mark>\**:\**|[-\u2013\u2014](?=[ \t])|\**[ \t]*$)",
    re.MULTILINE,
)
_IN_LINE = re.compile(r"(?<=[.!?;,])[ \t]+(?P<name>[A-Z][A-Z /&'()-]{3,50})(?P<mark>:)")
_SMALL = frozenset(("of", "and", "the", "for", "on", "in", "with", "to", "at", "or", "by", "from", "a", "an"))
MOST_WORDS = 8
LONE_WORDS = 6
"""Words of a header that stands alone in its line without a colon."""
DASH_WORDS = 3


@dataclass(frozen=True)
class Section:
    """Reaches from `start` to the next section's start."""

    start: int
    kind: int
    """Place in KINDS."""
    header: str
    """As written, without colon; empty before the first header."""


def sections(text: str) -> list[Section]:
    """Sections in order; the first starts at 0 and together they cover the text."""
    found = [Section(0, 0, "")]
    for start, header, kind in sorted(_headers(text)):
        section = Section(start, KINDS.index(kind), header)
        if start == found[-1].start:
            found[-1] = section
        else:
            found.append(section)
    return found


def _headers(text: str) -> Iterator[tuple[int, str, str]]:
    for match in (*_AT_LINE.finditer(text), *_IN_LINE.finditer(text)):
        name = match.group("name").strip(" \t*")
        kind = _kind_of_header(name, match.group("mark").strip("* \t"), _line_ends(text, match.end()))
        if kind is not None:
            yield match.start("name"), name, kind


def _line_ends(text: str, at: int) -> bool:
    line_end = text.find("\n", at)
    return not text[at : line_end if line_end >= 0 else len(text)].strip(" \t*")


@lru_cache(maxsize=65_536)
def _kind_of_header(name: str, mark: str, alone: bool) -> str | None:
    """Kind of the header, or None where the words are no header."""
    words = re.findall(r"[^\W_]+", name)
    letters = sum(map(len, words))
    if not words or len(words) > MOST_WORDS:
        return None
    kind, capitals, titled = kind_of(name), name.upper() == name, _titled(words)
    if mark == ":":
        sure = (titled and (kind is not None or alone)) or (capitals and letters > 1)
    elif mark:
        sure = kind is not None and len(words) <= DASH_WORDS and name[0].isupper()
    else:
        short = len(words) <= LONE_WORDS and letters > 3 and name[-1] not in ".,;"
        sure = short and (capitals or (kind is not None and titled))
    return (kind or OTHER) if sure else None


def kind_of(header: str) -> str | None:
    """Kind that the header's words say, or None where they say none."""
    plain = re.sub(r"\s+", " ", re.sub(r"[^\w/&+'-]+", " ", header.lower())).strip()
    if _PLANNED.match(plain):
        return "assessment"
    return next((kind for kind, pattern in _FITS if pattern.fullmatch(plain)), None)


def _titled(words: list[str]) -> bool:
    """Whether every word that carries meaning begins with a capital or a digit; only the first, of two at most."""
    if len(words) <= 2:
        return words[0][0].isupper()
    return all(not word[0].islower() or word in _SMALL for word in words)
